"""What each destination has of the records, in memory and in the table `span`.

A record of the store is *unsent*, *sent* (the broker has it) or *closed* (the destination's own proof came).
Only sent and closed are written down, so that an append changes nothing here: what is in neither is unsent.
Records that no longer exist (given up for room, lost to damage) are *gone*, for all destinations at once.

That something is sent or closed is written LATER records on at the latest, with one of their changes, so that a minute
costs one flush and one page: lost, it is sent twice, which its identity undoes. What is unsent again, no longer
proven or gone is written at once.
"""

from __future__ import annotations

from collections.abc import Iterable

import apsw

from drivers.reason import Reason
from edge.records import ranges
from edge.records.ranges import NOTHING, Ranges
from edge.store import rows

SENT, CLOSED, GONE, END = "sent", "closed", "gone", "end"
FORWARD = "forward "  # before the name of a destination that gets records alone
ALL = ""  # the owner of GONE and END
LATER = 10  # records
Key = tuple[str, str]
INSERT_SPAN = "INSERT INTO span VALUES (?,?,?,?,?)"


def span_row(owner: str, state: str, first: int, last: int) -> rows.Row:
    """Return a range as the table keeps it."""
    return owner, state, first, last, rows.crc_of((owner, state, first, last))


def _changed(before: Ranges, now: Ranges) -> tuple[Ranges, Ranges]:
    """Return what stands in the one and in the other between their common begin and end."""
    least = min(len(before), len(now))
    head = next((n for n in range(least) if before[n] != now[n]), least)
    tail = next((n for n in range(least - head) if before[-1 - n] != now[-1 - n]), least - head)
    return before[head : len(before) - tail], now[head : len(now) - tail]


class DeliveryLedger:
    """Ranges by (destination, state). `last` is the newest record's seq, 0 where there is none.

    `main`: the destinations that get pictures too, and for which records are kept first when room runs out.
    """

    def __init__(self, destinations: Iterable[str]) -> None:
        self.destinations = tuple(destinations)
        self.main = tuple(name for name in self.destinations if not name.startswith(FORWARD))
        self.held: Ranges = NOTHING  # records without a time, which wait for one
        self.last = 0
        self._now: dict[Key, Ranges] = {}
        self._written: dict[Key, Ranges] = {}
        self._written_at = 0  # the newest seq then
        self._urgent = False  # what differs from the tables must not be lost
        self._wrote = False  # in the transaction under way

    def load(self, connection: apsw.Connection) -> None:
        """Read the tables."""
        found: dict[Key, list[tuple[int, int]]] = {}
        for owner, state, first, last, crc in connection.execute("SELECT owner, state, first, last, crc FROM span"):
            if crc != rows.crc_of((owner, state, first, last)):  # accepted, it could close what no destination has
                raise apsw.CorruptError(Reason("range_damaged", "a range of records is not what was written"))
            found.setdefault((owner, state), []).append((first, last))
        gone = ranges.ranges(found.get((ALL, GONE), []))  # a seq that was given once is not given again
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
        """Return the records of that state."""
        return self._now.get((owner, state), NOTHING)

    def unsent(self, destination: str) -> Ranges:
        """Return the records that the destination does not have, held ones among them."""
        return ranges.without(self.existing, ranges.union(*(self.get(destination, s) for s in (SENT, CLOSED))))

    def proven_by_all(self, others: bool = True) -> Ranges:
        """Return the records that every destination has proven to have, or every main one."""
        left = self.existing
        for destination in self.destinations if others else self.main:
            left = ranges.common(left, self.get(destination, CLOSED))
        return left if self.main else NOTHING

    # -- what changes -----------------------------------------------------------------------------------------

    def appended(self, seq: int, held: bool) -> None:
        """Count in a new record, which is unsent everywhere by itself."""
        self.last = seq
        if held:
            self.held = ranges.union(self.held, ((seq, seq),))

    def move(self, destination: str, seqs: Ranges, state: str | None) -> None:
        """Put records into a state; None: unsent again."""
        back = state is None or (state == SENT and ranges.common(self.get(destination, CLOSED), seqs))
        self._urgent = self._urgent or bool(back)
        for other in (SENT, CLOSED):
            mine = self.get(destination, other)
            kept = ranges.union(mine, seqs) if other == state else ranges.without(mine, seqs)
            self._now[destination, other] = kept

    def retimed(self, seqs: Ranges) -> None:
        """Make records that now have a time unsent again for every destination, past ones too, and no longer held."""
        self.held = ranges.without(self.held, seqs)
        for destination in {owner for owner, _ in self._now} - {ALL}:
            self.move(destination, seqs, None)

    def forget(self, seqs: Ranges) -> None:
        """Move these records, which no longer exist, to the state *gone*."""
        self._now[ALL, GONE] = ranges.union(self.get(ALL, GONE), seqs)
        self._urgent = True
        self.held = ranges.without(self.held, seqs)
        for owner, state in list(self._now):
            if owner != ALL:
                self._now[owner, state] = ranges.without(self._now[owner, state], seqs)

    def forget_destination(self, destination: str) -> None:
        """Forget what a destination has, because no destination has that name any more."""
        for key in [key for key in self._now if key[0] == destination]:
            self._now[key] = NOTHING
            self._urgent = True

    @property
    def all_destinations(self) -> set[str]:
        """The destinations, of now and of before, that have something."""
        return {owner for (owner, _), seqs in self._now.items() if seqs} - {ALL}

    # -- memory and disk --------------------------------------------------------------------------------------

    def end(self) -> None:
        """Write all with the next change, and the newest seq: a broken tree may hide the newest records silently."""
        self._urgent = True
        self._now[ALL, END] = ((self.last, self.last),) if self.last else NOTHING

    def write(self, connection: apsw.Connection) -> None:
        """Write what differs from the tables, where its time has come; part of the caller's transaction."""
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
        """Take over what `write` wrote: its transaction is on the disk."""
        if self._wrote:
            self._written, self._written_at, self._urgent = dict(self._now), self.last, False

    def snapshot(self) -> tuple[dict[Key, Ranges], Ranges, int, bool]:
        """Return what `restore` takes to undo the changes of a transaction that failed."""
        return dict(self._now), self.held, self.last, self._urgent

    def restore(self, before: tuple[dict[Key, Ranges], Ranges, int, bool]) -> None:
        """Go back to what `snapshot` returned."""
        self._now, self.held, self.last, self._urgent = before
