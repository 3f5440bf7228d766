"""Computing hours again, because some of their minutes were re-dated after the hours were recorded.

They are computed again from the checkpoint before the wrongly dated boot. Then each hour that differs from its record
is recorded again, and an hour without any minutes left is recorded as missing: of several records of one hour the last
is right. No state is saved until all of them are recorded, so after a restart this starts again and records only what
still differs.
"""

from __future__ import annotations

from collections.abc import Iterator

from drivers.reason import Reason
from edge.measure.derived.season import Orchard, SeasonState
from edge.measure.quality import Flag
from edge.recorder.hour_maker import HourMaker, HoursState, checkpoint
from edge.records.bodies import Hour, decode, encode
from edge.records.record import Record
from edge.store.moves import Moves
from edge.store.store import Store

AT_ONCE = 2000  # records read at once
REDATED = Reason("hour_redated", "the minutes of this hour turned out to be of another time")


class RecomputedHours:
    """The hours from the record `first` on, computed again; `moves`: the re-datings that they include."""

    def __init__(self, store: Store, orchard: Orchard, first: int, moves: Moves) -> None:
        found = store.get(first)
        begin = None if found is None else checkpoint(store, found.stamp.boot)
        if begin is None or begin.state.read >= first:  # the season's counts restart, and state since when
            state, self._told_after = HoursState(first - 1, SeasonState()), first - 1
        else:
            state, self._told_after = begin.state, begin.told
        state.moves = moves.count
        self.maker = HourMaker(store, orchard, state, self._meet)
        self._told: dict[int, Hour] = {}  # by begin: its last record
        self._made: dict[int, Hour] = {}

    def _meet(self, record: Record) -> None:
        """Remember an hour as it was recorded."""
        hour = decode(record.kind, record.body)
        if record.seq > self._told_after and isinstance(hour, Hour):
            self._told[hour.begin] = hour

    def make(self) -> bool:
        """Compute further. Return whether all hours are computed. Raise StoreError."""
        for hour in self.maker.made(AT_ONCE):
            self._made.pop(hour.begin, None)  # so that the dict stays in the order of computing
            self._made[hour.begin] = hour
        return not self.maker.behind

    def differing(self) -> Iterator[Hour]:
        """Yield the hours to record: first those to withdraw, then those that differ, the newest last."""
        gone = [hour for begin, hour in self._told.items() if begin not in self._made and not withdrawn(hour)]
        for hour in gone:
            yield self._withdraw(hour)
        made = list(self._made.values())
        yield from (hour for hour in made[:-1] if self._differs(hour))
        yield from (hour for hour in made[-1:] if gone or self._differs(hour))

    def _differs(self, hour: Hour) -> bool:
        before = self._told.get(hour.begin)
        return before is None or encode(before) != encode(hour)

    def _withdraw(self, hour: Hour) -> Hour:
        return Hour(
            hour.begin,
            dict.fromkeys(hour.values, None),
            dict.fromkeys(hour.values, int(Flag.MISSING)),
            self.maker.season.counts(),
            dict.fromkeys(hour.values, REDATED),
        )


def withdrawn(hour: Hour) -> bool:
    """Return whether the hour was withdrawn."""
    return any(reason.code == REDATED.code for reason in hour.reasons.values())
