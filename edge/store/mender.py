"""What the store does about damage that it meets: salvage the database, give up single records."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from edge.store import unsent
from edge.store.database import Database
from edge.store.folder import Ballast
from edge.store.ledger import Ledger
from edge.store.reader import Reader
from edge.store.repair import Repair, check, salvage
from edge.store.tail import Tail
from edge.store.trouble import Cause, StoreTrouble, told
from edge.uplink.contract import Span

T = TypeVar("T")


class Mender:
    """`repaired` is what was done since it was last taken; None where nothing had to be."""

    def __init__(self, database: Database, ledger: Ledger, tail: Tail) -> None:
        self.repaired: Repair | None = None
        self._db = database
        self._ledger = ledger
        self._tail = tail
        self._ballast = Ballast(database.folder)
        database.mend = self.mend

    def connect(self) -> None:
        """Open the database, salvaged first where it is damaged."""
        try:
            self._db.connect()
        except StoreTrouble as found:
            if found.cause is not Cause.DAMAGED:
                raise
            self.mend(str(found.__cause__ or found))
        if self._db.rescued is not None:
            self._tell(self._db.rescued)

    def mend(self, cause: str) -> None:
        """Set the database aside, salvage it, open the new one. StoreTrouble where the disk refuses that."""
        self._db.disconnect()
        with told(self._db.folder):
            done = salvage(self._db.folder, cause, self._db.vfs, self._ledger.last)
        self._db.connect()
        self._tell(done)

    def twice(self, call: Callable[[], T]) -> T:
        """The call, made again where the database turned out to be damaged and was salvaged."""
        try:
            return call()
        except StoreTrouble as found:
            if found.cause is not Cause.DAMAGED:
                raise
        return call()

    def with_room(self, call: Callable[[], T]) -> T:
        """The call, made again without the ballast where the disk was too full for it."""
        self._ballast.take()
        try:
            return call()
        except StoreTrouble as found:
            if found.cause is not Cause.FULL or not self._ballast.drop():
                raise
        return call()

    def give_up(self, reader: Reader) -> bool:
        """Delete the damaged rows that the reader met; False where it met none."""
        if not reader.bad:
            return False
        seqs = unsent.of(reader.bad)
        with self._db.change() as connection:
            check(connection)  # where the tree is broken too, all of it is salvaged instead
            spans = self._tail.spans(seqs, self._ledger.last)
            connection.executemany("DELETE FROM record WHERE seq BETWEEN ? AND ?", seqs)
            self._ledger.forget(seqs)
        reader.bad.clear()
        self._tell(Repair(None, 0, spans, "a record is not what was written"))
        return True

    def take(self) -> Repair | None:
        """What was done since the last call."""
        done, self.repaired = self.repaired, None
        return done

    def _tell(self, done: Repair) -> None:
        before = self.repaired
        lost: list[Span] = [*before.lost, *done.lost] if before else done.lost
        self.repaired = msgspec.structs.replace(done, lost=lost)
