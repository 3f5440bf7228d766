"""Batches in transit to destinations that receive only records: their bytes are fixed before the first attempt.

Each step is one transaction, on the disk when it returns: after a kill at any instant either the batch is here, byte
for byte, or its records are proven, or they are unsent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

import apsw

from edge.records import ranges
from edge.records.ranges import Ranges
from edge.store.database import Database
from edge.store.delivery import CLOSED, FORWARD, DeliveryLedger
from edge.store.notes import drop_notes, keep_note, notes_of
from edge.store.outbox import Outbox, Version
from edge.store.recovery import Recovery

BATCH, ASIDE = "batch ", "aside "  # prefixes of the kinds of notes, before a destination
MOST_BATCHES = 32_000  # of one destination: those in transit (32) split down to single records (1000 each)
MOST_ASIDE = 1000  # refused records that are listed, the newest
T = TypeVar("T")


class Batches:
    """`store.batches`. Thread-safe; its methods raise StoreError. `dest`: the name of a destination."""

    def __init__(self, database: Database, recovery: Recovery, ledger: DeliveryLedger, outbox: Outbox) -> None:
        self._db, self._recovery = database, recovery
        self._ledger, self._outbox = ledger, outbox

    def of(self, dest: str) -> dict[int, bytes]:
        """Return the batches in transit, by number, highest first."""
        found = self._read(lambda connection: notes_of(connection, BATCH + dest))
        return dict(sorted(((int(name), raw) for name, raw in found.items()), reverse=True))

    def aside(self, dest: str) -> dict[int, bytes]:
        """Return why the destination refused each record that it does not accept, by seq."""
        found = self._read(lambda connection: notes_of(connection, ASIDE + dest))
        return {int(seq): why for seq, why in found.items()}

    def keep(self, dest: str, batches: Mapping[int, bytes], gone: Iterable[int] = ()) -> None:
        """Store batches by number, replacing the batches `gone`."""

        def change(connection: apsw.Connection) -> None:
            drop_notes(connection, BATCH + dest, map(str, gone))
            for number, raw in batches.items():
                keep_note(connection, BATCH + dest, str(number), raw, MOST_BATCHES)

        self._change(change)

    def close(self, dest: str, records: Iterable[Version], number: int | None = None, why: bytes | None = None) -> None:
        """Remove a batch whose records need not be sent again in these revisions.

        The destination has them, or it refuses them all, for the reason `why`.
        """

        def change(connection: apsw.Connection) -> None:
            seqs = self._outbox.current(connection, records)
            self._ledger.move(dest, seqs, CLOSED)
            self._ledger.end()  # written now: delivered records must not be sent again under another key
            drop_notes(connection, BATCH + dest, () if number is None else (str(number),))
            self._refused(connection, dest, seqs, why)

        self._change(change)

    def retain(self, known: Iterable[str]) -> list[str]:
        """Forget destinations that are no longer configured. Return their names."""
        gone = sorted(owner for owner in self._ledger.all_destinations - set(known) if owner.startswith(FORWARD))

        def change(connection: apsw.Connection) -> None:
            for dest in gone:
                self._ledger.forget_destination(dest)
            kept = [kind + dest for dest in known for kind in (BATCH, ASIDE)]
            for (kind,) in connection.execute("SELECT DISTINCT kind FROM note").fetchall():
                if kind not in kept and str(kind).startswith((BATCH + FORWARD, ASIDE + FORWARD)):
                    connection.execute("DELETE FROM note WHERE kind=?", (kind,))

        self._change(change)
        return gone

    def _refused(self, connection: apsw.Connection, dest: str, seqs: Ranges, why: bytes | None) -> None:
        numbers = [str(seq) for seq in ranges.numbers(seqs)]
        drop_notes(connection, ASIDE + dest, numbers)
        for seq in numbers if why is not None else ():
            keep_note(connection, ASIDE + dest, seq, why or b"", MOST_ASIDE)

    def _read(self, read: Callable[[apsw.Connection], T]) -> T:
        def attempt() -> T:
            with self._db.reading() as connection:
                return read(connection)

        return self._recovery.twice(attempt)

    def _change(self, change: Callable[[apsw.Connection], None]) -> None:
        def attempt() -> None:
            with self._db.change() as connection:
                change(connection)

        self._recovery.twice(attempt)
