"""Which records each destination has, in memory and in the table `span`.

A record is *unsent*, *sent* (the broker has it) or *closed* (the destination itself has proven to have it).
Only sent and closed are written down, so an append changes nothing here: a record in neither is unsent.
Records that no longer exist (deleted for space, lost to damage) are *gone*, for all destinations.

The states sent and closed are written with the next change after LATER more records at the latest, so that a minute
costs one flush and one page: if they are lost, records are sent twice, and their identity removes the duplicates.
Records that become unsent again, unproven or gone are written with the same change.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from drivers.reason import Reason
from edge.records import ranges
from edge.records.ranges import NOTHING, Ranges
from edge.store import rows

SENT, CLOSED, GONE, END = "sent", "closed", "gone", "end"
FORWARD = "forward "  # prefix of the name of a destination that receives only records
ALL = ""  # the owner of GONE and END
LATER = 10  # records after which pending states are written
Key = tuple[str, str]
INSERT_SPAN = "INSERT INTO span VALUES (?,?,?,?,?)"


def span_row(owner: str, state: str, first: int, last: int) -> rows.Row:
    """Return the table's row for a range."""
    return owner, state, first, last, rows.crc_of((owner, state, first, last))


def _changed(before: Ranges, now: Ranges) -> tuple[Ranges, Ranges]:
    """Return the parts of both that lie between their common beginning and end."""
    least = min(len(before), len(now))
    head = next((n for n in range(least) if before[n] != now[n]), least)
    tail = next((n for n in range(least - head) if before[-1 - n] != now[-1 - n]), least - head)
    return before[head : len(before) - tail], now[head : len(now) - tail]


class DeliveryLedger:
    """Ranges by (destination, state). `last` is the newest record's seq, 0 if there is none.

    `main`: the destinations that also receive pictures, and whose records are deleted last when space runs out.
    """

    def __init__(self, destinations: Iterable[str]) -> None:
        self.destinations = tuple(destinations)
        self.main = tuple(name for name in self.destinations if not name.startswith(FORWARD))
        self.held: Ranges = NOTHING  # records that wait for a time
        self.last = 0
        self._now: dict[Key, Ranges] = {}
        self._written: dict[Key, Ranges] = {}
        self._written_at = 0  # the newest seq at the last write
        self._urgent = False  # pending changes must not be lost
        self._wrote = False  # in the current transaction

    def load(self, connection: apsw.Connection) -> None:
        """Read the tables."""
        found: dict[Key, list[tuple[int, int]]] = {}
        for owner, state, first, last, crc in connection.execute("SELECT owner, state, first, last, crc FROM span"):
            if crc != rows.crc_of((owner, state, first, last)):  # accepted, it could close records that nobody has
                raise apsw.CorruptError(Reason("range_damaged", "a range of records is not what was written"))
            found.setdefault((owner, state), []).append((first, last))
        gone = ranges.ranges(found.get((ALL, GONE), []))  # a seq is never reused
        newest: int = connection.execute("SELECT coalesce(max(seq), 0) FROM record").get
        last = max([newest, *(last for _, last in gone[-1:])])
        if last < max([self.last, *(end for _, end in found.get((ALL, END), []))]):
            raise apsw.CorruptError(Reason("newest_gone", "the newest records are not there"))
        self.last = last
        self._written = {key: ranges.ranges(pairs) for key, pairs in found.items()}
        self._now = dict(self._written)
        self._written_at, self._urgent = last, False
        timeless = connection.execute("SELECT seq FROM record WHERE start IS NULL AND source = 'arrival'")
        self.held = ranges.of(row[0] for row in timeless)

    # -- what is there ----------------------------------------------------------------------------------------

    @property
    def existing(self) -> Ranges:
        """The records that exist."""
        every: Ranges = ((1, self.last),) if self.last else NOTHING
        return ranges.without(every, self.get(ALL, GONE))

    def get(self, owner: str, state: str) -> Ranges:
        """Return the records in that state."""
        return self._now.get((owner, state), NOTHING)

    def unsent(self, destination: str) -> Ranges:
        """Return the records that the destination lacks, including held ones."""
        return ranges.without(self.existing, ranges.union(*(self.get(destination, s) for s in (SENT, CLOSED))))

    def proven_by_all(self, others: bool = True) -> Ranges:
        """Return the records that every destination (every main one, if not `others`) has proven to have."""
        left = self.existing
        for destination in self.destinations if others else self.main:
            left = ranges.common(left, self.get(destination, CLOSED))
        return left if self.main else NOTHING

    # -- what changes -----------------------------------------------------------------------------------------

    def appended(self, seq: int, held: bool) -> None:
        """Register a new record, which is unsent everywhere by default."""
        self.last = seq
        if held:
            self.held = ranges.union(self.held, ((seq, seq),))

    def move(self, destination: str, seqs: Ranges, state: str | None) -> None:
        """Set the state of records; None: unsent again."""
        back = state is None or (state == SENT and ranges.common(self.get(destination, CLOSED), seqs))
        self._urgent = self._urgent or bool(back)
        for other in (SENT, CLOSED):
            mine = self.get(destination, other)
            kept = ranges.union(mine, seqs) if other == state else ranges.without(mine, seqs)
            self._now[destination, other] = kept

    def retimed(self, seqs: Ranges) -> None:
        """Make records that now have a time unsent for every destination, former ones too, and no longer held."""
        self.held = ranges.without(self.held, seqs)
        for destination in {owner for owner, _ in self._now} - {ALL}:
            self.move(destination, seqs, None)

    def forget(self, seqs: Ranges) -> None:
        """Set records that no longer exist to the state *gone*."""
        self._now[ALL, GONE] = ranges.union(self.get(ALL, GONE), seqs)
        self._urgent = True
        self.held = ranges.without(self.held, seqs)
        for owner, state in list(self._now):
            if owner != ALL:
                self._now[owner, state] = ranges.without(self._now[owner, state], seqs)

    def forget_destination(self, destination: str) -> None:
        """Forget what a destination has, because it is no longer configured."""
        for key in [key for key in self._now if key[0] == destination]:
            self._now[key] = NOTHING
            self._urgent = True

    @property
    def all_destinations(self) -> set[str]:
        """The destinations, current and former, that have any record."""
        return {owner for (owner, _), seqs in self._now.items() if seqs} - {ALL}

    # -- memory and disk --------------------------------------------------------------------------------------

    def end(self) -> None:
        """Write everything with the next change, and the newest seq: a broken tree may silently hide newest records."""
        self._urgent = True
        self._now[ALL, END] = ((self.last, self.last),) if self.last else NOTHING

    def write(self, connection: apsw.Connection) -> None:
        """Write pending changes to the tables, if they are due; part of the caller's transaction."""
        self._wrote = self._urgent or self.last - self._written_at >= LATER
        if not self._wrote:
            return
        if self._now != self._written:
            self.end()
        for key, now in self._now.items():
            before = self._written.get(key, NOTHING)
            if before == now:
                continue
            gone, new = _changed(before, now)
            connection.executemany(
                "DELETE FROM span WHERE owner=? AND state=? AND first=?", [(*key, first) for first, _ in gone]
            )
            connection.executemany(INSERT_SPAN, [span_row(*key, *pair) for pair in new])

    def committed(self) -> None:
        """Mark what `write` wrote as persisted: its transaction has been committed."""
        if self._wrote:
            self._written, self._written_at, self._urgent = dict(self._now), self.last, False

    def snapshot(self) -> tuple[dict[Key, Ranges], Ranges, int, bool]:
        """Return the state that `restore` needs to roll back a failed transaction."""
        return dict(self._now), self.held, self.last, self._urgent

    def restore(self, before: tuple[dict[Key, Ranges], Ranges, int, bool]) -> None:
        """Restore the state that `snapshot` returned."""
        self._now, self.held, self.last, self._urgent = before
