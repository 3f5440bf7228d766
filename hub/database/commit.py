"""What one transaction of a hub writes: records, the ledger's ranges, picture rows, notes, and hours.

The ledger decides what is a duplicate, while the rows of `epoch` that the delivery concerns are locked. All locks are
taken in one order, so several hubs on one database wait for each other and never deadlock; a message delivered to both
is a duplicate.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from drivers.reason import Reason
from edge.records import ranges
from edge.records.record import Kind, Record
from hub import jsonl
from hub.database import counting, forwarded, held_hours, picture_times, rows
from hub.database.counting import Dated, Fresh
from hub.database.engine import Engine
from hub.database.held_hours import HeldMinute
from hub.database.rows import KEY
from hub.ledger import Ranges
from hub.sink import CommitOutcome, Delivery, Row, RowFate, SinkError

log = logging.getLogger("minshan.hub")
WROTE_LESS = Reason("wrote_less", "{database} says that it wrote {count} of {all} records", database="", count=0, all=0)
LEDGER = ("station", "epoch", "first", "last")
EPOCH = ("station", "epoch", "arrived_first", "arrived_last", "said_first", "said_last")
HERE = (*KEY, "revision", "raw", "kind", "start", "setup")
Name = tuple[str, str]  # station, epoch: the unit of locking
Identity = tuple[str, str, int]


@dataclass
class KnownEpoch:
    """The stored state of one epoch of a station: its row of `epoch`, and the ranges that a delivery touches.

    `before`: the ranges as they were; the rest is updated.
    """

    arrived: tuple[int | None, int | None] = (None, None)
    said: tuple[int | None, int | None] = (None, None)
    before: frozenset[tuple[int, int]] = frozenset()
    ranges: Ranges = field(default_factory=Ranges)


@dataclass
class Judged:
    """Each row's fate, the rows to write, different contents under stored identities, and the minutes replaced."""

    fates: list[RowFate] = field(default_factory=list)
    fresh: dict[Identity, Row] = field(default_factory=dict)
    others: list[Row] = field(default_factory=list)
    replaced: list[Dated] = field(default_factory=list)


def commit(engine: Engine, delivery: Delivery) -> CommitOutcome:
    """Write a delivery, within a transaction. Return the outcome. Raise SinkError."""
    known = _locked(engine, delivery)
    judged = _judged(engine, delivery.rows, known)
    setups = [key for key, row in judged.fresh.items() if row.record.kind == Kind.SETUP]
    before = counting.offsets(engine, setups)
    hours = counting.hours_of(engine, judged.replaced)  # counted by the setups before this commit
    _write(engine, judged.fresh)
    _keep_others(engine, judged.others)
    for name, its in _by_name(delivery.rows).items():
        epoch, arrived = known[name], [row.arrived for row in its]
        for pair in ranges.of(row.record.seq for row in its):
            epoch.ranges.add(*pair)
        first, _ = epoch.arrived
        # Not the maximum: after a clock was set back, a station must not stay heard in the future.
        epoch.arrived = min(arrived) if first is None else min(first, *arrived), arrived[-1]
    for announced in delivery.announced:
        for span in announced.epochs:
            told = known[announced.station, rows.identity(span.epoch)]
            told.said = _wider(told.said, span.first, span.last)
    _keep_known(engine, known)
    _keep_beside(engine, delivery)
    picture_times.redate(engine, judged.fresh.values(), delivery.pictures)
    hours |= counting.hours_under(engine, before, setups)
    counting.update(engine, hours, _fresh(judged.fresh))
    left = (held_hours.hour(minute.station, minute.start) for minute in judged.replaced)
    held_hours.keep(engine, _held(judged.fresh), left)
    return CommitOutcome(tuple(judged.fates))


def _locked(engine: Engine, delivery: Delivery) -> dict[Name, KnownEpoch]:
    """Lock the epochs that the delivery concerns. Return their state.

    Only the ledger's ranges that the delivery touches are read: a ledger of a hundred thousand holes takes long.
    """
    names = sorted(set(_names(delivery)))
    empty = [(*name, None, None, None, None) for name in names]
    engine.upsert("epoch", EPOCH, empty, EPOCH[:2], update=False)
    known: dict[Name, KnownEpoch] = {}
    for station, epoch, first, last, *said in engine.lookup("epoch", EPOCH, EPOCH[:2], names, lock=True):
        known[station, epoch] = KnownEpoch((first, last), (said[0], said[1]))
    seqs = {name: ranges.of(row.record.seq for row in its) for name, its in _by_name(delivery.rows).items()}
    spans = [(*name, *pair) for name in sorted(seqs) for pair in seqs[name]]
    pairs: dict[Name, set[tuple[int, int]]] = {}
    for station, epoch, first, last in engine.touching("ledger", LEDGER[:2], spans):
        pairs.setdefault((station, epoch), set()).add((first, last))
    for name, found in pairs.items():
        known[name].before = frozenset(found)
        for first, last in sorted(found):
            known[name].ranges.add(first, last)
    return known


def _judged(engine: Engine, delivered: tuple[Row, ...], known: dict[Name, KnownEpoch]) -> Judged:
    """Return the fates of the rows."""
    asked = sorted({key for row in delivered if (key := _identity(row))[2] in known[key[:2]].ranges})
    latest: dict[Identity, tuple[int, bytes]] = {}
    minutes: dict[Identity, Dated] = {}
    for station, epoch, seq, revision, raw, kind, start, setup in engine.lookup("record", HERE, KEY, asked):
        latest[station, epoch, seq] = revision, raw
        if kind == Kind.MINUTE and start is not None:
            minutes[station, epoch, seq] = Dated(station, epoch, setup, start)
    found = Judged()
    for row in delivered:
        key, revision = _identity(row), row.record.revision
        there = latest.get(key)
        if there is None or revision > there[0]:
            latest[key], found.fresh[key] = (revision, row.raw), row
            found.fates.append(RowFate.NEW)
        elif revision < there[0] or _same(row.raw, there[1]):
            found.fates.append(RowFate.DOUBLE)
        else:
            found.others.append(row)
            found.fates.append(RowFate.OTHER)
    found.replaced = [minutes[key] for key in found.fresh if key in minutes]
    return found


def _write(engine: Engine, fresh: dict[Identity, Row]) -> None:
    made = [rows.of_record(fresh[key]) for key in sorted(fresh)]
    count = engine.upsert("record", rows.RECORD, made, KEY)
    if count != len(made):  # receipts depend on it, so the statement's effect is checked
        raise SinkError(WROTE_LESS.having(database=engine.shown, count=count, all=len(made)))
    forwarded.reopen(engine, sorted(key for key, row in fresh.items() if row.record.revision))


def _keep_others(engine: Engine, others: Iterable[Row]) -> None:
    found = {(*_identity(row), row.record.revision, _digest(row.raw)): row for row in others}
    kept = [(*key, found[key].arrived, found[key].raw) for key in sorted(found)]
    written = engine.upsert("conflict", rows.CONFLICT, kept, rows.CONFLICT[:5], update=False)
    if written:
        log.warning("%d records arrived with a content that differs from the stored one; both are kept", written)


def _keep_known(engine: Engine, known: dict[Name, KnownEpoch]) -> None:
    names = sorted(known)
    engine.upsert("epoch", EPOCH, [(*n, *known[n].arrived, *known[n].said) for n in names], EPOCH[:2])
    now = {name: frozenset(known[name].ranges) for name in names}
    stay = {name: {first for first, _ in now[name]} for name in names}
    gone = [(*n, first) for n in names for first, _ in sorted(known[n].before) if first not in stay[n]]
    engine.delete("ledger", LEDGER[:3], gone)
    changed = [(*n, *pair) for n in names for pair in sorted(now[n] - known[n].before)]
    engine.upsert("ledger", LEDGER, changed, LEDGER[:3])


def _keep_beside(engine: Engine, delivery: Delivery) -> None:
    """Write pictures' rows and notes."""
    pictures = {(p.header.station, p.header.picture, p.header.part): rows.of_picture(p) for p in delivery.pictures}
    engine.upsert("picture", rows.PICTURE, [pictures[key] for key in sorted(pictures)], rows.PICTURE[:3])
    notes = {(note.station, note.kind, _digest(note.raw)): note for note in delivery.notes}
    kept = [rows.of_note(notes[key], key[2]) for key in sorted(notes)]
    engine.upsert("note", rows.NOTE, kept, rows.NOTE[:3], update=False)


def _fresh(fresh: dict[Identity, Row]) -> Iterator[Fresh]:
    """Yield the new minutes for the hours of channels."""
    for (station, epoch, _), _row, found, start in _minutes(fresh):
        yield Fresh(Dated(station, epoch, found.setup, start), found.duration, bytes(found.body))


def _held(fresh: dict[Identity, Row]) -> Iterator[HeldMinute]:
    """Yield the new minutes for the hours held."""
    for (station, epoch, seq), row, found, start in _minutes(fresh):
        yield HeldMinute(station, epoch, seq, start, found.duration, row.raw)


def _minutes(fresh: dict[Identity, Row]) -> Iterator[tuple[Identity, Row, Record, int]]:
    """Yield the new minutes of known time, with their start."""
    for identity, row in fresh.items():
        found = row.record
        if isinstance(found, Record) and found.kind == Kind.MINUTE and found.start is not None:
            yield identity, row, found, found.start


def _identity(row: Row) -> Identity:
    return row.station, rows.identity(row.record.epoch), row.record.seq


def _by_name(delivered: Iterable[Row]) -> dict[Name, list[Row]]:
    """Return the rows by station and epoch, each in order of arrival."""
    found: dict[Name, list[Row]] = {}
    for row in delivered:
        found.setdefault(_identity(row)[:2], []).append(row)
    return found


def _names(delivery: Delivery) -> Iterable[Name]:
    """Yield the station and epoch of everything in the delivery."""
    yield from (_identity(row)[:2] for row in delivery.rows)
    yield from ((picture.header.station, rows.identity(picture.header.epoch)) for picture in delivery.pictures)
    yield from ((told.station, rows.identity(span.epoch)) for told in delivery.announced for span in told.epochs)


def _digest(raw: bytes) -> bytes:
    return hashlib.sha256(raw).digest()


def _same(one: bytes, other: bytes) -> bool:
    """Return whether two records have the same content; False if either cannot be compared."""
    if one == other:
        return True
    try:
        return jsonl.digest(one) == jsonl.digest(other)
    except (ValueError, RecursionError, TypeError, AttributeError):
        return False


def _wider(bounds: tuple[int | None, int | None], first: int, last: int) -> tuple[int, int]:
    low, high = bounds
    return first if low is None else min(low, first), last if high is None else max(high, last)
