"""Making room: the steps of quota.py, each a transaction with the loss record that it leaves."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from edge.record import Record
from edge.store import quota
from edge.store.database import Database
from edge.store.ledger import Ledger
from edge.store.quota import Room
from edge.store.tail import Tail

MOST_STEPS = 40  # of one sweep: 20,000 records; what is left goes with the next one
Insert = Callable[[apsw.Connection, dict[str, Any]], Record]


class Sweep:
    """One sweep. `insert` appends a loss record with that body, inside the caller's transaction."""

    def __init__(self, database: Database, ledger: Ledger, tail: Tail, pictures: Path, insert: Insert) -> None:
        self._db = database
        self._ledger = ledger
        self._tail = tail
        self._pictures = pictures
        self._insert = insert
        self.losses: list[Record] = []

    def run(self, room: Room) -> list[Record]:
        """Make room; the loss records that were appended."""
        self._run_pictures(room)
        for _ in range(MOST_STEPS):
            if not self._age_step(room):
                break
        for step in range(MOST_STEPS):
            if not self._records_step(room, going_on=step > 0):
                break
        return self.losses

    def _age_step(self, room: Room) -> bool:
        with self._db.change() as connection:
            seqs = quota.old(connection, self._ledger, room)
            quota.drop(connection, self._ledger, self._tail, seqs, None, room.cause)
        return bool(seqs)

    def _records_step(self, room: Room, going_on: bool) -> bool:
        with self._db.change() as connection:
            if not quota.too_many(connection, room, going_on):
                return False
            seqs, lost = quota.surplus(connection, self._ledger)
            for body in quota.drop(connection, self._ledger, self._tail, seqs, lost, room.cause):
                self.losses.append(self._insert(connection, body))
        return bool(seqs)

    def _run_pictures(self, room: Room) -> None:
        with self._db.reading() as connection:
            wanted = max(quota.pictures_over(connection, room.limits), room.scarce)
        for _ in range(MOST_STEPS):
            if wanted <= 0:
                break
            freed = self._pictures_step(room, wanted)
            wanted -= freed
            room.free += freed
            if not freed:
                break

    def _pictures_step(self, room: Room, wanted: int) -> int:
        with self._db.change() as connection:
            gone = quota.drop_pictures(connection, room, wanted)
            if gone is not None and gone.body is not None:
                self.losses.append(self._insert(connection, gone.body))
        if gone is None:
            return 0
        for name in gone.files:  # after the rows: a file without a row is found again, the reverse is not
            with suppress(FileNotFoundError):
                (self._pictures / name).unlink()
        return gone.freed
