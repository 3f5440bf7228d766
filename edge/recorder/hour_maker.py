"""Hours computed from the stored minutes: each minute is read once, in order, when its time is known.

Reading stops at minutes that wait for the time, so a boot that learns it late loses no hour; minutes that will never
have one (`bounds`) are in no hour. A checkpoint of the state is saved before the first record of each boot: from there
the hours can be computed again if the boot proves wrongly dated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from edge.measure.derived.season import HourBuilder, Orchard, SeasonState
from edge.records.bodies import Hour
from edge.records.record import Kind, Record
from edge.store.store import Store
from edge.store.times import ARRIVAL

SLACK = 0.5  # s; by so much at most a minute may end before its UTC minute does
CHECKPOINT = "hours"  # the kind of the notes of the checkpoints, by boot
MOST_CHECKPOINTS = 100  # boots


class HoursState(msgspec.Struct):
    """`read`: seq of the last record read, `boot` its boot; `moves`: number of re-datings included (moves.py)."""

    read: int
    season: SeasonState
    boot: str = ""
    moves: int = 0


class Checkpoint(msgspec.Struct):
    """The state before a boot's first record. `told`: the last seq then; the boot's hour records come after it."""

    state: HoursState
    told: int


class HourMaker:
    """Computes the hours of the records after `state.read`; `told` is called with each hour record that it reads."""

    def __init__(
        self, store: Store, orchard: Orchard, state: HoursState, told: Callable[[Record], None] = lambda _record: None
    ) -> None:
        self._store = store
        self._told = told
        self.state = state
        self.season = HourBuilder(orchard, state.season)

    def made(self, most: int) -> Iterator[Hour]:
        """Read the next `most` records and yield the hours that they end; store each before asking for the next.

        Raise StoreError if they cannot be read; the next call continues there.
        """
        first = self.state.read + 1
        last = min(first + most, self._store.next_seq) - 1
        for record in self._store.range(first, last):
            if record.start is None and record.clock.source == ARRIVAL:
                return  # it will have a time
            self._pass_boot(record.stamp.boot)
            if record.kind == Kind.HOUR:
                self._told(record)
            elif record.kind == Kind.MINUTE and record.start is not None:
                begin, fields = record.start / 1e6, record.fields()
                yield from self.season.ended(begin + SLACK)
                self.season.take(begin, record.duration, fields["values"], fields["quality"])
                self.state.read = record.seq
                yield from self.season.ended(begin + record.duration + SLACK)
            self.state.read = record.seq
        self.state.read = max(self.state.read, last)  # records that do not exist were deleted

    @property
    def behind(self) -> bool:
        """Whether there are unread records that do not wait for a time."""
        found = self._store.range(self.state.read + 1, self.state.read + 1)
        waits = any(record.start is None and record.clock.source == ARRIVAL for record in found)
        return not waits and self.state.read + 1 < self._store.next_seq

    def _pass_boot(self, boot: str) -> None:
        """Save a checkpoint if another boot begins."""
        if boot == self.state.boot:
            return
        before = checkpoint(self._store, boot)
        saved = Checkpoint(
            msgspec.structs.replace(self.state, boot=boot),
            self._store.next_seq - 1 if before is None else before.told,
        )
        self._store.notes.put(CHECKPOINT, boot, msgspec.json.encode(saved), MOST_CHECKPOINTS)
        self.state.boot = boot


def checkpoint(store: Store, boot: str) -> Checkpoint | None:
    """Return a boot's checkpoint; None if there is none or it cannot be decoded. Raise StoreError."""
    value = store.notes.get(CHECKPOINT, boot)
    try:
        return None if value is None else msgspec.json.decode(value, type=Checkpoint)
    except msgspec.MsgspecError:
        return None
