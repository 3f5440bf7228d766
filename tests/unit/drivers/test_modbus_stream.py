"""Recorded streams of a line, cut anywhere and with anything between: `sensors decode modbus` stands on this."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices.modbus import decoder
from drivers.driver import Frame, Refused
from drivers.twins.modbus import sealed
from tests.kits.modbus_line import settings

ASK = bytes.fromhex("01 03 00 00 00 02 c4 0b")
SAYS = bytes.fromhex("01 03 04 00 06 00 01 db f2")


def decode(*chunks: bytes, profile: str = "rs-fsjt") -> list[Frame | Refused]:
    """Return all that the decoder gives for these chunks."""
    reader = decoder(settings(profile))
    found = [item for chunk in chunks for item in reader.feed(chunk)]
    return [*found, *reader.finish()]


def speeds(items: list[Frame | Refused]) -> list[tuple[int, float]]:
    """Return offset and wind speed of each frame."""
    return [(item.offset, item.readings[0].value) for item in items if isinstance(item, Frame)]


def refusals(items: list[Frame | Refused]) -> list[tuple[int, int, str]]:
    """Return offset, length and reason of each refused piece."""
    return [(item.offset, item.length, str(item.reason)) for item in items if isinstance(item, Refused)]


def test_an_answer_alone_is_read_as_to_the_profile_s_own_request() -> None:
    """A recording of answers only is read where the profile makes but one request."""
    assert speeds(decode(SAYS + SAYS)) == [(0, 0.6), (9, 0.6)]
    assert refusals(decode(SAYS, profile="sen0644")) == []  # one request of two registers: 0x00060001 thousandths


def test_an_answer_alone_that_may_be_to_one_of_several_requests_is_refused() -> None:
    """A louvred box of which temperature and light are asked for apart: nobody knows which of them it answers."""
    items = decode(sealed(b"\x01\x03\x04\x02\x92\x00\x65"), profile="rs-gz-n01-2")
    assert refusals(items) == [(0, 9, "no request before it")]


def test_a_request_speaks_for_one_answer_only() -> None:
    """What comes after the answer to a request of other registers is not read as those registers."""
    other = sealed(b"\x01\x03\x00\x40\x00\x02")
    items = decode(other + SAYS + SAYS)
    assert refusals(items) == [(8, 9, "no register of the profile")]
    assert speeds(items) == [(17, 0.6)]


def test_half_of_a_number_that_another_master_asks_for_is_not_said_to_be_void() -> None:
    """A second master may read one register of two: that is none of the profile's, and what follows is read."""
    half = sealed(b"\x01\x03\x00\x02\x00\x01") + sealed(b"\x01\x03\x02\x00\x06")
    items = decode(half + SAYS, profile="sen0644")
    assert refusals(items) == [(8, 7, "no register of the profile")]
    assert [offset for offset, _ in speeds(items)] == [15]


@pytest.mark.parametrize(
    ("stream", "refused"),
    [
        (ASK + sealed(b"\x02\x03\x04\x00\x06\x00\x01"), (8, 9, "another device")),
        (ASK + sealed(b"\x01\x83\x02"), (8, 5, "exception 2, illegal data address")),
        (ASK + SAYS[:-1] + b"\x00", (8, 9, "checksum")),
        (ASK + SAYS[:6], (8, 6, "cut short")),
        (
            ASK + sealed(b"\x01\x03\x02\x00\x06"),
            (8, 7, "2 bytes of registers came instead of the 4 requested"),
        ),
        (sealed(b"\x01\x03\x05\x00\x06\x00\x01\x00"), (0, 10, "5 bytes of registers came instead of the 4 requested")),
        (
            ASK + sealed(b"\x01\x04\x04\x00\x06\x00\x01"),
            (8, 9, "the request before it asks another device or function"),
        ),
        (
            sealed(b"\x02\x03\x00\x00\x00\x02") + SAYS,
            (8, 9, "the request before it asks another device or function"),
        ),
        (sealed(b"\x01\x03\x00\x40\x00\x01") + sealed(b"\x01\x03\x02\x00\x06"), (8, 7, "no register of the profile")),
        (b"ghosts", (0, 6, "no header")),
    ],
)
def test_what_is_no_answer_is_refused_with_its_reason(stream: bytes, refused: tuple[int, int, str]) -> None:
    """Each piece that is no answer of this device is named with its place, and gives no reading."""
    items = decode(stream)
    assert speeds(items) == []
    assert refusals(items)[0] == refused


def test_the_next_answer_is_found_inside_bad_bytes() -> None:
    """An answer cut short swallows neither the request nor the answer that follow it."""
    items = decode(ASK + SAYS[:5] + ASK + SAYS)
    assert speeds(items) == [(21, 0.6)]
    assert refusals(items) == [(8, 5, "checksum")]


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.data())
def test_any_chunking_gives_the_same(counts: list[int], data: st.DataObject) -> None:
    """However a stream is cut, its readings, offsets and refusals are those of the whole."""
    stream = b"".join(ASK + sealed(b"\x01\x03\x04" + count.to_bytes(2, "big") + b"\x0d\x00") for count in counts)
    stream = data.draw(st.binary(max_size=5)) + stream + data.draw(st.binary(max_size=5))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=10)) | {0, len(stream)})
    whole = decode(stream)
    assert decode(*(stream[a:b] for a, b in pairwise(cuts))) == whole
    assert [value for _, value in speeds(whole)][-len(counts) :] == [count / 10 for count in counts]


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_arbitrary_bytes_are_refused_whole(chunks: list[bytes]) -> None:
    """Bytes that are not a device's give no reading, no exception, and are all accounted for."""
    items = decode(*chunks)
    stream = b"".join(chunks)
    if not speeds(items):
        assert sum(length for _, length, _ in refusals(items)) == len(stream)
    ends = [item.offset + item.length for item in items]
    assert [item.offset for item in items[1:]] >= ends[:-1]
    assert ends[-1:] <= [len(stream)]
