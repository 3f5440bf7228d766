"""Devices that send good frames beside bad ones, at the real `sensors read` and doctor: the good ones count."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.checksums import xor8
from tests.kits.command import minshan
from tests.unit.drivers.test_seven_causes import STATION, speaking
from tests.unit.edge.config.test_config import STATION as HEAD


def sentence(body: str) -> bytes:
    """Return an NMEA sentence."""
    return b"$%s*%02X\r\n" % (body.encode(), xor8(body.encode()))


GOOD = sentence("WIMWV,090.0,R,3.4,M,A")
VOID = sentence("WIMWV,,R,,M,V")


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("nmea", VOID + GOOD),
        ("nmea", b"$GPGGA,1,2,3\r\n" + GOOD),
        ("nmea", GOOD[9:] + GOOD[:9]),
        pytest.param("ascii-station", STATION[20:] + STATION[:20], marks=pytest.mark.slow),
    ],
)
def test_a_bad_frame_before_a_good_one_is_no_finding(driver: str, said: bytes, tmp_path: Path) -> None:
    """A void sentence, one without a checksum, and the rest of a frame that was under way come before a value."""
    file = tmp_path / "station.toml"
    with speaking(said, 1.0) as port:
        read = minshan("sensors", "read", driver, "--set", f"port={port}")
        text = HEAD.replace("/var/lib/minshan", str(tmp_path / "state"))
        more = "pm = false\n" if driver == "ascii-station" else ""
        file.write_text(f'{text}[[sensor]]\nname = "mast"\ndriver = "{driver}"\nport = "{port}"\n{more}')
        doctor = minshan("doctor", "--config", str(file)).out
    assert read.code == 0 and "Wind direction: 90 °" in read.out and read.err == ""
    assert "Wind direction 90 °" in doctor and "garbled" not in doctor


@pytest.mark.slow
def test_a_device_of_bad_frames_alone_is_told_by_the_first() -> None:
    """A head in ice, each of whose sentences is void, has a remedy of its own."""
    with speaking(VOID, 1.0) as port:
        read = minshan("sensors", "read", "nmea", "--set", f"port={port}")
    assert read.code == 4 and "status V" in read.err and "ice, webs, leaves" in read.err
