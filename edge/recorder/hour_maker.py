"""Hours computed from the stored minutes: each minute is read once, in order, when its time is known.

Minutes that wait for the time are not read yet, so a boot that learns it late loses no hour; minutes that will never
have one (`bounds`) enter none. Before the first record of each boot the state is put by: from there hours can be made
once more, where a boot turns out to have been dated wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from edge.measure.derived.season import HourBuilder, Orchard, SeasonState
from edge.records.bodies import Hour
from edge.records.record import Kind, Record
from edge.store.store import Store
from edge.store.times import ARRIVAL

SLACK = 0.5  # s; by so much a minute may end before its UTC minute does
CHECKPOINT = "hours"  # the notes of the states that are put by, by boot
MOST_CHECKPOINTS = 100  # boots


class HoursState(msgspec.Struct):
    """`read`: seq of the last record that was looked at, `boot` its boot; `moves`: changes of times that are known."""

    read: int
    season: SeasonState
    boot: str = ""
    moves: int = 0


class Checkpoint(msgspec.Struct):
    """The state before a boot's first record. `told`: the last seq then; hours of the boot are told after it."""

    state: HoursState
    told: int


class HourMaker:
    """Makes the hours of the records after `state.read`; `told` is called with each hour record that it meets."""

    def __init__(
        self, store: Store, orchard: Orchard, state: HoursState, told: Callable[[Record], None] = lambda _record: None
    ) -> None:
        self._store = store
        self._told = told
        self.state = state
        self.season = HourBuilder(orchard, state.season)

    def made(self, most: int) -> Iterator[Hour]:
        """Read so many records on and yield the hours that they end, each to be kept before the next is asked for.

        Raise StoreError where they cannot be read; the next call goes on there.
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
        self.state.read = max(self.state.read, last)  # what is not there was let go of

    @property
    def behind(self) -> bool:
        """Whether there are records that it has not read and that have, or will never have, a time."""
        found = self._store.range(self.state.read + 1, self.state.read + 1)
        waits = any(record.start is None and record.clock.source == ARRIVAL for record in found)
        return not waits and self.state.read + 1 < self._store.next_seq

    def _pass_boot(self, boot: str) -> None:
        """Put the state by where another boot begins."""
        if boot == self.state.boot:
            return
        before = checkpoint(self._store, boot)
        put_by = Checkpoint(
            msgspec.structs.replace(self.state, boot=boot),
            self._store.next_seq - 1 if before is None else before.told,
        )
        self._store.notes.put(CHECKPOINT, boot, msgspec.json.encode(put_by), MOST_CHECKPOINTS)
        self.state.boot = boot


def checkpoint(store: Store, boot: str) -> Checkpoint | None:
    """Return what was put by at a boot's begin; None where that is not there, or no longer read. Raise StoreError."""
    value = store.notes.get(CHECKPOINT, boot)
    try:
        return None if value is None else msgspec.json.decode(value, type=Checkpoint)
    except msgspec.MsgspecError:
        return None
