"""Delete data to free space: the steps of quota.py, each a transaction with its loss record."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from drivers.reason import Reason
from edge.records.record import Record
from edge.store import quota
from edge.store.database import Database
from edge.store.delivery import DeliveryLedger
from edge.store.epochs import Tail
from edge.store.quota import Room

MOST_STEPS = 100  # of one sweep: 50,000 records; the next sweep continues
Insert = Callable[[apsw.Connection, dict[str, Any]], Record]


class Sweep:
    """One sweep. `insert` appends a loss record with that body, inside the caller's transaction."""

    def __init__(self, database: Database, ledger: DeliveryLedger, tail: Tail, pictures: Path, insert: Insert) -> None:
        self._db = database
        self._ledger = ledger
        self._tail = tail
        self._pictures = pictures
        self._insert = insert
        self.losses: list[Record] = []

    def run(self, room: Room) -> list[Record]:
        """Free space. Return the loss records appended."""
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
            quota.drop(connection, self._ledger, self._tail, seqs, None, quota.QUOTA)
        return bool(seqs)

    def _records_step(self, room: Room, going_on: bool) -> bool:
        with self._db.change() as connection:
            cause = quota.too_many(connection, room, going_on)
            if cause is None:
                return False
            proven_alone = cause is quota.DISK and not quota.may_lose(connection, room, going_on)
            seqs, lost = quota.surplus(connection, self._ledger, proven_alone)
            bodies = quota.drop(connection, self._ledger, self._tail, seqs, lost, cause)
            losses = [self._insert(connection, body) for body in bodies]
        self.losses += losses  # now that they are on the disk
        return bool(seqs)

    def _run_pictures(self, room: Room) -> None:
        with self._db.reading() as connection:
            over, scarce = quota.pictures_over(connection, room.limits), room.scarce
        wanted, cause = max(over, scarce), quota.QUOTA if over > scarce else quota.DISK
        for _ in range(MOST_STEPS):
            if wanted <= 0:
                break
            freed = self._pictures_step(cause, wanted)
            wanted -= freed
            room.free += freed
            if not freed:
                break

    def _pictures_step(self, cause: Reason, wanted: int) -> int:
        with self._db.change() as connection:
            gone = quota.drop_pictures(connection, self._ledger.main, cause, wanted)
            if gone is None:
                return 0
            losses = [self._insert(connection, gone.body)] if gone.body is not None else []
        self.losses += losses
        for name in gone.files:  # after the rows: a file without a row is found later, a row without a file is not
            with suppress(FileNotFoundError):
                (self._pictures / name).unlink()
        return gone.freed
