"""The sink over a database: one transaction for rows, ledger, pictures and what stations announce.

The ledger decides what is a double, under the lock of the rows of `epoch` that the delivery speaks of. All locks are
taken in one order, so several hubs on one database wait for each other and never deadlock; what they are handed twice
is a double. Whatever broke, the same delivery may be committed again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from drivers.reason import Reason
from edge.records.spans import Span, merged
from edge.wire.contract import Revised
from hub import jsonl
from hub.database import forwarded, rows, schema
from hub.database.engine import AgainError, Engine, RowError
from hub.database.rows import KEY
from hub.ledger import Ranges
from hub.sink import Delivery, Fate, Outcome, Row, SinkError

log = logging.getLogger("minshan.hub")
TRIES = 5  # of a transaction that another hub's stood in the way of
WROTE_LESS = Reason("wrote_less", "{database} says that it wrote {count} of {all} records", database="", count=0, all=0)
LEDGER = ("station", "epoch", "first", "last")
EPOCH = ("station", "epoch", "arrived_first", "arrived_last", "said_first", "said_last")
Name = tuple[str, str]  # station, epoch: what one lock covers
Identity = tuple[str, str, int]


@dataclass
class Known:
    """What is here of one epoch of a station: its ranges as they were and as they become, and its row of `epoch`."""

    arrived: tuple[int | None, int | None] = (None, None)
    said: tuple[int | None, int | None] = (None, None)
    before: frozenset[tuple[int, int]] = frozenset()
    ranges: Ranges = field(default_factory=Ranges)


class DatabaseSink:
    """A `Sink` over an engine; its tables are made or brought to this version's. Raise SinkError, RefusedError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        schema.migrate(engine)
        self._id, self._generation = schema.identity(engine)

    @property
    def id(self) -> str:
        """The ledger's name."""
        return self._id

    @property
    def generation(self) -> int:
        """A random number, another after a restore."""
        return self._generation

    def commit(self, delivery: Delivery) -> Outcome:
        """Keep a delivery; a row that the database does not take costs no other. Raise SinkError."""
        try:
            return self._tried(delivery)
        except RowError as error:
            return self._halved(delivery, error)

    def held(self, station: str, epochs: frozenset[str]) -> list[Span]:
        """Return what is committed of these epochs of a station."""
        found = self._engine.query("SELECT epoch, first, last FROM ledger WHERE station = %s", (station,))
        named = ((rows.name_of(epoch), first, last) for epoch, first, last in found)
        return merged(Span(*span) for span in named if span[0] in epochs)

    def revised(self, station: str, has: list[Span]) -> list[Revised]:
        """Return what of `has` is here in a revision above 0."""
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
        """Return whether the database is another than at the last look: restored, or put in the other's place."""
        schema.migrate(self._engine)
        now = schema.identity(self._engine)
        changed = now != (self._id, self._generation)
        self._id, self._generation = now
        return changed

    def compare(self) -> int:
        """Hold the ledger against the rows, which alone count. Return how many records it names that are not there.

        Where there are such it is written anew and the generation changes, so that stations send them again.
        """
        lost = 0
        for station, epoch in self._differing():
            with self._engine.transaction():
                lost += self._recounted(station, epoch)
        if lost:
            log.warning("%d records are gone from %s; they are asked for again", lost, self._engine.shown)
            schema.renew_generation(self._engine)
            self.look()
        return lost

    def close(self) -> None:
        """Let the database go."""
        self._engine.close()

    # -- a commit ------------------------------------------------------------------------------------------

    def _tried(self, delivery: Delivery) -> Outcome:
        for left in reversed(range(TRIES)):
            try:
                with self._engine.transaction():
                    return self._committed(delivery)
            except AgainError:
                if not left:
                    raise
        raise AssertionError("a loop of at least one pass")

    def _halved(self, delivery: Delivery, error: RowError) -> Outcome:
        """Commit in halves what could not be committed together, down to the row at fault."""
        found = delivery.rows
        if len(found) == 1 and not (delivery.pictures or delivery.notes or delivery.announced):
            return self._bare(found[0], str(error))
        if len(found) < 2:
            if found:
                return Outcome((*self.commit(Delivery(found)).fates, *self.commit(_without(delivery)).fates))
            raise SinkError(error.reason)
        middle = len(found) // 2
        first = self.commit(Delivery(found[:middle]))
        rest = self.commit(msgspec.structs.replace(delivery, rows=found[middle:]))
        return Outcome(first.fates + rest.fates, first.why | {middle + place: said for place, said in rest.why.items()})

    def _bare(self, row: Row, why: str) -> Outcome:
        """Commit a row without the view of its body; REFUSED where that does not help."""
        try:
            return self._tried(Delivery((msgspec.structs.replace(row, viewed=False),)))
        except RowError as error:
            log.warning("a record of %s is not taken by the database: %s; %s", row.station, why, error)
            return Outcome((Fate.REFUSED,), {0: why})

    def _committed(self, delivery: Delivery) -> Outcome:
        known = self._locked(delivery)
        fates, fresh, others = self._judged(delivery.rows, known)
        self._written(fresh)
        self._keep_others(others)
        for row in delivery.rows:
            *_, seq = key = _identity(row)
            known[key[:2]].ranges.add(seq, seq)
            known[key[:2]].arrived = _wider(known[key[:2]].arrived, row.arrived, row.arrived)
        for announced in delivery.announced:
            for span in announced.epochs:
                epoch = known[announced.station, rows.identity(span.epoch)]
                epoch.said = _wider(epoch.said, span.first, span.last)
        self._keep_known(known)
        pictures = {(p.header.station, p.header.picture, p.header.part): rows.of_picture(p) for p in delivery.pictures}
        self._engine.upsert("picture", rows.PICTURE, [pictures[key] for key in sorted(pictures)], rows.PICTURE[:3])
        notes = {(note.station, note.kind, _digest(note.raw)): note for note in delivery.notes}
        kept = [rows.of_note(notes[key], key[2]) for key in sorted(notes)]
        self._engine.upsert("note", rows.NOTE, kept, rows.NOTE[:3], update=False)
        return Outcome(tuple(fates))

    def _locked(self, delivery: Delivery) -> dict[Name, Known]:
        """Return what is known of all that the delivery speaks of, which nobody else changes meanwhile."""
        names = sorted(set(_names(delivery)))
        empty = [(*name, None, None, None, None) for name in names]
        self._engine.upsert("epoch", EPOCH, empty, EPOCH[:2], update=False)
        known: dict[Name, Known] = {}
        for station, epoch, first, last, *said in self._engine.lookup("epoch", EPOCH, EPOCH[:2], names, lock=True):
            known[station, epoch] = Known((first, last), (said[0], said[1]))
        pairs: dict[Name, list[tuple[int, int]]] = {}
        for station, epoch, first, last in self._engine.lookup("ledger", LEDGER, LEDGER[:2], names):
            pairs.setdefault((station, epoch), []).append((first, last))
        for name, found in pairs.items():
            known[name].before = frozenset(found)
            for first, last in sorted(found):
                known[name].ranges.add(first, last)
        return known

    def _judged(
        self, delivered: tuple[Row, ...], known: dict[Name, Known]
    ) -> tuple[list[Fate], dict[Identity, Row], list[Row]]:
        """Return each row's fate, the rows that are to be written, and the other contents under a name that is here."""
        asked = sorted({key for row in delivered if (key := _identity(row))[2] in known[key[:2]].ranges})
        here = self._engine.lookup("record", (*KEY, "revision", "raw"), KEY, asked)
        latest: dict[Identity, tuple[int, bytes]] = {(s, e, seq): (rev, raw) for s, e, seq, rev, raw in here}
        fates: list[Fate] = []
        fresh: dict[Identity, Row] = {}
        others: list[Row] = []
        for row in delivered:
            key, revision = _identity(row), row.record.revision
            there = latest.get(key)
            if there is None or revision > there[0]:
                latest[key], fresh[key] = (revision, row.raw), row
                fates.append(Fate.NEW)
            elif revision < there[0] or _same(row.raw, there[1]):
                fates.append(Fate.DOUBLE)
            else:
                others.append(row)
                fates.append(Fate.OTHER)
        return fates, fresh, others

    def _written(self, fresh: dict[Identity, Row]) -> None:
        made = [rows.of_record(fresh[key]) for key in sorted(fresh)]
        count = self._engine.upsert("record", rows.RECORD, made, KEY)
        if count != len(made):  # a receipt stands on it: what a statement did is looked at, not believed
            raise SinkError(WROTE_LESS.having(database=self._engine.shown, count=count, all=len(made)))
        forwarded.reopen(self._engine, sorted(key for key, row in fresh.items() if row.record.revision))

    def _keep_others(self, others: Iterable[Row]) -> None:
        found = {(*_identity(row), row.record.revision, _digest(row.raw)): row for row in others}
        kept = [(*key, found[key].arrived, found[key].raw) for key in sorted(found)]
        written = self._engine.upsert("conflict", rows.CONFLICT, kept, rows.CONFLICT[:5], update=False)
        if written:
            log.warning("%d records came with another content than the one that is here; both are kept", written)

    def _keep_known(self, known: dict[Name, Known]) -> None:
        names = sorted(known)
        self._engine.upsert("epoch", EPOCH, [(*n, *known[n].arrived, *known[n].said) for n in names], EPOCH[:2])
        now = {name: frozenset(known[name].ranges) for name in names}
        stay = {name: {first for first, _ in now[name]} for name in names}
        gone = [(*n, first) for n in names for first, _ in sorted(known[n].before) if first not in stay[n]]
        self._engine.delete("ledger", LEDGER[:3], gone)
        changed = [(*n, *pair) for n in names for pair in sorted(now[n] - known[n].before)]
        self._engine.upsert("ledger", LEDGER, changed, LEDGER[:3])

    # -- the comparison ------------------------------------------------------------------------------------

    def _differing(self) -> list[Name]:
        """Return the epochs of which the ledger names another number of records than there are."""
        return [
            (station, epoch)
            for station, epoch in self._engine.query(
                "SELECT station, epoch FROM (SELECT station, epoch, last - first + 1 AS n FROM ledger UNION ALL "
                "SELECT station, epoch, -count(*) AS n FROM record GROUP BY station, epoch) AS counted "
                "GROUP BY station, epoch HAVING sum(n) <> 0"
            )
        ]

    def _recounted(self, station: str, epoch: str) -> int:
        name = station, epoch
        self._engine.upsert("epoch", EPOCH, [(*name, None, None, None, None)], EPOCH[:2], update=False)
        self._engine.lookup("epoch", EPOCH, EPOCH[:2], [name], lock=True)
        named = self._engine.query("SELECT first, last FROM ledger WHERE station = %s AND epoch = %s", name)
        there = self._engine.query(
            "SELECT min(seq), max(seq) FROM (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS island FROM record "
            "WHERE station = %s AND epoch = %s) AS numbered GROUP BY island",
            name,
        )
        self._engine.delete("ledger", LEDGER[:3], [(*name, first) for first, _ in named])
        self._engine.upsert("ledger", LEDGER, [(*name, *pair) for pair in sorted(there)], LEDGER[:3])
        before, now = (sum(int(last) - int(first) + 1 for first, last in pairs) for pairs in (named, there))
        return max(0, before - now)


def _identity(row: Row) -> Identity:
    return row.station, rows.identity(row.record.epoch), row.record.seq


def _names(delivery: Delivery) -> Iterable[Name]:
    """Yield what the delivery's locks cover."""
    yield from (_identity(row)[:2] for row in delivery.rows)
    yield from ((picture.header.station, rows.identity(picture.header.epoch)) for picture in delivery.pictures)
    yield from ((told.station, rows.identity(span.epoch)) for told in delivery.announced for span in told.epochs)


def _without(delivery: Delivery) -> Delivery:
    return msgspec.structs.replace(delivery, rows=())


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def _same(one: bytes, other: bytes) -> bool:
    """Return whether two records say the same."""
    if one == other:
        return True
    try:
        return jsonl.digest(one) == jsonl.digest(other)
    except (ValueError, RecursionError):
        return False


def _wider(bounds: tuple[int | None, int | None], first: int, last: int) -> tuple[int, int]:
    low, high = bounds
    return first if low is None else min(low, first), last if high is None else max(high, last)
