"""The sink over a database: one transaction per delivery (`commit.py`), retried, or halved down to the faulty row.

After any failure the same delivery may be committed again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import msgspec

from edge.clock.clock import SystemClock
from edge.records.spans import Span, common, merged
from edge.wire.contract import Revised
from hub.database import counting, held_hours, ledger_repair, rows, schema
from hub.database.commit import LEDGER, commit
from hub.database.engine import Engine
from hub.database.errors import AgainError, ValueRefusedError
from hub.database.lease import ANSWERS, Lease
from hub.database.quantities import make_views
from hub.sink import CommitOutcome, Delivery, RowFate, SinkError

log = logging.getLogger("minshan.hub")
TRIES = 5  # attempts of a transaction that conflicts with another hub's
WORK_S = 0.3  # s of counting hours at a look, until the slice ends: live data is delayed that long


class DatabaseSink:
    """A `Sink` over an engine; its tables are created or migrated. Raise SinkError.

    `name`: this hub's name, to share a PostgreSQL with others; `may_answer`: whether the ledger has been verified.
    """

    def __init__(self, engine: Engine, name: str = "", may_answer: Callable[[], bool] = lambda: True) -> None:
        self._engine, self._may_answer, self._clock = engine, may_answer, SystemClock()
        self._lease = Lease(engine, name, self._clock, ANSWERS) if name and engine.postgres else None
        try:
            schema.migrate(engine)
            make_views(engine)
            self._id, self._generation = schema.identity(engine)
        except BaseException:  # nobody else closes it, and a restore would take it for a running hub
            engine.close()
            raise

    @property
    def id(self) -> str:
        """The ledger's id."""
        return self._id

    @property
    def generation(self) -> int:
        """A random number, another after a restore."""
        return self._generation

    def commit(self, delivery: Delivery) -> CommitOutcome:
        """Commit a delivery; a row that the database refuses costs no other. Raise SinkError."""
        try:
            return self._attempt(delivery)
        except ValueRefusedError as error:
            return self._halved(delivery, error)

    def held(self, station: str, epochs: frozenset[str]) -> list[Span]:
        """Return the committed spans of these epochs of a station."""
        names = [(station, rows.identity(epoch)) for epoch in sorted(epochs)]
        return _spans(self._engine.lookup("ledger", LEDGER, LEDGER[:2], names))

    def kept(self, station: str, has: list[Span]) -> list[Span]:
        """Return the parts of `has` that are committed; only nearby ranges of the ledger are read."""
        wanted = [(station, rows.identity(span.epoch), span.first, span.last) for span in has]
        return common(has, _spans(self._engine.touching("ledger", LEDGER[:2], wanted)))

    def revised(self, station: str, has: list[Span]) -> list[Revised]:
        """Return the parts of `has` that are stored in a revision above 0."""
        wanted: dict[int, list[Span]] = {}
        for span in has:
            for seq, revision in self._engine.query(
                "SELECT seq, revision FROM record WHERE station = %s AND epoch = %s AND seq BETWEEN %s AND %s "
                "AND revision > 0",
                (station, rows.identity(span.epoch), span.first, span.last),
            ):
                wanted.setdefault(revision, []).append(Span(span.epoch, seq, seq))
        return [Revised(revision, merged(wanted[revision])) for revision in sorted(wanted)]

    def look(self) -> bool:
        """Return whether the database was restored or replaced since the last look.

        Some uncounted hours are counted at each look.
        """
        schema.migrate(self._engine)
        until = self._clock.now() + WORK_S
        while counting.work_off(self._engine) + held_hours.work_off(self._engine) and self._clock.now() < until:
            pass
        now = schema.identity(self._engine)
        changed = now != (self._id, self._generation)
        self._id, self._generation = now
        return changed

    def compare(self) -> int:
        """Compare the ledger with the rows, which are authoritative. Return how many listed records are missing.

        If there are any, the ledger is rewritten and the generation changes, so that stations send them again.
        """
        lost = ledger_repair.repair(self._engine)
        self.look()
        return lost

    def speaks(self) -> bool:
        """Return whether this hub answers stations: it holds the lease, and its ledger is verified."""
        return self._may_answer() and (self._lease is None or self._lease.claim())

    def fall_silent(self) -> None:
        """Release the lease; if the database is unavailable, it expires."""
        if self._lease is not None:
            with suppress(SinkError):
                self._lease.release()

    def close(self) -> None:
        """Close the database."""
        self._engine.close()

    # -- a commit ------------------------------------------------------------------------------------------

    def _attempt(self, delivery: Delivery) -> CommitOutcome:
        for left in reversed(range(TRIES)):
            try:
                with self._engine.transaction():
                    return commit(self._engine, delivery)
            except AgainError:
                if not left:
                    raise
        raise AssertionError("a loop of at least one pass")

    def _halved(self, delivery: Delivery, error: ValueRefusedError) -> CommitOutcome:
        """Commit a refused delivery in halves, down to the row at fault."""
        found = delivery.rows
        if len(found) == 1 and not (delivery.pictures or delivery.notes or delivery.announced):
            log.warning("a record of %s is not accepted by the database: %s", found[0].station, error)
            return CommitOutcome((RowFate.REFUSED,), {0: str(error)})
        if len(found) < 2:
            if found:
                return CommitOutcome((*self.commit(Delivery(found)).fates, *self.commit(_without(delivery)).fates))
            raise SinkError(error.reason)
        middle = len(found) // 2
        first = self.commit(Delivery(found[:middle]))
        rest = self.commit(msgspec.structs.replace(delivery, rows=found[middle:]))
        return CommitOutcome(
            first.fates + rest.fates, first.why | {middle + place: said for place, said in rest.why.items()}
        )


def _spans(found: Iterable[tuple[Any, ...]]) -> list[Span]:
    return merged(Span(rows.name_of(epoch), first, last) for _, epoch, first, last in found)


def _without(delivery: Delivery) -> Delivery:
    return msgspec.structs.replace(delivery, rows=())
