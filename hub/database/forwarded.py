"""The records that each destination has acknowledged, as ranges of numbers, in the revision stored here.

A number in a range means that the destination has the record as it is in `record`. A higher revision removes the number
in the transaction that writes it, and an acknowledged record is added only if its revision is still the stored one;
both under the epoch's lock. So the backlog is the ledger minus these ranges.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from edge.records import ranges
from edge.records.ranges import Ranges
from hub.database.engine import Engine

Name = tuple[str, str]  # station, epoch (as the database has it)
FORWARDED = ("destination", "station", "epoch", "first", "last")
ASIDE = ("destination", "station", "epoch", "seq", "revision", "arrived", "why")
EPOCH = ("station", "epoch")
# A fingerprint of ranges. Numbers of 53 bits are added up in halves: a thousand whole ones overflow SQLite's sum().
SUMS = "count(*), " + ", ".join(f"sum({end} & 4294967295), sum({end} >> 32)" for end in ("first", "last"))


def ledger(engine: Engine) -> dict[Name, Ranges]:
    """Return the ledger."""
    return _by_name(engine.query("SELECT station, epoch, first, last FROM ledger"))


def proven(engine: Engine, destination: str) -> dict[Name, Ranges]:
    """Return the records that a destination has."""
    sql = "SELECT station, epoch, first, last FROM forwarded WHERE destination = %s"
    return _by_name(engine.query(sql, (destination,)))


def aside(engine: Engine, destination: str) -> dict[Name, Ranges]:
    """Return the records that a destination refuses."""
    sql = "SELECT station, epoch, seq, seq FROM forward_aside WHERE destination = %s"
    return _by_name(engine.query(sql, (destination,)))


def waiting(engine: Engine, destination: str, stations: Iterable[str] = ()) -> dict[Name, Ranges]:
    """Return the backlog of a destination: records that it neither has nor refuses, of these stations (none: all)."""
    only = frozenset(stations)
    has, refused = proven(engine, destination), aside(engine, destination)
    found = {}
    for name, here in ledger(engine).items():
        if only and name[0] not in only:
            continue
        left = ranges.without(ranges.without(here, has.get(name, ())), refused.get(name, ()))
        if left:
            found[name] = left
    return found


def lock_epochs(engine: Engine, names: Iterable[Name]) -> None:
    """Lock these epochs until the transaction ends: nobody else writes records of them."""
    engine.lookup("epoch", EPOCH, EPOCH, sorted(set(names)), lock=True)


def add(engine: Engine, destination: str, seqs: Mapping[Name, Iterable[int]]) -> None:
    """Add records that a destination has; their epochs are locked."""
    for name, numbers in sorted(seqs.items()):
        new = ranges.of(sorted(numbers))
        before = _near(engine, (destination, *name), new)
        _write(engine, (destination, *name), before, ranges.union(before, new))


def reopen(engine: Engine, revised: Iterable[tuple[str, str, int]]) -> None:
    """Remove revised records of all destinations; the sink calls it, with their epochs locked."""
    seqs: dict[Name, list[int]] = {}
    for station, epoch, seq in revised:
        seqs.setdefault((station, epoch), []).append(seq)
    for name, numbers in sorted(seqs.items()):
        gone = ranges.of(sorted(numbers))
        sql = "SELECT DISTINCT destination FROM forwarded WHERE station = %s AND epoch = %s ORDER BY destination"
        for (destination,) in engine.query(sql, name):
            before = _near(engine, (destination, *name), gone)
            _write(engine, (destination, *name), before, ranges.without(before, gone))
        refused = engine.query("SELECT destination, seq FROM forward_aside WHERE station = %s AND epoch = %s", name)
        keys = sorted((destination, *name, seq) for destination, seq in refused if ranges.contains(gone, seq))
        engine.delete("forward_aside", ASIDE[:4], keys)


def _near(engine: Engine, key: tuple[str, str, str], seqs: Ranges) -> Ranges:
    """Return a destination's ranges that overlap or adjoin these numbers: there may be a hundred thousand others."""
    found = engine.touching("forwarded", FORWARDED[:3], [(*key, *pair) for pair in seqs])
    return ranges.ranges((first, last) for *_, first, last in found)


def _write(engine: Engine, key: tuple[str, str, str], before: Ranges, after: Ranges) -> None:
    stay, there = {first for first, _ in after}, set(before)
    engine.delete("forwarded", FORWARDED[:4], [(*key, first) for first, _ in before if first not in stay])
    engine.upsert("forwarded", FORWARDED, [(*key, *pair) for pair in after if pair not in there], FORWARDED[:4])


def _by_name(found: Iterable[tuple[str, str, int, int]]) -> dict[Name, Ranges]:
    pairs: dict[Name, list[tuple[int, int]]] = {}
    for station, epoch, first, last in found:
        pairs.setdefault((station, epoch), []).append((first, last))
    return {name: ranges.ranges(some) for name, some in pairs.items()}
