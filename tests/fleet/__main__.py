"""A fleet after an outage: `make bench-fleet`, ARGS="--stations 100 --days 10 --calm --waiting".

Stations with a backlog each (real stores and uplinks, contract version 2) send to a real Mosquitto, from which two hubs
take it into one real PostgreSQL, while each station goes on keeping a minute a minute. In the middle the broker, a hub
and the database are killed, and an old dump is put back. At the end every record is held against the stations' stores:
each there once, a sample of them byte by byte, the ledger and the hours. Printed: what it cost, and how long after it
was to be sent a live minute was committed, by PostgreSQL's own times of commit: of those that were due while the broker
or the database was away, or both hubs were, by what was away, and of all others, where they waited. A hub that was
killed excuses nothing, for the other one is there. Exit code 1: something is lost or wrong.

`--calm`: nothing is killed. `--waiting`: the hubs are away until the broker has it all.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.fleet import proof
from tests.fleet.ground import Ground, standing
from tests.kits.broker import until
from tests.kits.sink_kit import query

EVERY_S = 2.0
AWAY_S = 5.0  # for which what was killed stays away
DUMP_S = 3600.0  # that a dump of a fleet may take at most
QUIET_S = 65.0  # a minute of each station with nothing beside it
LIVE_S = 5.0  # a minute is to be committed this long after it was sent
PERIOD_S = 30  # in which late minutes are counted together
SETTLED_S = 15.0  # after a hub is connected again, for which a station may still be in a pause between two tries
Kept = dict[proof.Name, proof.LiveMinute]


class Run:
    """One run: what has befallen it, and when each live minute was committed."""

    def __init__(self, ground: Ground, total: int, minutes: int) -> None:
        self.ground, self.total, self.minutes = ground, total, minutes
        self.kept: Kept = {}
        self.outages: list[tuple[str, float, float]] = []
        self.began = self._told = time.monotonic()
        self.began_utc = time.time()

    def wait(self, holds: Callable[[], object], seconds: float = 36000.0) -> None:
        """Wait until something holds; look at what it costs meanwhile."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, "did not come about in time"
            assert all(one.runs for one in self.ground.stations), "a process of stations has ended"
            self.ground.cost.look()
            if time.monotonic() - self._told > 30:
                self.say(f"{self.committed():,} of {self.total:,} records, {self.ground.open:,} open")
            time.sleep(EVERY_S)

    def say(self, what: str) -> None:
        """Print a line with the time since the begin."""
        self._told = time.monotonic()
        print(f"{self._told - self.began:7.0f} s  {what}", flush=True)

    def committed(self) -> int:
        """Return how many records the ledger names."""
        found = query(self.ground.url, "SELECT coalesce(sum(last - first + 1), 0) FROM ledger")
        return int(found[0][0])

    def has(self, part: float) -> bool:
        """Return whether this part of the backlog, 0 to 1, is committed."""
        return self.committed() >= part * self.total

    def look_at_live(self) -> None:
        """Keep when the live minutes were committed: what is put back later has the time of that."""
        found = proof.commits(self.ground.url, self.ground.folder / "stations", self.minutes + 1)
        for name, minute in found.items():
            if name not in self.kept or self.kept[name].late > minute.late:
                self.kept[name] = minute

    def befall(self, what: str, harm: Callable[[], object], mend: Callable[[], object], all_away: bool = True) -> None:
        """Let something be away for a while; `all_away`: no minute can be committed, until a hub is connected again."""
        begin, connected = time.time(), self.ground.connected
        self.ground.cost.look()
        harm()
        time.sleep(AWAY_S)
        mend()
        self.wait(lambda: self.ground.connected > connected)
        if all_away:
            self.outages.append((what, begin - LIVE_S, time.time() + SETTLED_S))
        self.say(f"{what}, {time.time() - begin:.0f} s")

    def restore(self, dump: Path) -> None:
        """Put an old dump back."""
        self.look_at_live()
        ground = self.ground
        before = self.committed()
        for hub in ground.hubs:
            hub.end(signal.SIGTERM)
        code, said = ground.hubs[0].asked("restore", "--from", str(dump), within=DUMP_S)
        assert code == 0, said
        self.say(f"{self.committed():,} records after the restore, of {before:,}")
        for hub in ground.hubs:
            hub.start()


def troubles(run: Run) -> Iterator[tuple[float, Callable[[], None]]]:
    """Yield by which part of the records, in order, what befalls the fleet."""
    ground, (first, _) = run.ground, run.ground.hubs
    dump = ground.folder / "dump"

    def backup() -> None:
        began = time.monotonic()
        code, said = first.asked("backup", "--out", str(dump), within=DUMP_S)
        assert code == 0, said
        run.say(f"a backup, {time.monotonic() - began:.0f} s")

    yield 0.15, lambda: run.befall("the broker was killed", ground.broker.kill, ground.broker.start)
    yield 0.30, lambda: run.befall("a hub was killed", first.kill, first.start, all_away=False)
    yield 0.40, backup
    yield 0.50, lambda: run.befall("the database was killed", ground.cluster.kill, ground.cluster.start)
    yield 0.65, lambda: run.befall("an old dump was put back", lambda: run.restore(dump), lambda: None)


def drained(ground: Ground, stations: int, minutes: int, calm: bool, waiting: bool) -> Run:
    """Let all of it come in, whatever befalls it. Return the run."""
    total = stations * (minutes + 1)
    run = Run(ground, total, minutes)
    for hub in ground.hubs:  # the broker knows them from now on
        hub.start()
    until(lambda: ground.connected >= len(ground.hubs), 120)
    if waiting:
        for hub in ground.hubs:
            hub.end(signal.SIGTERM)
    ground.start_stations(stations, minutes)
    run.wait(lambda: ground.told)
    for one in ground.stations:
        one.go_on()
    run.say(f"{stations} stations begin with {total:,} records")
    if waiting:
        run.wait(lambda: ground.unsent == 0)
        run.say(f"{ground.open:,} wait at the broker")
        for hub in ground.hubs:
            hub.start()
    began = time.monotonic()
    for part, befalls in () if calm else troubles(run):
        run.wait(partial(run.has, part))
        befalls()
    run.wait(partial(run.has, 1.0))
    run.say(f"the backlog is here: {total / (time.monotonic() - began):,.0f} records in a second")
    time.sleep(QUIET_S)
    for one in ground.stations:
        one.go_on()
    run.wait(lambda: ground.told and ground.open == 0)
    run.say(f"all is proven, {ground.made:,} live minutes among it")
    run.look_at_live()
    for one in ground.stations:
        one.end()
    return run


def report(run: Run, stations: int) -> list[str]:
    """Print the figures. Return the complaints."""
    ground = run.ground
    count = run.total + ground.made
    size = query(ground.url, "SELECT pg_database_size(current_database()), pg_total_relation_size('record')")[0]
    print(f"database: {size[0] / count:,.0f} bytes a record, {size[1] / count:,.0f} of them in `record`")
    for part, seconds in ground.cost.seconds().items():
        print(f"CPU of {part}: {seconds:,.0f} s, {seconds / count * 1e6:,.0f} us a record")
    print(f"the most memory of a hub: {ground.cost.peak / 1e6:.0f} MB")
    for line in waits(run):
        print(line)
    return list(proof.complaints(ground.url, ground.folder / "stations", stations))


def waits(run: Run) -> Iterator[str]:
    """Yield how long live minutes waited, those by which nothing was away last, and where those did."""
    left = [*run.kept.values()]
    for what, begin, end in run.outages:
        beside = [minute for minute in left if begin <= minute.due <= end]
        left = [minute for minute in left if not begin <= minute.due <= end]
        yield f"live minutes due when {what}, {end - begin:.0f} s in all: {spread([minute.late for minute in beside])}"
    yield f"live minutes due at any other time: {spread([minute.late for minute in left])}"
    for where, each in zip(STAGES, zip(*(minute.stages for minute in left))):
        yield f"    of that {where}: {spread(each)}"
    late = Counter(int((minute.due - run.began_utc) // PERIOD_S) for minute in left if minute.late > LIVE_S)
    for period, count in sorted(late.items()):
        yield f"    later than {LIVE_S:g} s of those due from {period * PERIOD_S} s on: {count}"


def spread(late: Sequence[float]) -> str:
    """Return how many there are, quantiles, the latest, and how many were later than they are to be."""
    if not late:
        return "none"
    order = sorted(late)
    told = ", ".join(f"{name} {order[int(part * (len(order) - 1))]:.2f} s" for name, part in QUANTILES)
    return f"{len(order):,}: {told}; {sum(one > LIVE_S for one in order):,} after more than {LIVE_S:g} s"


STAGES = ("at the station", "at the broker and in a hub's inbox", "until the commit")
QUANTILES = (("median", 0.5), ("90 %", 0.9), ("99 %", 0.99), ("latest", 1.0))


def main() -> int:
    """Run the fleet that the arguments want. Return 1 where something is lost or wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--days", type=float, default=1.0, help="of backlog each")
    parser.add_argument("--calm", action="store_true", help="nothing is killed")
    parser.add_argument("--waiting", action="store_true", help="the hubs are away until the broker has all of it")
    wanted = parser.parse_args()
    minutes = round(wanted.days * 1440)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what runs is ended then, too
    with tempfile.TemporaryDirectory(prefix="minshan-fleet-") as folder, standing(Path(folder)) as ground:
        run = drained(ground, wanted.stations, minutes, wanted.calm, wanted.waiting)
        complaints = report(run, wanted.stations)
    for complaint in complaints[:20]:
        print(f"    {complaint}")
    print(f"{len(complaints)} complaints" if complaints else "nothing is lost, twice or wrong")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
