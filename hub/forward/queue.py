"""The queue of one destination in the hub's database: batches are chosen newest first, fixed, acknowledged, halved, or
set aside.

Each step is one transaction, so a kill at any instant at worst repeats a request with the same bytes. A batch's bytes
are committed before the first attempt: if the answer is lost, the request is repeated with the same idempotency key,
whatever has been revised meanwhile (a revision is then sent separately).
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
LOOK_US = 100_000_000  # microseconds after which all ranges are compared, even if the sums are equal
Encode = Callable[[str, Record], bytes]  # raises EncodeError


class DatabaseQueue:
    """One destination's queue. `stations`: only these (none: all); `events`: not only minutes; `utc`: microseconds."""

    def __init__(self, engine: Engine, destination: str, utc: Callable[[], int]) -> None:
        self._engine, self._utc = engine, utc
        self.destination = destination
        self.stations: tuple[str, ...] = ()
        self.events = False
        self._nothing_at: tuple[Any, ...] | None = None  # `_mark` when the backlog was empty
        self._absent: dict[Name, Ranges] = {}  # records in the ledger without a row, until the hub compares the two

    def lease(self, holder: str, clock: Clock, longest_s: float) -> Lease:
        """Return the lease of sending, which is not renewed during a request of up to `longest_s` seconds.

        Two hubs that both send do no harm, since they send the same bytes.
        """
        return Lease(self._engine, holder, clock, of_destination(self.destination), longest_s + ENDS_S)

    def batches(self) -> list[ForwardBatch]:
        """Return the batches in transit, the next one first."""
        sql = "SELECT batch, names, raw FROM forward_batch WHERE destination = %s ORDER BY batch DESC"
        found = self._engine.query(sql, (self.destination,))
        return [read(self.destination, number, names, bytes(raw)) for number, names, raw in found]

    def fill(self, most: int, encode: Encode) -> ForwardBatch | None:
        """Fix the next batch, of at most `most` records, newest first. Return it; None where the backlog is empty."""
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
        """Note that the destination has acknowledged a batch: its records that have not been revised meanwhile."""
        with self._engine.transaction():
            forwarded.lock_epochs(self._engine, (item[:2] for item in batch.items))
            keys = sorted(item[:3] for item in batch.items)
            now = {tuple(row[:3]): row[3] for row in self._engine.lookup("record", (*KEY, "revision"), KEY, keys)}
            same: dict[Name, list[int]] = {}
            for item in batch.items:
                if now.get(item[:3]) == item.revision:
                    same.setdefault(item[:2], []).append(item.seq)
            forwarded.add(self._engine, self.destination, same)
            self._delete(batch)
            newest = max((item.start for item in batch.items if item.start is not None), default=None)
            self._engine.query(
                "INSERT INTO forward_lane (destination, proven, tried, newest) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (destination) DO UPDATE SET proven = excluded.proven, tried = excluded.tried, why = NULL, "
                "newest = CASE WHEN forward_lane.newest IS NULL OR forward_lane.newest < excluded.newest "
                "THEN excluded.newest ELSE forward_lane.newest END",
                (self.destination, self._utc(), self._utc(), newest),
            )

    def halve(self, batch: ForwardBatch) -> None:
        """Replace a batch by its two halves."""
        with self._engine.transaction():
            self._delete(batch)
            self._keep(*batch.halves(max(batch.number + 1, self._next_number())))

    def set_aside(self, batch: ForwardBatch, why: Reason) -> None:
        """Set aside a batch of one record that the destination refuses, so that it blocks no other."""
        with self._engine.transaction():
            self._delete(batch)
            self._aside([(item, why) for item in batch.items])

    def failed(self, why: Reason) -> None:
        """Store why sending fails."""
        said = rows.text(json.dumps(why.builtins(), ensure_ascii=False))
        self._engine.query(
            "INSERT INTO forward_lane (destination, why, tried) VALUES (%s, %s, %s) "
            "ON CONFLICT (destination) DO UPDATE SET why = excluded.why, tried = excluded.tried",
            (self.destination, said, self._utc()),
        )

    def close(self) -> None:
        """Close the database."""
        self._engine.close()

    def _mark(self) -> tuple[Any, ...]:
        """Return a fingerprint of the ledger and of what the destination has: comparing all ranges costs far more.

        It also changes every LOOK_US, in case two changes cancelled each other out in the sums.
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
        """Return the newest records of the backlog that are not in transit, stations taking turns."""
        left = forwarded.waiting(self._engine, self.destination, self.stations)
        in_transit: dict[Name, list[int]] = {}
        for batch in self.batches():
            for item in batch.items:
                in_transit.setdefault(item[:2], []).append(item.seq)
        for name in left:
            out = ranges.union(ranges.of(sorted(in_transit.get(name, ()))), self._absent.get(name, ()))
            left[name] = ranges.without(left[name], out)
        return list(_in_turn(left, self._newest_epochs(), most))

    def _newest_epochs(self) -> list[Name]:
        sql = "SELECT station, epoch FROM epoch ORDER BY coalesce(arrived_last, 0) DESC, station, epoch"
        return [(station, epoch) for station, epoch in self._engine.query(sql)]

    def _fixed(self, chosen: list[tuple[str, str, int]], encode: Encode) -> ForwardBatch | None:
        """Store the batch of these records. Return it; None where none of them is to be sent."""
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
        """Return a number above all batches in transit."""
        sql = "SELECT coalesce(max(batch), 0) FROM forward_batch WHERE destination = %s"
        ((highest,),) = self._engine.query(sql, (self.destination,))
        return int(highest) + 1

    def _keep(self, *batches: ForwardBatch) -> None:
        kept = [(batch.destination, batch.number, batch.names, batch.raw) for batch in batches]
        self._engine.upsert("forward_batch", BATCH, kept, BATCH[:2])

    def _delete(self, batch: ForwardBatch) -> None:
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
    except Exception as error:  # noqa: BLE001  # a record may hold anything, and must block no other
        raise EncodeError(NOT_READ.having(why=f"{type(error).__name__}: {error}")) from None


def _in_turn(left: dict[Name, Ranges], epochs: list[Name], most: int) -> Iterator[tuple[str, str, int]]:
    """Yield the newest record of each station, then the next of each, at most `most`."""
    by_station: dict[str, list[Iterator[tuple[str, str, int]]]] = {}
    for name in epochs:
        if left.get(name):
            by_station.setdefault(name[0], []).append(_descending(name, left[name]))
    turns = [chain.from_iterable(some) for _, some in sorted(by_station.items())]
    while turns and most:
        for turn in list(turns):
            found = next(turn, None)
            if found is None:
                turns.remove(turn)
            elif most:
                most -= 1
                yield found


def _descending(name: Name, numbers: Ranges) -> Iterator[tuple[str, str, int]]:
    for first, last in reversed(numbers):
        yield from ((*name, seq) for seq in range(last, first - 1, -1))
