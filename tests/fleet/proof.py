"""What a fleet's run is held against at its end: the stations' own stores, record by record and byte by byte."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from edge.northbound import version1
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.send_queue import phase
from edge.wire.contract import encode
from hub.database.engine import opened
from tests.fleet.stations import MINUTE, named
from tests.kits.sink_kit import query

Name = tuple[str, int]  # station, seq
SAMPLE = 20  # records of a station of which the bytes are compared
COMMITTED = (
    "SELECT station, seq, start, arrived, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint "
    "FROM record WHERE kind = 'minute' AND seq > %s"
)


class LiveMinute(NamedTuple):
    """When a minute was to be sent, was first handed to the broker, was read by a hub, was committed; s since 1970."""

    due: float
    handed: float
    read: float
    committed: float

    @property
    def late(self) -> float:
        """For how long after it was due it was not committed, s."""
        return self.committed - self.due

    @property
    def stages(self) -> tuple[float, float, float]:
        """What of that passed at the station, between it and a hub's reading, and until the commit, s."""
        return self.handed - self.due, self.read - self.handed, self.committed - self.read


def commits(url: str, folder: Path, last_of_backlog: int) -> dict[Name, LiveMinute]:
    """Return the live minutes. Stations spread what they send live over ten seconds, each with a wait of its own."""
    engine = opened(url)
    found = engine.query(COMMITTED, (last_of_backlog,))
    engine.close()
    sent = {path.stem: [*map(int, path.read_text().split())] for path in folder.glob("*.sent")}
    kept = {}
    for station, seq, start, read, committed in found:
        told = sent.get(station, [])
        place = bisect_left(told[::2], seq)  # the first message that may have it
        handed = min(read, told[2 * place + 1]) if 2 * place < len(told) else read
        kept[station, seq] = LiveMinute(
            start / 1e6 + MINUTE + phase(station), handed / 1e6, read / 1e6, committed / 1e6
        )
    return kept


def complaints(url: str, folder: Path, stations: int) -> Iterator[str]:
    """Yield what is lost, twice, wrong, or not named by the ledger. The key of `record` allows nothing twice."""
    there = {line[:2]: line[2:] for line in query(url, COUNTED)}
    ledger = {(station, epoch): (first, last) for station, epoch, first, last in query(url, LEDGER)}
    engine = opened(url)
    for number in range(stations):
        store = Store.open(folder / named(number), epoch=f"epoch-{number}", destinations=(PLATFORM,))
        name, last = (named(number), store.epoch), store.next_seq - 1
        if there.pop(name, None) != (last, 1, last):
            yield f"lost: {name} has {last} records, the database {there.get(name)}"
        if ledger.pop(name, None) != (1, last):
            yield f"wrongly proven: the ledger of {name} is not 1 to {last}"
        seqs = [1, last, *random.Random(number).sample(range(1, last), SAMPLE - 2)]
        for seq in seqs:
            (record,) = store.range(seq, seq)
            found = engine.query("SELECT raw FROM record WHERE station = %s AND epoch = %s AND seq = %s", (*name, seq))
            sent = encode(record), encode(version1.records([record])[0])  # a while after nobody listened: version 1
            if found not in [[(one,)] for one in sent]:
                yield f"wrong: {name} {seq} is {found}, and was {encode(record)!r}"
        store.close()
    engine.close()
    if there or ledger:
        yield f"doubled: {[*there, *ledger][:5]} are no station's"
    if uncounted := query(url, HOURS):
        yield f"wrong: {len(uncounted)} hours do not hold the minutes that there are: {uncounted[:3]}"


COUNTED = "SELECT station, epoch, count(*), min(seq), max(seq) FROM record GROUP BY station, epoch"
LEDGER = "SELECT station, epoch, first, last FROM ledger"
HOURS = (
    "SELECT station, sum(n) FROM (SELECT station, count(*) AS n FROM record WHERE kind = 'minute' GROUP BY station "
    "UNION ALL SELECT station, -(good + suspect + bad + missing) FROM hourly WHERE channel = 'air_temperature') "
    " AS each GROUP BY station HAVING sum(n) <> 0"
)
