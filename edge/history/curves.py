"""A channel's curve from the store: minutes as measured, hours and days in the station's local time."""

from __future__ import annotations

from edge.history.hours import HourSpan, StoredHours
from edge.history.minutes import minutes
from edge.measure.aggregates import SUSPECT, US, said_in
from edge.measure.counts import Counts, together
from edge.records.answers import Point, Series
from edge.records.asked import DAY_US, HOUR_US, MINUTE_US, AskedStep, chosen, unit_of
from edge.store.store import Store

PAGE_MINUTES = 1500  # minutes in one answer: 0.1 s on a slow board
PAGE_HOURS = 9000  # hours in one answer: a year
FRESH_HOURS = 24  # hours in an answer if more than FRESH_RECORDS are not aggregated yet
FRESH_RECORDS = 1500  # records that one answer aggregates itself


class Curves:
    """The curves of one store. All methods raise StoreError."""

    def __init__(self, station: str, store: Store) -> None:
        self._station, self._store = station, store

    def series(self, channel: str, first_us: int, last_us: int, step: AskedStep = "auto") -> Series:
        """Return a channel's curve from `first_us` to before `last_us`, or as much of it as one answer holds.

        Hours and days are always whole: the first is the one that contains `first_us`.
        """
        made = chosen(step, first_us, last_us)
        if made == "minute":
            points, rest = self._minutes(channel, first_us, last_us)
        else:
            points, rest = self._counted(channel, first_us, last_us, DAY_US if made == "day" else HOUR_US)
        return Series(self._station, channel, unit_of(channel), made, points, rest)

    def _minutes(self, channel: str, first: int, last: int) -> tuple[list[Point], int | None]:
        end = min(first + PAGE_MINUTES * MINUTE_US, last)
        points = []
        for record in minutes(self._store, first, end):
            values = said_in(bytes(record.body))
            if channel in values.values and record.start is not None:
                value, flag = values.values[channel], values.quality.get(channel, SUSPECT)
                points.append(Point(record.start, record.start + round(record.duration * US), value, flag))
        more = end < last and self._store.by_time.seqs(end, last)
        return points, end if more else None

    def _counted(self, channel: str, first: int, last: int, span: int) -> tuple[list[Point], int | None]:
        """Return the hours or days (`span` microseconds) that overlap first..last, and where the rest begins."""
        hours = StoredHours(self._store)
        end = min(last, first + PAGE_HOURS * HOUR_US)
        if hours.uncounted(first - span, end + span) > FRESH_RECORDS:
            end = min(end, first + max(FRESH_HOURS * HOUR_US, span))
        found: dict[int, list[Counts]] = {}
        for hour, counts in hours.of(channel, first - span, end + span).items():
            found.setdefault(begin_of(hour, span), []).append(counts)
        begins = sorted(begin for begin in found if first - span < begin < end)
        points = [together(found[begin]).point(begin, begin + span) for begin in begins]
        after = begins[-1] + span if begins else end
        more = after < last and (end < last or self._store.by_time.seqs(after, last + span))
        return points, after if more and after < last else None


def begin_of(hour: HourSpan, span: int) -> int:
    """Return the begin of the local hour or day (`span` microseconds) that contains an hour."""
    ahead = hour.utc_offset_s * US
    return (hour.start + ahead) // span * span - ahead
