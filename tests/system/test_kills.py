"""A captured day end to end while station, receiver and broker are killed at random, and one with the receiver away."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kits.broker import Broker
from tests.kits.days import read_day
from tests.system.test_capture_day import await_rows, capture, check_day, demo, ended, rows, start

KILLS = 34  # of each day; a hundred in all


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Run a broker as Debian packages it: what it holds is on the disk, a thousand messages for one that is away."""
    broker = Broker(tmp_path, persistent=True, queue=1000).start()
    yield broker
    broker.stop()


class Watching:
    """A receiver with its lines that may be killed and started again."""

    def __init__(self, broker: Broker, jsonl: Path) -> None:
        self._words = ("watch", "--broker", broker.url, "--jsonl", jsonl)
        self.process = start(*self._words)

    def again(self) -> None:
        """Start it anew."""
        self.process = start(*self._words)

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal."""
        self.process.send_signal(number)
        self.process.communicate(timeout=30)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["2019-08-04", "2021-05-04", "2021-06-01"])
def test_kills_at_random_instants_lose_nothing(tmp_path: Path, broker: Broker, name: str) -> None:
    """Station, receiver and broker are killed at random: every minute arrives, once, as the capture's file has it.

    A receiver that dies between its lines and its ledger is sent those lines again, equal to the byte.
    """
    rng = random.Random(name)
    day = read_day(capture(name))
    jsonl, state = tmp_path / "day.jsonl", tmp_path / "state"
    words = ("--speed", 1500, "--broker", broker.url)
    watching = Watching(broker, jsonl)
    station = demo(name, state, *words)
    killed: Counter[str] = Counter()
    for _ in range(KILLS):
        time.sleep(rng.uniform(0.5, 3.0))
        which = rng.choices(("station", "receiver", "broker"), (0.6, 0.25, 0.15))[0]
        killed[which] += 1
        if which == "station":
            station = _killed(station, name, state, words)
        elif which == "receiver":
            watching.end(signal.SIGKILL)
            watching.again()
        else:
            broker.stop(signal.SIGKILL)
            broker.start()
    ended(station, 600)
    found = _once(await_rows(jsonl, lambda got: len({row["time"] for row in got}) >= len(day.minutes)))
    watching.end()
    print(f"{name}: killed {dict(killed)}, {len({row['epoch'] for row in found})} starts with minutes")
    check_day(found, day)


def _killed(station: subprocess.Popen[bytes], name: str, state: Path, words: tuple[object, ...]) -> Any:
    station.send_signal(signal.SIGKILL)
    station.communicate()
    return demo(name, state, *words)


def _once(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out lines that are equal but for when they came."""
    return list({str(sorted((k, str(v)) for k, v in row.items() if k != "arrived")): row for row in found}.values())


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_captured_day_with_the_receiver_away_is_whole(tmp_path: Path, broker: Broker) -> None:
    """The receiver is away for the whole day: the broker drops what it can't keep, and all of it comes afterwards."""
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
    check_day(found, day)
