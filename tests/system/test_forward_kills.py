"""A hub that passes records on is killed, and so is its database, whatever the other platform does meanwhile."""

from __future__ import annotations

import json
import random
import signal
import socket
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from tests.kits.broker import Broker, until
from tests.kits.forward_kit import records
from tests.kits.http_platform import Platform
from tests.kits.hub_process import Hub
from tests.kits.postgres import Cluster
from tests.kits.sink_kit import query
from tests.kits.uplink_kit import Box

ROWS = 200
FORWARD = """
[[forward]]
name = "county"
kind = "http-json"
url = "{url}"
batch = 9
retry_max_s = 1
timeout_s = 2

[[forward]]
name = "hanging"
kind = "http-json"
url = "http://127.0.0.1:{hanging}/"
"""


@pytest.fixture(name="hub")
def a_hub(broker: Broker, platform: Platform, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Hub]:
    """Give a hub that passes on to the platform, and has records to pass on."""
    cluster: Cluster | None = request.getfixturevalue("cluster") if request.param == "postgresql" else None
    hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db" if cluster is None else cluster.database())
    records(hub.url, *range(1, ROWS + 1))
    with socket.create_server(("127.0.0.1", 0)) as silent, hub.config.open("a") as file:  # it takes and never answers
        file.write(FORWARD.format(url=platform.url, hanging=silent.getsockname()[1]))
        file.flush()
        yield hub.start()
        hub.end(signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("hub", ["sqlite"], indirect=True)
def test_minutes_go_the_whole_way(hub: Hub, platform: Platform, broker: Broker, boxes: list[Box]) -> None:
    """What a station measures arrives through broker and hub at two other platforms, by HTTP and by MQTT, while a third
    hangs; each minute once."""
    hub.end()
    with hub.config.open("a") as file:
        file.write(
            f'[[forward]]\nname = "agri"\nkind = "mqtt-json"\nurl = "{broker.url}"\ntopic = "weather/{{station}}"\n'
        )
    county = connect(BrokerSection(url=broker.url), Session("reader", ("weather/#",)))
    hub.start()
    box = Box(hub.config.parent / "state", broker.section(proof="committed"))
    boxes.append(box)
    box.backlog(60)
    heard: dict[int, list[bytes]] = {}
    for _ in range(200):
        box.run(10)
        county.wait_by(SystemClock(), SystemClock().now() + 0.2)
        for message in county.incoming:
            if message.topic == "weather/orchard-1":
                heard.setdefault(json.loads(message.payload)["seq"], []).append(message.payload)
            county.ack(message)
        county.incoming.clear()
        posted = {seq for station, _, seq, _ in platform.stored() if station == "orchard-1"}
        if len(posted) >= 60 and len(heard) >= 60:
            break
    assert posted == set(heard) == {seq for (seq,) in query(hub.url, "SELECT seq FROM minute WHERE epoch = 'e1'")}
    assert all(len(messages) == 1 for messages in heard.values())
    county.close()


@pytest.mark.parametrize("kills", [1, pytest.param(20, marks=pytest.mark.slow)])
@pytest.mark.parametrize("hub", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)], indirect=True)
def test_kills_lose_nothing_and_double_nothing(
    hub: Hub, platform: Platform, kills: int, request: pytest.FixtureRequest
) -> None:
    """Hub and database are killed at any instant, answers are lost after they were stored, another destination never
    answers: every record, and every revision, is at this one, each under one idempotency key."""
    cluster: Cluster | None = None if hub.url.startswith("sqlite") else request.getfixturevalue("cluster")
    rng = random.Random(kills)
    for number in range(kills):
        there = len(platform.requests())
        until(partial(platform.has_more_than, there), 60)
        platform.mode(rng.choice(["reset", "slow 0.05", "cut", "ok"]))
        time.sleep(rng.uniform(0, 0.1))
        hub.end(signal.SIGKILL)
        if cluster is not None and number % 2 == 0:
            cluster.kill()
            cluster.start()
        records(hub.url, 1 + number, revision=1)
        hub.start()
    platform.mode("ok")
    until(lambda: query(hub.url, "SELECT first, last FROM forwarded ORDER BY 1") == [(1, ROWS)], 80)
    assert hub.end() == 0
    assert platform.seqs() == list(range(1, ROWS + 1))
    assert {seq for _, _, seq, revision in platform.stored() if revision == 1} == set(range(1, kills + 1))
