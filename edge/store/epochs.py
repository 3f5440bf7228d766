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
EpochRange = tuple[str, tuple[tuple[int, int]]]  # an epoch and its first and last seq


class Tail:
    """`epochs` as (name, first seq), oldest first; `state` as stored in the newest record's row.

    Up to CLEARED_AFTER older rows still contain older states: clearing each at once would write another page a record.
    """

    def __init__(self, epoch: str) -> None:
        self.epoch = epoch
        self.epochs: tuple[tuple[str, int], ...] = ()
        self.state: bytes | None = None
        self._uncleared = 0  # the first seq whose row may have a state
        self._known: tuple[tuple[tuple[str, int], ...], int, list[EpochRange]] | None = None

    def load(self, connection: apsw.Connection) -> None:
        """Read the tables."""
        found = connection.execute("SELECT name, first FROM epoch ORDER BY first")
        self.epochs = tuple((name, first) for name, first in found)
        state = connection.execute("SELECT state FROM record ORDER BY seq DESC LIMIT 1").get
        self.state = usable(state)
        newest = "SELECT seq, state FROM record ORDER BY seq DESC LIMIT ?"
        self._uncleared = int(
            connection.execute(f"SELECT coalesce(min(seq), 0) FROM ({newest})", (2 * CLEARED_AFTER,)).get
        )

    def enter(self, connection: apsw.Connection, seq: int) -> None:
        """Write the current epoch to its table if the record `seq` is its first."""
        if self.epochs and self.epochs[-1][0] == self.epoch:
            return
        connection.execute("INSERT INTO epoch VALUES (?,?)", (self.epoch, seq))
        self.epochs = (*self.epochs, (self.epoch, seq))

    def clear(self, connection: apsw.Connection, seq: int) -> None:
        """Clear the states in the rows before `seq`, once there are CLEARED_AFTER of them."""
        if seq - self._uncleared >= CLEARED_AFTER:
            rows = "UPDATE record SET state=NULL WHERE seq BETWEEN ? AND ? AND state NOT NULL"
            connection.execute(rows, (self._uncleared, seq - 1))
            self._uncleared = seq

    def decoded(self) -> dict[str, Any]:
        """Return the state; empty if there is none."""
        return dict(msgspec.json.decode(self.state)) if self.state else {}

    def spans(self, seqs: Ranges, last: int) -> list[Span]:
        """Return the ranges as spans, split where the epoch changes."""
        found = []
        epochs = self._epoch_ranges(last)
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
        """Return the seqs of those spans whose epochs the store has."""
        whole = dict(self._epoch_ranges(last))
        named = {epoch: seqs for epoch, seqs in by_epoch(spans).items() if epoch in whole}
        return ranges.ranges(pair for epoch, seqs in named.items() for pair in ranges.common(seqs, whole[epoch]))

    def _epoch_ranges(self, last: int) -> list[EpochRange]:
        if self._known is None or self._known[:2] != (self.epochs, last):  # frequent restarts make thousands of epochs
            ends = [first - 1 for _, first in self.epochs[1:]] + [last]
            whole = [(name, ((first, end),)) for (name, first), end in zip(self.epochs, ends) if first <= end]
            self._known = self.epochs, last, whole
        return self._known[2]

    def write(self, connection: apsw.Connection) -> None:
        """Do nothing: each change is written where it happens."""

    def committed(self) -> None:
        """Do nothing: `enter` has already changed the memory."""

    def snapshot(self) -> tuple[tuple[tuple[str, int], ...], bytes | None, int]:
        """Return the state that `restore` needs to roll back a failed transaction."""
        return self.epochs, self.state, self._uncleared

    def restore(self, before: tuple[tuple[tuple[str, int], ...], bytes | None, int]) -> None:
        """Restore the state that `snapshot` returned."""
        self.epochs, self.state, self._uncleared = before
