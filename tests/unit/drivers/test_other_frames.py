"""Whole frames that hold nothing of what is read are named, and are no confirmation of anything."""

from __future__ import annotations

import pytest

from drivers.checksums import sum8, sum16, xor8
from edge.language.remedies import remedy
from tests.unit.drivers.test_seven_causes import error_of, speaking


def plantower_frame(length: int) -> bytes:
    """Return a whole frame of a model whose frames have that length."""
    frame = b"BM" + (length - 4).to_bytes(2, "big") + bytes([0, 10]) * ((length - 6) // 2)
    return frame + sum16(frame).to_bytes(2, "big")


def block(*fields: bytes) -> bytes:
    """Return a whole VE.Direct block of these fields."""
    body = b"".join(b"\r\n" + field for field in (*fields, b"Checksum\t"))
    return body + bytes([-sum8(body) % 256])


def sentence(body: bytes) -> bytes:
    """Return a whole NMEA sentence."""
    return b"$%s*%02X\r\n" % (body, xor8(body))


@pytest.mark.parametrize(
    ("name", "said", "shown"),
    [
        ("plantower", plantower_frame(24), "PMS3003"),
        ("plantower", plantower_frame(40), "PMS5003ST"),
        ("sds011", bytes.fromhex("aacf0600060058d93dab"), "SDS198"),
        ("vedirect", block(b"H1\t-10", b"H2\t---"), "H1, H2, Checksum"),
        ("vedirect", block(), "Checksum"),
        ("nmea", sentence(b"PGRMM,WGS 84"), "read: PGRMM"),
        ("nmea", sentence(b"PLCJ,5F00,BB53,4C5B,4E4E,1D4D"), "read: PLCJ"),
    ],
)
def test_whole_frames_of_another_model_are_named_and_are_no_wrong_speed(
    name: str, said: bytes, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their check sum is right, so the line and its speed are: who then changes baud rates searches for hours."""
    with speaking(said) as port:
        error = error_of(name, port, monkeypatch)
    assert error.detail.code == "other_frames" and shown in str(error.detail)
    advice = remedy("serial", error.reason)
    assert "model" in advice and "baud" not in advice


@pytest.mark.parametrize("name", ["nmea", "plantower", "vedirect", "sds011"])
def test_a_line_without_a_byte_is_no_wrong_speed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a wrong speed bytes come, however wrong: where none comes, what to see to are power and wires."""
    with speaking(b"") as port:
        advice = remedy("serial", error_of(name, port, monkeypatch).reason)
    assert "power" in advice and "no wrong baud rate" in advice


def test_an_adapter_s_echo_confirms_no_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the wire to its RX is off, the laser would burn for a year although a period is set."""
    data = bytes.fromhex("aac0d4043a0aa1601dab")
    with speaking(data, 0.1, echoes=True) as port:
        error = error_of("sds011", port, monkeypatch, period=5)
    assert error.detail.code == "commands_not_confirmed"
    with speaking(b"", echoes=True) as port:
        error = error_of("sds011", port, monkeypatch)
    assert error.detail.code == "other_frames" and "echo" in str(error.detail)
