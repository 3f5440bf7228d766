"""The queue of one destination, in the hub's database: chosen newest first, fixed, proven, halved, set aside.

Every step is one transaction, so that a kill at any instant repeats a request with the same bytes at worst. The bytes
of a batch stand in the database before the first try: an answer that was lost is asked for again with the same
idempotency key, whatever has been revised meanwhile (the revision is then sent by itself).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import msgspec

from drivers.clock import Clock
from drivers.reason import Reason
from edge.forward.batch import BatchItem, ForwardBatch, read
from edge.northbound.verdict import EncodeError
from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.record import Kind, Record
from hub.database import forwarded, rows
from hub.database.engine import Engine
from hub.database.forwarded import Name
from hub.database.lease import ENDS_S, Lease, of_destination
from hub.database.rows import KEY

BATCH = ("destination", "batch", "names", "raw")
READ = (*KEY, "revision", "kind", "raw")
NOT_READ = Reason("record_not_understood", "the record is not understood: {why}", why="")
LOOK_US = 100_000_000  # microseconds after which all is compared whatever the sums are
Encode = Callable[[str, Record], bytes]  # raises EncodeError


class DatabaseQueue:
    """One destination's. `stations`: these alone (none: all); `events`: what is no minute too; `utc`: microseconds."""

    def __init__(self, engine: Engine, destination: str, utc: Callable[[], int]) -> None:
        self._engine, self._utc = engine, utc
        self.destination = destination
        self.stations: tuple[str, ...] = ()
        self.events = False
        self._nothing_at: tuple[Any, ...] | None = None  # the store's state when nothing was waiting
        self._absent: dict[Name, Ranges] = {}  # what the ledger names and is not there, until the hub compares the two

    def lease(self, holder: str, clock: Clock, longest_s: float) -> Lease:
        """Return the lease of who sends, whose holder is silent for a request: `longest_s` seconds.

        Two hubs that both send do no harm, since they send the same bytes.
        """
        return Lease(self._engine, holder, clock, of_destination(self.destination), longest_s + ENDS_S)

    def batches(self) -> list[ForwardBatch]:
        """Return what is on its way, what goes first first."""
        sql = "SELECT batch, names, raw FROM forward_batch WHERE destination = %s ORDER BY batch DESC"
        found = self._engine.query(sql, (self.destination,))
        return [read(self.destination, number, names, bytes(raw)) for number, names, raw in found]

    def fill(self, most: int, encode: Encode) -> ForwardBatch | None:
        """Fix the next batch, of `most` records, newest first. Return it; None where nothing waits."""
        mark = self._mark()
        if mark == self._nothing_at:
            return None
        while chosen := self._chosen(most):
            with self._engine.transaction():
                batch = self._fixed(chosen, encode)
            if batch is not None:
                return batch
        self._nothing_at = mark
        return None

    def proven(self, batch: ForwardBatch) -> None:
        """Note that the destination has a batch: each record of it that has not been revised meanwhile."""
        with self._engine.transaction():
            forwarded.lock_epochs(self._engine, (item[:2] for item in batch.items))
            keys = sorted(item[:3] for item in batch.items)
            now = {tuple(row[:3]): row[3] for row in self._engine.lookup("record", (*KEY, "revision"), KEY, keys)}
            same: dict[Name, list[int]] = {}
            for item in batch.items:
                if now.get(item[:3]) == item.revision:
                    same.setdefault(item[:2], []).append(item.seq)
            forwarded.add(self._engine, self.destination, same)
            self._gone(batch)
            newest = max((item.start for item in batch.items if item.start is not None), default=None)
            self._engine.query(
                "INSERT INTO forward_lane (destination, proven, tried, newest) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (destination) DO UPDATE SET proven = excluded.proven, tried = excluded.tried, why = NULL, "
                "newest = CASE WHEN forward_lane.newest IS NULL OR forward_lane.newest < excluded.newest "
                "THEN excluded.newest ELSE forward_lane.newest END",
                (self.destination, self._utc(), self._utc(), newest),
            )

    def halve(self, batch: ForwardBatch) -> None:
        """Put the two halves of a batch in its place."""
        with self._engine.transaction():
            self._gone(batch)
            self._keep(*batch.halves(max(batch.number + 1, self._next_number())))

    def set_aside(self, batch: ForwardBatch, why: Reason) -> None:
        """Note that the destination does not take a batch of one record, so that it holds up no other."""
        with self._engine.transaction():
            self._gone(batch)
            self._aside([(item, why) for item in batch.items])

    def failed(self, why: Reason) -> None:
        """Note why nothing gets through."""
        said = rows.text(json.dumps(why.builtins(), ensure_ascii=False))
        self._engine.query(
            "INSERT INTO forward_lane (destination, why, tried) VALUES (%s, %s, %s) "
            "ON CONFLICT (destination) DO UPDATE SET why = excluded.why, tried = excluded.tried",
            (self.destination, said, self._utc()),
        )

    def close(self) -> None:
        """Let the database go."""
        self._engine.close()

    def _mark(self) -> tuple[Any, ...]:
        """Return what is another when the ledger or what is proven is: to compare all ranges costs far more.

        Every hundred seconds it is another anyway, should two changes have undone each other in it.
        """
        here = self._engine.query(f"SELECT {forwarded.SUMS} FROM ledger")
        there = self._engine.query(
            f"SELECT {forwarded.SUMS} FROM forwarded WHERE destination = %s", (self.destination,)
        )
        ((aside,),) = self._engine.query(
            "SELECT count(*) FROM forward_aside WHERE destination = %s", (self.destination,)
        )
        return here, there, aside, self._utc() // LOOK_US

    # -- choosing ------------------------------------------------------------------------------------------

    def _chosen(self, most: int) -> list[tuple[str, str, int]]:
        """Return what waits and is not on its way: of each station in turn its newest."""
        left = forwarded.waiting(self._engine, self.destination, self.stations)
        on_its_way: dict[Name, list[int]] = {}
        for batch in self.batches():
            for item in batch.items:
                on_its_way.setdefault(item[:2], []).append(item.seq)
        for name in left:
            out = ranges.union(ranges.of(sorted(on_its_way.get(name, ()))), self._absent.get(name, ()))
            left[name] = ranges.without(left[name], out)
        return list(_in_turn(left, self._newest_epochs(), most))

    def _newest_epochs(self) -> list[Name]:
        sql = "SELECT station, epoch FROM epoch ORDER BY coalesce(arrived_last, 0) DESC, station, epoch"
        return [(station, epoch) for station, epoch in self._engine.query(sql)]

    def _fixed(self, chosen: list[tuple[str, str, int]], encode: Encode) -> ForwardBatch | None:
        """Return the batch that these come to, kept; None where none of them is to be sent."""
        forwarded.lock_epochs(self._engine, (key[:2] for key in chosen))
        found = {tuple(row[:3]): row[3:] for row in self._engine.lookup("record", READ, KEY, sorted(chosen))}
        passed: dict[Name, list[int]] = {}
        refused: list[tuple[BatchItem, Reason]] = []
        items, lines = [], []
        for key in sorted(chosen):
            if key not in found:
                continue
            revision, kind, raw = found[key]
            if kind != Kind.MINUTE and not self.events:
                passed.setdefault(key[:2], []).append(key[2])
                continue
            item = BatchItem(*key, revision, None)
            try:
                start, line = _line(key[0], bytes(raw), encode)
            except EncodeError as error:
                refused.append((item, error.reason))
                continue
            items.append(item._replace(start=start))
            lines.append(line)
        forwarded.add(self._engine, self.destination, passed)
        self._aside(refused)
        for station, epoch, seq in set(chosen) - set(found):
            self._absent[station, epoch] = ranges.union(self._absent.get((station, epoch), ()), ((seq, seq),))
        if not items:
            return None
        batch = ForwardBatch(self.destination, self._next_number(), items, lines)
        self._keep(batch)
        return batch

    def _next_number(self) -> int:
        """Return a number above all that are on their way."""
        sql = "SELECT coalesce(max(batch), 0) FROM forward_batch WHERE destination = %s"
        ((highest,),) = self._engine.query(sql, (self.destination,))
        return int(highest) + 1

    def _keep(self, *batches: ForwardBatch) -> None:
        kept = [(batch.destination, batch.number, batch.names, batch.raw) for batch in batches]
        self._engine.upsert("forward_batch", BATCH, kept, BATCH[:2])

    def _gone(self, batch: ForwardBatch) -> None:
        self._engine.delete("forward_batch", BATCH[:2], [(batch.destination, batch.number)])

    def _aside(self, refused: list[tuple[BatchItem, Reason]]) -> None:
        now = self._utc()
        kept = [
            (self.destination, *item[:4], now, rows.text(json.dumps(why.builtins(), ensure_ascii=False)))
            for item, why in refused
        ]
        self._engine.upsert("forward_aside", forwarded.ASIDE, kept, forwarded.ASIDE[:4])


def _line(station: str, raw: bytes, encode: Encode) -> tuple[int | None, bytes]:
    """Return a record's start and its line. Raise EncodeError."""
    try:
        record = msgspec.json.decode(raw, type=Record)
        return record.start, encode(station, record)
    except EncodeError:
        raise
    except Exception as error:  # noqa: BLE001  # a record may hold anything, and holds up no other
        raise EncodeError(NOT_READ.having(why=f"{type(error).__name__}: {error}")) from None


def _in_turn(left: dict[Name, Ranges], epochs: list[Name], most: int) -> Iterator[tuple[str, str, int]]:
    """Yield the newest of each station, then the next of each, at most so many."""
    by_station: dict[str, list[Iterator[tuple[str, str, int]]]] = {}
    for name in epochs:
        if left.get(name):
            by_station.setdefault(name[0], []).append(_falling(name, left[name]))
    turns = [chain.from_iterable(some) for _, some in sorted(by_station.items())]
    while turns and most:
        for turn in list(turns):
            found = next(turn, None)
            if found is None:
                turns.remove(turn)
            elif most:
                most -= 1
                yield found


def _falling(name: Name, numbers: Ranges) -> Iterator[tuple[str, str, int]]:
    for first, last in reversed(numbers):
        yield from ((*name, seq) for seq in range(last, first - 1, -1))
