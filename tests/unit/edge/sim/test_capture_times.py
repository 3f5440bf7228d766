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
    st.tuples(st.integers(1970, 2037), *(st.integers(0, most) for most in (13, 32, 25, 60, 60))),
    st.sampled_from(
        [
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            "{:04}-W{:02}-{}T{:02}:{:02}:{:02}",
        ]
    ),
    st.sampled_from([" A", "A", "Z A", "+A", ".5 A"]),
)
def test_what_is_no_time_is_none(time: tuple[int, ...], form: str, end: str) -> None:
    """A month 13, a second 60 or another form is a line without a time, never a wrong one."""
    line = form.format(*time) + end
    try:
        local = datetime.strptime(line, f"{WRITTEN} A").replace(tzinfo=HERE)
    except ValueError:
        assert received_at(line.encode(), HERE) is None
    else:
        assert received_at(line.encode(), HERE) == round(local.timestamp()) * 1_000_000
