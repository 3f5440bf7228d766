"""A station passes its records on to other platforms beside its own: each has all of them once, whatever befalls."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from edge.budget.budget import Budget, Terms
from edge.budget.meter import Use
from edge.clock.clock import SystemClock
from edge.config.file import load
from edge.config.sections import BrokerSection
from edge.control.status import forward
from edge.daemon import open_store
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from provisioning.doctor.destinations import destinations
from tests.kits.broker import Broker, until
from tests.kits.http_platform import Platform
from tests.kits.station_forwards import DrivenStation, StationProcess, file_of, http, redate
from tests.kits.store_kit import MINUTE

Made = Callable[..., DrivenStation]


@pytest.fixture(name="made")
def stations_that_are_closed() -> Iterator[Made]:
    """Give what makes stations, which are closed at the end."""
    stations: list[DrivenStation] = []

    def make(file: Path, epoch: str = "e1", budget: Budget | None = None) -> DrivenStation:
        stations.append(DrivenStation(file, epoch, budget))
        return stations[-1]

    yield make
    for station in stations:
        station.close()


def test_three_platforms_have_it_each_in_its_words(
    platform: Platform, broker: Broker, made: Made, tmp_path: Path
) -> None:
    """One that is away delays no other. What is no minute goes to the one that wants it; what has no time yet waits for
    it, and what is dated anew comes again."""
    mqtt = f'[[forward]]\nname = "agri"\nkind = "mqtt-json"\nurl = "{broker.url}"\ntopic = "weather/{{station}}"\n'
    file = file_of(tmp_path, http("away", "http://127.0.0.1:9/"), http("county", platform.url, "events = true\n"), mqtt)
    county = connect(BrokerSection(url=broker.url), Session("reader", ("weather/#",)))
    station = made(file)
    station.minutes(*range(1, 21))
    station.event(21)
    station.minutes(22, dated=False)
    station.steps(2, 0)
    station.until(lambda: platform.seqs() == list(range(1, 22)), 1)
    station.until(lambda: station.waits(2) == 1, 2)
    assert [station.waits(place) for place in range(3)] == [21, 1, 1]
    away, has = (forward(station.store, queue) for queue in station.forwarding.queues[:2])
    assert away.trouble is not None
    assert (away.newest, has.newest) == (None, 20 * MINUTE)
    redate(station.store, "boot-1")
    station.until(lambda: len(platform.stored()) == 43, 1)
    station.until(lambda: station.waits(2) == 0, 2)
    assert all(len(keys) == 1 for keys in platform.stored().values())
    heard: list[int] = []
    while len(heard) < 41 and county.wait(county._clock.now() + 5.0):
        for message in county.incoming:
            heard.append(json.loads(message.payload)["seq"])
            county.ack(message)
        county.incoming.clear()
    assert sorted(heard) == sorted([*range(1, 21), *range(1, 21), 22])
    county.close()


def test_after_a_restart_the_same_bytes_come_under_the_same_key(platform: Platform, made: Made, tmp_path: Path) -> None:
    """The answer is lost, the station starts anew, the records get another time: what was sent comes again to the byte,
    and then the later revisions, each under one key."""
    file = file_of(tmp_path, http("county", platform.url))
    station = made(file)
    station.minutes(*range(1, 6))
    platform.mode("reset")
    station.steps(1)
    station.close()
    again = made(file, "e2")
    redate(again.store, "boot-1")
    platform.mode("ok")
    again.until(lambda: again.waits() == 0)
    first, second, third = platform.requests()
    assert (first["key"], first["body"]) == (second["key"], second["body"])
    assert {one["revision"] for one in json.loads(third["body"])["records"]} == {1}
    assert platform.seqs() == list(range(1, 6))
    killed = tmp_path / "killed"  # what a power cut at this instant leaves
    killed.mkdir()
    shutil.copytree(tmp_path / "state", killed / "state")
    after = made(file_of(killed, http("county", platform.url)), "e3")
    assert (after.waits(), after.forwarding.queues[0].batches()) == (0, [])


def test_what_is_refused_is_set_aside_and_named(platform: Platform, made: Made, tmp_path: Path) -> None:
    """One record that a platform does not take holds up no other, and the status counts it; dated anew it is tried
    again."""
    station = made(file_of(tmp_path, http("county", platform.url)))
    station.minutes(*range(1, 21))
    platform.mode("poison e1/13")
    station.until(lambda: station.waits() == 0)
    dest = station.forwarding.queues[0].dest
    assert [seq for seq in range(1, 21) if seq not in platform.seqs()] == [13]
    assert list(station.store.batches.aside(dest)) == [13]
    assert "422" in station.store.batches.aside(dest)[13].decode()
    assert station.store.batches.of(dest) == {}
    told = forward(station.store, station.forwarding.queues[0])
    assert told.aside == 1 and told.refused is not None and told.refused.code == "forward_refused"
    platform.mode("ok")
    redate(station.store, "boot-1")
    station.until(lambda: station.waits() == 0)
    assert station.store.batches.aside(dest) == {}
    assert platform.seqs() == list(range(1, 21))


def test_a_destination_that_is_taken_out_is_forgotten(platform: Platform, made: Made, tmp_path: Path) -> None:
    """What it had and what was on its way goes with it, another one's account stays; named again it is given all."""
    both = file_of(tmp_path, http("county", platform.url), http("other", "http://127.0.0.1:9/"))
    station = made(both)
    station.minutes(*range(1, 6))
    station.until(lambda: station.waits() == 0)
    station.steps(1, 1)
    gone = station.forwarding.queues[1].dest
    assert len(station.store.batches.of(gone)) == 1
    station.close()
    alone = made(file_of(tmp_path, http("county", platform.url)), "e2")
    assert (alone.waits(), alone.store.batches.of(gone)) == (0, {})
    alone.close()
    again = made(file_of(tmp_path, http("other", platform.url), http("county", platform.url)), "e3")
    assert [again.waits(place) for place in range(2)] == [5, 0]


def test_the_months_bytes_are_counted_and_kept_for_the_station_itself(
    platform: Platform, made: Made, tmp_path: Path
) -> None:
    """What goes to another platform stands in the bill by itself; where the month has no bytes to spare it waits."""
    budget = Budget(Terms(1_000_000.0), SystemClock(), lambda: 1_782_097_200_000_000)
    station = made(file_of(tmp_path, http("county", platform.url)), budget=budget)
    budget.look()
    station.minutes(*range(1, 9))
    station.until(lambda: station.waits() == 0)
    budget.look()
    used = budget.snapshot.used[Use.FORWARD]
    (request,) = platform.requests()
    assert len(request["body"]) < used < len(request["body"]) + 2000
    budget.count(Use.LIVE, 1_000_000)
    budget.look()
    station.minutes(*range(9, 17))
    station.steps(5)
    assert (station.waits(), len(platform.requests())) == (8, 1)


def test_minutes_that_are_gathered_go_together(platform: Platform, made: Made, tmp_path: Path) -> None:
    """With `every_min` a request has all minutes since the one before, and a backlog waits for none of that."""
    station = made(file_of(tmp_path, http("county", platform.url, "every_min = 10\n")))
    station.minutes(*range(1, 21))
    station.until(lambda: station.waits() == 0)
    station.minutes(21)
    station.steps(5)
    assert (station.waits(), len(platform.requests())) == (1, 3)


def test_the_doctor_looks_at_each_destination(platform: Platform, broker: Broker, tmp_path: Path) -> None:
    """The doctor says of each platform whether it is there and takes the login, and posts nothing to it."""
    mqtt = f'[[forward]]\nname = "agri"\nkind = "mqtt-json"\nurl = "{broker.url}"\n'
    file = file_of(tmp_path, http("county", platform.url), mqtt, http("gone", "http://127.0.0.1:9/"))
    county, agri, gone = destinations(load(file))
    assert [one.well for one in (county, agri, gone)] == [True, True, False]
    assert "answers and accepts the login" in county.sentence
    assert '[[forward]] "gone"' in gone.remedy
    for mode, said in (("status 401", "refuses the login"), ("page", "a web page"), ("status 404", "no such address")):
        platform.mode(mode)
        county = next(destinations(load(file)))
        assert (county.well, said in county.sentence) == (False, True)
    assert platform.requests() == []


@pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.slow)])
def test_kills_lose_nothing_and_double_nothing(platform: Platform, tmp_path: Path, kills: int) -> None:
    """A station is killed at any instant, answers are lost after they were stored, records are dated anew, another
    platform is away: in the end this one has each record in its last revision, each revision under one key."""
    rng = random.Random(kills)
    file = file_of(tmp_path, http("county", platform.url), http("away", "http://127.0.0.1:9/"))
    station = StationProcess(file)
    try:
        for _ in range(kills):
            there = len(platform.requests())
            platform.mode(rng.choice(["reset", "slow 0.05", "cut", "garbage", "ok"]))
            station.start()
            until(partial(platform.has_more_than, there), 60)
            time.sleep(rng.uniform(0, 0.5))  # when it is killed, which decides nothing
            station.kill()
    finally:
        station.kill()
    platform.mode("ok")
    last = DrivenStation(file, "end")
    try:
        last.until(lambda: last.waits() == 0)
        kept = {(r.epoch, r.seq): r.revision for r in last.store.range(1, last.store.next_seq)}
        assert last.waits(1) == len(kept)
    finally:
        last.close()
    came: dict[tuple[str, int], int] = {}
    for (_, epoch, seq, revision), keys in platform.stored().items():
        assert len(keys) == 1
        came[epoch, seq] = max(revision, came.get((epoch, seq), 0))
    assert came == kept
    assert open_store(load(file)).outbox.count_unsent("platform") == len(kept)


def test_a_destination_that_was_taken_out_of_the_file_gets_all_when_it_is_in_again(
    platform: Platform, made: Made, tmp_path: Path
) -> None:
    """Whoever stands behind its name by then need not be who had them."""
    county = http("county", platform.url)
    file = file_of(tmp_path, county)
    station = made(file)
    station.minutes(*range(1, 6))
    station.until(lambda: not station.waits())
    station.close()
    made(file_of(tmp_path)).close()
    platform.forget()
    station = made(file_of(tmp_path, county))
    assert station.waits() == 5
    station.until(lambda: platform.seqs() == [1, 2, 3, 4, 5])
