"""Queries about what was measured: the same names and meanings on every host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta

from drivers.quantity import QUANTITIES
from drivers.reason import Reason
from edge.records.answers import Step
from edge.records.record import LAST_UTC

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_US, HOUR_US, DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000
SPANS: dict[Step, int] = {"minute": MINUTE_US, "hour": HOUR_US, "day": DAY_US}
MOST_POINTS = 1500  # of a curve with step "auto": about one per pixel on a wide screen
BAD_PAGE = Reason("no_such_page", '"{page}" is not a page from an earlier answer', page="")
BACKWARDS = Reason("span_backwards", "the end of the span must come after its begin")

CHANNEL = r"[a-z0-9_]{1,64}([.@][A-Za-z0-9_-]{1,63})?"

# A quantity of the primary sensor or of a named one ("air_temperature.louvre"); several, separated by commas.
Channel = Annotated[str, Meta(pattern=rf"^{CHANNEL}$(?!\n)")]
Channels = Annotated[str, Meta(pattern=rf"^{CHANNEL}(,{CHANNEL}){{0,63}}$(?!\n)")]
Page = Annotated[str, Meta(max_length=200)]
Time = Annotated[datetime, Meta(tz=True)]
Kinds = Annotated[str, Meta(pattern=r"^[a-z_]{1,64}(,[a-z_]{1,64}){0,31}$(?!\n)")]
AskedStep = Literal["auto", "minute", "hour", "day"]


def us(time: datetime | float) -> int:
    """Return an instant (with a time zone, or in s since 1970) as microseconds UTC within +-LAST_UTC."""
    if isinstance(time, datetime):
        return (time - EPOCH) // timedelta(microseconds=1)
    return round(max(-LAST_UTC / 1e6, min(time, LAST_UTC / 1e6)) * 1e6)


def chosen(step: AskedStep, first: int, last: int) -> Step:
    """Return the step of a curve; "auto" is the finest with at most MOST_POINTS in a span (microseconds)."""
    if step != "auto":
        return step
    if last - first <= MOST_POINTS * MINUTE_US:
        return "minute"
    return "hour" if last - first <= MOST_POINTS * HOUR_US else "day"


def unit_of(channel: str) -> str:
    """Return a channel's unit; "" if its quantity is unknown."""
    quantity = QUANTITIES.get(channel.partition(".")[0])
    return "" if quantity is None else quantity.unit
