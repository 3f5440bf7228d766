"""The end of the store: its epochs, and the state that the recorder needs at its next start."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.spans import Span, by_epoch
from edge.store.log_rescue import usable

CLEARED_AFTER = 60  # records
Whole = tuple[str, tuple[tuple[int, int]]]  # an epoch and its first and last seq


class Tail:
    """`epochs` as (name, first seq), oldest first; `state` as it is in the newest record's row.

    The rows before have older ones, CLEARED_AFTER of them: to clear each at once would be one more page a record.
    """

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.epochs: tuple[tuple[str, int], ...] = ()
        self.state: bytes | None = None
        self._stated = 0  # the first seq whose row may have a state
        self._known: tuple[tuple[tuple[str, int], ...], int, list[Whole]] | None = None

    def load(self, connection: apsw.Connection) -> None:
        """Read the tables."""
        found = connection.execute("SELECT name, first FROM epoch ORDER BY first")
        self.epochs = tuple((name, first) for name, first in found)
        state = connection.execute("SELECT state FROM record ORDER BY seq DESC LIMIT 1").get
        self.state = usable(state)
        newest = "SELECT seq, state FROM record ORDER BY seq DESC LIMIT ?"
        self._stated = int(
            connection.execute(f"SELECT coalesce(min(seq), 0) FROM ({newest})", (2 * CLEARED_AFTER,)).get
        )

    def enter(self, connection: apsw.Connection, seq: int) -> None:
        """Write our epoch down where the record `seq`, appended under it, is its first."""
        if self.epochs and self.epochs[-1][0] == self.epoch:
            return
        connection.execute("INSERT INTO epoch VALUES (?,?)", (self.epoch, seq))
        self.epochs = (*self.epochs, (self.epoch, seq))

    def clear(self, connection: apsw.Connection, seq: int) -> None:
        """Take the states from the rows before `seq`, once there are many."""
        if seq - self._stated >= CLEARED_AFTER:
            rows = "UPDATE record SET state=NULL WHERE seq BETWEEN ? AND ? AND state NOT NULL"
            connection.execute(rows, (self._stated, seq - 1))
            self._stated = seq

    def decoded(self) -> dict[str, Any]:
        """Return the state; empty where there is none."""
        return dict(msgspec.json.decode(self.state)) if self.state else {}

    def spans(self, seqs: Ranges, last: int) -> list[Span]:
        """Return the ranges as spans, cut where the epoch changes."""
        found = []
        epochs = self._whole(last)
        at = 0
        for first, end in seqs:
            while at < len(epochs) and epochs[at][1][0][1] < first:
                at += 1
            within = at
            while within < len(epochs) and epochs[within][1][0][0] <= end:
                name, ((begin, until),) = epochs[within]
                found.append(Span(name, max(first, begin), min(end, until)))
                within += 1
        return found

    def ranges(self, spans: list[Span], last: int) -> Ranges:
        """Return the seqs of the spans that are of our epochs."""
        whole = dict(self._whole(last))
        named = {epoch: seqs for epoch, seqs in by_epoch(spans).items() if epoch in whole}
        return ranges.ranges(pair for epoch, seqs in named.items() for pair in ranges.common(seqs, whole[epoch]))

    def _whole(self, last: int) -> list[Whole]:
        if self._known is None or self._known[:2] != (self.epochs, last):  # thousands, where a box often starts
            ends = [first - 1 for _, first in self.epochs[1:]] + [last]
            whole = [(name, ((first, end),)) for (name, first), end in zip(self.epochs, ends) if first <= end]
            self._known = self.epochs, last, whole
        return self._known[2]

    def write(self, connection: apsw.Connection) -> None:
        """Do nothing: each change is written where it happens."""

    def committed(self) -> None:
        """Do nothing: `enter` has changed all there is."""

    def snapshot(self) -> tuple[tuple[tuple[str, int], ...], bytes | None, int]:
        """Return what `restore` takes to undo the changes of a transaction that failed."""
        return self.epochs, self.state, self._stated

    def restore(self, before: tuple[tuple[tuple[str, int], ...], bytes | None, int]) -> None:
        """Go back to what `snapshot` returned."""
        self.epochs, self.state, self._stated = before
