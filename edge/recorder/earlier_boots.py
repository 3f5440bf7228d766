"""What the time known now implies for earlier boots: it bounds those that never knew it, and refutes others.

Boots follow each other, so every record of an earlier one is from before this one began.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from edge.clock.anchors import DAY, MOST_DRIFT, Anchor, error_of, time_of
from edge.clock.belief import SECOND_LOOK
from edge.records.record import Kind, Record
from edge.store.errors import StoreError
from edge.store.store import Store
from edge.store.times import Redating

log = logging.getLogger("minshan.time")
LOOK_BACK, MOST_LOOKS = 500, 100  # records read at once in search of a known time, and the number of such reads
SLACK = 1.0  # s; the largest distance of a label from its boot's anchors
DOUBTED = "doubted_time"  # the kind of the notes of times that boots were given and did not believe
MOST_DOUBTED = 100  # boots with such a note


class BoundedBoot(msgspec.Struct, frozen=True):
    """A boot without a time: its first record's seq and the bounds assigned to it, microseconds UTC."""

    boot: str
    first: int
    not_before: int | None
    not_after: int | None


class EarlierBoots:
    """The records of the boots before this one."""

    def __init__(self, store: Store, boot: str) -> None:
        self._store = store
        self._boot = boot
        self._ended: int | None = None  # the earliest possible end of the newest dated records, microseconds UTC
        self._loaded = False
        self._measured = self._undated = 0.0  # s of dated minutes, and of undated ones after the newest dated one
        self._bounded: list[BoundedBoot] = []  # those bounded since the start of the daemon

    def contradict(self, anchor: Anchor) -> bool:
        """Return whether, by this anchor, this boot began before the newest records ended, by more than both errors."""
        self._load()
        if self._ended is None:
            return False
        error = error_of(anchor) + MOST_DRIFT * anchor.boottime + SLACK
        return anchor.utc - anchor.boottime * 1e6 < self._ended + (self._undated * (1 - MOST_DRIFT) - error) * 1e6

    def proof(self) -> float:
        """Return for how long (s) a single source must contradict the earlier boots: as long as they measured.

        At least ten minutes, at most a day, as within a boot; less the undated measuring since, because otherwise a
        box that is off at night would never learn the time again.
        """
        return max(SECOND_LOOK, min(DAY, self._measured) - self._undated)

    def doubt(self, anchor: Anchor) -> None:
        """Save a time that this boot does not believe: if it ends without a time, its bounds will include that one."""
        try:
            self._store.notes.put(DOUBTED, self._boot, msgspec.json.encode(anchor), MOST_DOUBTED)
        except StoreError as trouble:
            log.warning("%s", trouble)

    def bound_lost(self, now: int | None) -> None:
        """Bound the boots that never had a time: after what came before, and before this boot began (`now`, µs UTC).

        No more can ever be known: their records are sent with these bounds.
        """
        if now is None:
            return
        known = NewestKnown(self._store)
        try:
            for lost in self._store.times.boots_without_time():
                if lost.boot != self._boot:
                    not_before = self._not_before(lost.boot, known.before(lost.first), now)
                    known.skip(lost.last)
                    self._store.times.bound(lost.boot, not_before, now)
                    self._bounded.append(BoundedBoot(lost.boot, lost.first, not_before, now))
        except StoreError as trouble:  # retried at the next anchor or start; measuring does not wait
            log.warning("what was measured before the time was known stays undated for now: %s", trouble)

    def refute(self, latest: int, sure: bool) -> None:
        """Correct the times of boots that end after this one began (by `latest`, microseconds UTC).

        If their own error allows it, they are shifted earlier; otherwise they get bounds. `sure`: two sources agree.
        If not, the earlier times may still be right, and the bounds include both.
        """
        before, began = self._store.next_seq, latest
        bounded: list[tuple[Redating, int]] = []
        try:
            self._load()
            latest -= round(self._undated * (1 - MOST_DRIFT) * 1e6)
            while (found := newest_known(self._store, before, self._boot)) and end_of(found[-1]) > latest + SLACK * 1e6:
                record = found[-1]
                redating = self._correction(record, latest, sure)
                if not redating.anchors:
                    bounded.append((redating, latest))
                count = self._store.times.redate(redating)
                log.warning("%d records of an earlier boot were dated too late and have been corrected", count)
                latest = latest_begin(record, latest, redating.anchors)  # the boots before it ended by then
                before = self._store.times.first_of(record.stamp.boot)
            for redating, ended_by in bounded:  # the records before them are correct now
                newest = NewestKnown(self._store).before(self._store.times.first_of(redating.boot))
                not_before = self._not_before(redating.boot, newest, ended_by)
                self._store.times.redate(replace(redating, not_before=not_before))
            self._bound_again(began, sure, bool(bounded))
        except StoreError as trouble:
            log.warning("the times of an earlier boot stay as they are: %s", trouble)
        self._loaded = False

    def _bound_again(self, latest: int, sure: bool, refuted: bool) -> None:
        """Update the bounds of the boots bounded since the start by what is known now.

        They ended by `latest`. A single source is no such bound if it has just refuted an earlier boot's time: if that
        time was right, it is unknown how late it is now.
        """
        known = NewestKnown(self._store)
        for place, boot in enumerate(self._bounded):
            before, until = self._not_before(boot.boot, known.before(boot.first), latest), boot.not_after
            after: int | None = latest
            if not sure:
                after = until if until is None or until > latest else None if refuted else latest
            if (before, after) != (boot.not_before, until):  # each `redate` reads all records since
                self._bounded[place] = replace(boot, not_before=before, not_after=after)
                self._store.times.redate(Redating(boot.boot, not_before=before, not_after=after))

    def _not_before(self, boot: str, newest: Record | None, latest: int) -> int | None:
        """Return the earliest possible begin of a boot without a time, which followed `newest`; None: unknown.

        If `newest` ended after `latest` by its time, that time is wrong and gives no bound.
        """
        before = earliest_end(newest) if newest is not None and end_of(newest) <= latest else None
        told = self._store.notes.get(DOUBTED, boot)
        if before is None or not told:
            return before
        try:
            doubted = msgspec.json.decode(told, type=Anchor)
        except msgspec.MsgspecError:  # written by another version
            return None
        return min(before, doubted.utc - round((doubted.boottime * (1 + MOST_DRIFT) + error_of(doubted)) * 1e6))

    def _correction(self, record: Record, latest: int, sure: bool) -> Redating:
        """Return how to re-date the boot whose newest record this is: it ended by `latest` (if not `sure`, perhaps)."""
        boot, error = record.stamp.boot, round((record.clock.error or 0.0) * 1e6)
        late = end_of(record) - latest
        anchors = self._store.times.anchors(boot)
        if anchors and late <= error:
            moved = [replace(one, utc=one.utc - late, error=error_of(one) + late / 1e6) for one in anchors]
            return Redating(boot, tuple(moved))
        return Redating(boot, not_after=latest if sure else end_of(record) + error)

    def _load(self) -> None:
        """Load the ends of the earlier boots' newest records, once.

        All of them, because the last one may state an error of hours, if a source contradicted the time just before
        the power cut: the records before it had ended too.
        """
        if self._loaded:
            return
        try:
            ends = [earliest_end(record) for record in newest_known(self._store, self._store.next_seq, self._boot)]
            self._ended = max(ends, default=None)
            self._measured, self._undated = self._minutes() if ends else (0.0, 0.0)
            self._loaded = True
        except StoreError as trouble:
            log.warning("the newest record cannot be read: %s", trouble)

    def _minutes(self) -> tuple[float, float]:
        """Return the total duration (s) of the earlier boots' dated minutes, and of the undated ones after them.

        Of the newest records only: a day of dated minutes is enough.
        """
        known = undated = 0.0
        for found in newest_first(self._store, self._store.next_seq):
            for record in reversed(found):
                if record.kind == Kind.MINUTE and record.stamp.boot != self._boot:
                    known += record.duration if record.start is not None else 0.0
                    undated += record.duration if not known else 0.0
            if known >= DAY:
                break
        return known, undated


def end_of(record: Record) -> int:
    """Return the end of a dated record, microseconds UTC."""
    return (record.start or 0) + round(record.duration * 1e6)


def earliest_end(record: Record) -> int:
    """Return the earliest possible end of a dated record, by its error, microseconds UTC."""
    return end_of(record) - round((record.clock.error or 0.0) * 1e6)


def latest_begin(record: Record, ended_by: int, anchors: Sequence[Anchor]) -> int:
    """Return the latest possible begin of a boot, by its newest record, which ended by `ended_by`, and its anchors."""
    ran = record.stamp.boottime + record.duration
    begun = ended_by - round(ran * (1 - MOST_DRIFT) * 1e6)
    told = time_of(0.0, anchors)
    return begun if told is None else min(begun, told[0] + round((told[1].error or 0.0) * 1e6))


class NewestKnown:
    """Finds the newest dated record before a seq; for rising seqs it reads no record twice.

    A box that is off each night may have had hundreds of boots without a time, and one search covers 50,000 records.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._found: Record | None = None
        self._since = 1  # earlier records have been searched

    def before(self, seq: int) -> Record | None:
        """Return the newest dated record before `seq`; None if none is found."""
        if seq < self._since:
            self._found, self._since = None, 1
        found = newest_known(self._store, seq, since=self._since)
        self._found = found[-1] if found else self._found
        self._since = max(self._since, seq)
        return self._found

    def skip(self, last: int) -> None:
        """Skip the records up to `last`, which have no time."""
        self._since = max(self._since, last + 1)


def newest_known(store: Store, seq: int, but: str | None = None, since: int = 1) -> list[Record]:
    """Return the newest dated records of since..seq-1, oldest first, except those of the boot `but`.

    They are all from the newest block of LOOK_BACK records that has any; empty if there are none.
    """
    for found in newest_first(store, seq, since):
        timed = [r for r in found if r.start is not None and r.stamp.boot != but]
        if timed:
            return timed
    return []


def newest_first(store: Store, seq: int, since: int = 1) -> Iterator[list[Record]]:
    """Yield the records since..seq-1 in blocks of LOOK_BACK, the newest block first, at most MOST_LOOKS blocks."""
    for last in range(seq - 1, max(since - 1, seq - MOST_LOOKS * LOOK_BACK), -LOOK_BACK):
        yield store.range(max(since, last - LOOK_BACK + 1), last)
