"""A captured day end to end while station, broker, hub and database are killed, and one with the receiver away.

Eight kills by default; `--kills 100` shares out a hundred over three days.
"""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kits.broker import Broker, until
from tests.kits.days import Day, read_day
from tests.kits.hub_process import Hub
from tests.kits.postgres import Cluster, running_cluster
from tests.kits.sink_kit import query
from tests.system.test_capture_day import await_rows, capture, check_day, demo, ended, rows, start

DAYS = ("2021-06-01", "2019-08-04", "2021-05-04")
FEW = 8  # kills of the first day alone, which then runs at
FAST, SLOW = 1500, 300  # times real time, or slower where there are more of them
LEFT = 0.8  # of the day that is to be over when the last one is killed
LOST = 10  # minutes that a database loses
WHOLE = ("--station", "demo", "--from", "2000-01-01", "--to", "2100-01-01")


class Parts:
    """What is killed: a station on a day, a broker, a hub, its database. `counts`: how often each was."""

    def __init__(self, folder: Path, cluster: Cluster, day: str, speed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._cluster, self._words = cluster, (day, folder / "state")
        self.broker = Broker(folder, persistent=True, queue=1000).start()
        self._speed = ("--speed", speed, "--broker", self.broker.url, "--proof", "committed")
        self.hub = Hub(folder, self.broker.url, cluster.database()).start()
        self.station = demo(*self._words, *self._speed)

    def minutes(self) -> int:
        """Return how many the database has."""
        return int(query(self.hub.url, "SELECT count(*) FROM record WHERE kind = 'minute'")[0][0])

    def kill(self, part: str) -> None:
        """Kill a part and start it again; a station that has come to its end is not there to be killed."""
        if part == "station" and self.station.poll() is not None:
            return
        self.counts[part] += 1
        {"station": self._station, "broker": self._broker, "hub": self._hub, "database": self._database}[part]()

    def close(self) -> None:
        """End what runs."""
        self.station.kill()
        self.station.communicate()
        self.hub.kill()
        self.broker.stop()

    def _station(self) -> None:
        self.station.send_signal(signal.SIGKILL)
        self.station.communicate()
        self.station = demo(*self._words, *self._speed)

    def _broker(self) -> None:
        self.broker.kill()
        self.broker.start()

    def _hub(self) -> None:
        self.hub.kill()
        self.hub.start()

    def _database(self) -> None:
        self._cluster.kill()
        self._cluster.start()


@pytest.fixture(name="parts")
def running_parts(tmp_path: Path) -> Iterator[Callable[[str, int], Parts]]:
    """Give what starts the parts, each day's in a folder of its own."""
    made: list[Parts] = []
    with running_cluster() as cluster:

        def begun(day: str, speed: int) -> Parts:
            (folder := tmp_path / day).mkdir()
            made.append(Parts(folder, cluster, day, speed))
            return made[-1]

        yield begun
        for parts in made:
            parts.close()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_kills_at_any_instant_lose_and_double_nothing(
    parts: Callable[[str, int], Parts], request: pytest.FixtureRequest
) -> None:
    """Station, broker, hub and database are killed at random: every minute is in the database once, as the capture's
    file has it, the ledger says so, and what a database loses later is the one hole that the hub names."""
    kills = request.config.getoption("--kills")
    counts: Counter[str] = Counter()
    for name in DAYS[:1] if kills <= FEW else DAYS:
        some = kills if kills <= FEW else -(-kills // len(DAYS))
        running = parts(name, FAST if kills <= FEW else SLOW)
        day = read_day(capture(name))
        killed(running, random.Random(name), some, len(day.minutes))
        ended(running.station, 900)
        check(running, day)
        counts += running.counts
        print(f"{name}: {dict(running.counts)}")
        running.close()
    assert set(counts) == {"station", "broker", "hub", "database"}


def killed(parts: Parts, rng: random.Random, kills: int, minutes: int) -> None:
    """Kill one part after the other, each once at first, each after some more minutes of the day have arrived."""
    order = ["station", "broker", "hub", "database"]
    rng.shuffle(order)
    order += rng.choices(order, k=max(0, kills - len(order)))
    for number, part in enumerate(order[:kills]):
        most = LEFT * minutes * (number + 1) / kills
        while parts.minutes() < most and parts.station.poll() is None:
            time.sleep(0.5)
        time.sleep(rng.uniform(0, 0.3))
        parts.kill(part)


def check(parts: Parts, day: Day) -> None:
    """Hold what the database has against the capture, and what the hub says is missing against what is."""
    said = parts.hub.asked("export", *WHOLE, "--format", "jsonl")[1]
    check_day([json.loads(line) for line in said.splitlines() if line.startswith("{")], day)
    ((first, last, count),) = query(parts.hub.url, "SELECT min(seq), max(seq), count(*) FROM record")
    assert (first, count) == (1, last), "a number is there once in all of a store's life"
    assert query(parts.hub.url, "SELECT sum(last - first + 1) FROM ledger") == [(count,)]
    before = gaps(parts)
    assert not [gap for gap in before if gap["records"]], "all that was measured is here"
    begin, end = lose_some(parts)
    (gap,) = [gap for gap in gaps(parts) if gap not in before]
    lost = {"start_us": begin, "end_us": end, "cause": "not_received", "records": LOST, "why": None, "undated": 0}
    assert gap == lost


def gaps(parts: Parts) -> list[dict[str, Any]]:
    """Return the gaps that the hub names, of the days with minutes."""
    found = query(parts.hub.url, "SELECT DISTINCT CAST(day AS text) FROM minute ORDER BY 1")
    said = [parts.hub.asked("gaps", "--day", day, "--json")[1] for (day,) in found]
    return [gap for line in "".join(said).splitlines() for gap in json.loads(line)["gaps"]]


def lose_some(parts: Parts) -> tuple[int, int]:
    """Take minutes out of the database while no hub runs, and start one. Return their span, microseconds UTC."""
    parts.hub.end()
    found = query(parts.hub.url, "SELECT start, seq FROM record WHERE kind = 'minute' ORDER BY seq")
    begin = next(
        first
        for first, last in zip(found[len(found) // 2 :], found[len(found) // 2 + LOST - 1 :])
        if (last[1] - first[1], last[0] - first[0]) == (LOST - 1, (LOST - 1) * 60_000_000)
    )
    seqs = (begin[1], begin[1] + LOST - 1)
    query(parts.hub.url, "DELETE FROM record WHERE seq BETWEEN {} AND {}".format(*seqs))
    parts.hub.start()
    until(lambda: "records are missing from" in parts.hub.said, 60)
    return begin[0], begin[0] + LOST * 60_000_000


class Watching:
    """A receiver with its lines that may be killed and started again."""

    def __init__(self, broker: Broker, jsonl: Path) -> None:
        self._words = ("watch", "--broker", broker.url, "--jsonl", jsonl)
        self.process = start(*self._words)

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal."""
        self.process.send_signal(number)
        self.process.communicate(timeout=30)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_captured_day_with_the_receiver_away_is_whole(tmp_path: Path) -> None:
    """The receiver is away for the whole day: the broker drops what it can't keep, and all of it comes afterwards."""
    broker = Broker(tmp_path, persistent=True, queue=1000).start()
    day = read_day(capture("2021-06-01"))
    jsonl = tmp_path / "day.jsonl"
    Watching(broker, jsonl).end()  # it was there once: the broker keeps messages for it
    station = demo("2021-06-01", tmp_path / "state", "--speed", 3600, "--broker", broker.url)
    time.sleep(40)  # the day is over after 24 s
    assert station.poll() is None, "the station ended although nobody had what it sent"
    assert not jsonl.exists() or not rows(jsonl)
    watching = Watching(broker, jsonl)
    ended(station, 300)
    found = await_rows(jsonl, lambda got: len(got) >= len(day.minutes))
    watching.end()
    broker.stop()
    check_day(found, day)
