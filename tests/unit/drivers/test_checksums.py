"""The devices' check sums against published examples."""

from __future__ import annotations

import pytest

from drivers.checksums import crc8, sum8, sum16, xor8


@pytest.mark.parametrize(("data", "crc"), [("beef", 0x92), ("ffff", 0xAC), ("7fff", 0x8F), ("0000", 0x81)])
def test_crc8_is_sensirions(data: str, crc: int) -> None:
    """Sensirion's own example and the words for "no value" have the CRC that the sensors send."""
    assert crc8(bytes.fromhex(data)) == crc


def test_xor_of_an_nmea_sentence() -> None:
    """A sentence of a real Airmar 110WX ends in the XOR of what lies between $ and *."""
    assert xor8(b"WIMWV,224.8,R,0.3,N,A") == 0x2C
    assert xor8(b"", 0x18) == 0x18


def test_sums_of_particle_frames() -> None:
    """Frames recorded from a Plantower PMSx003 and a Nova SDS011 (PyPMS) add up to their check sums."""
    assert sum16(bytes.fromhex("424d001c00000008000800000008000800d20046002d001e000000009700")) == 0x02C5
    assert sum8(bytes.fromhex("0600060058d9")) == 0x3D
    assert sum8(bytes([0xFF, 0x01])) == 0
