"""The times before a capture's lines: what a logger writes, and nothing that only looks like it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from edge.sim.capture import received_at

HERE = timezone(timedelta(hours=8))
WRITTEN = "%Y-%m-%dT%H:%M:%S"


@given(st.integers(0, 4_102_444_800))
def test_each_second_is_read_as_it_was_written(second: int) -> None:
    """A line was received at the instant that its logger wrote, in the logger's own zone."""
    line = f"{datetime.fromtimestamp(second, HERE):{WRITTEN}} A0743B135".encode()
    assert received_at(line, HERE) == second * 1_000_000


@given(
    st.from_regex(rb"\A[0-9]{4}[-:T ][0-9]{2}[-W ][0-9]{2}[T ][0-9]{2}[:.][0-9]{2}[:.][0-9]{2}[ Z+]?A", fullmatch=True)
)
def test_what_is_no_time_is_none(line: bytes) -> None:
    """A month 13, a second 60 or another form is a line without a time, never a wrong one."""
    try:
        local = datetime.strptime(line[:19].decode("ascii"), WRITTEN).replace(tzinfo=HERE)
    except ValueError:
        assert received_at(line, HERE) is None
    else:
        blank = line[19:20] == b" "
        assert received_at(line, HERE) == (round(local.timestamp()) * 1_000_000 if blank else None)
