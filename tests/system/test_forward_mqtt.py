"""Minutes passed on to a real Mosquitto by MQTT 3.1.1: each until it is acknowledged, whatever befalls it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.config.sections import BrokerSection
from edge.wire.mqtt_link import MqttLink, connect
from edge.wire.session import Session
from tests.kits.broker import Broker, password_file
from tests.kits.forward_kit import Driven, database, records, section
from tests.kits.scripted_broker import KICK, SILENT, Manners, Scripted
from tests.kits.sink_kit import query


@pytest.fixture(name="guarded")
def a_guarded_broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a broker that wants a login and keeps sessions."""
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o755)
    broker = Broker(inner, password_file(tmp_path, "county", "apple"), persistent=True).start()
    yield broker
    broker.kill()


def listener(broker: Broker) -> MqttLink:
    """Return the county's own client, whose session the broker keeps."""
    section = BrokerSection(url=broker.url, username="county", password="apple", protocol="3.1.1")
    return connect(section, Session("county-reader", ("weather/#",), expiry=3600))


def heard(link: MqttLink, seconds: float = 0.5) -> list[tuple[str, dict[str, Any]]]:
    """Return what the county has been told."""
    found = []
    while link.wait(link._clock.now() + seconds) or link.incoming:
        for message in link.incoming:
            link.ack(message)
            found.append((message.topic, json.loads(message.payload)))
        link.incoming.clear()
    return found


def test_minutes_in_the_countys_words(guarded: Broker, tmp_path: Path) -> None:
    """Each minute arrives on its station's topic, with the login from a file, values and words of quality under the
    names that the county gave; a revision comes again."""
    url = database(tmp_path)
    records(url, 1, 2, station="s")
    secret = tmp_path / "secret"
    secret.write_text("pear\n")
    names = {"air_temperature": "wd"}
    words = {"topic": "weather/{station}/minute", "names": names, "quality_name": "{channel}_zt"}
    more = {"username": "county", "password_file": str(secret), **words}
    lane = Driven(url, section("mqtt-json", url=guarded.url, **more))
    county = listener(guarded)
    lane.steps(1)
    ((why,),) = query(url, "SELECT why FROM forward_lane")
    assert json.loads(why)["code"] == "broker_refuses_login"
    secret.write_text("apple\n")
    lane.until(lambda: query(url, "SELECT first, last FROM forwarded") == [(1, 2)])
    records(url, 2, revision=1)
    lane.steps(1)
    said = heard(county)
    assert {topic for topic, _ in said} == {"weather/s/minute"}
    assert [(one["seq"], one["revision"], one["wd"], one["wd_zt"]) for _, one in said] == [
        (1, 0, 1.0, "good"),
        (2, 0, 2.0, "good"),
        (2, 1, 2.5, "good"),
    ]
    assert said[0][1]["time"] == "2026-01-01T00:01:00Z"
    lane.close()
    county.close()


def test_a_broker_that_dies_and_hangs_loses_nothing(guarded: Broker, tmp_path: Path) -> None:
    """A broker killed, frozen and away in the middle: in the end the county has every minute, and what came twice is
    the same to the byte."""
    url = database(tmp_path)
    records(url, *range(1, 201))
    secret = tmp_path / "secret"
    secret.write_text("apple\n")
    more = {"username": "county", "password_file": str(secret), "topic": "weather/{station}", "timeout_s": 1.0}
    lane = Driven(url, section("mqtt-json", url=guarded.url, **more))
    county = listener(guarded)
    said = []
    lane.steps(2)
    said += heard(county)
    lane.steps(3)
    said += heard(county)
    county.close()
    guarded.freeze()
    lane.steps(1)
    os.kill(guarded.pid, signal.SIGKILL)  # while it is frozen: what lies in its socket is gone
    guarded.stop()
    lane.steps(3)
    guarded.start()
    lane.until(lambda: query(url, "SELECT first, last FROM forwarded") == [(1, 200)])
    county = listener(guarded)
    said += heard(county)
    by_seq: dict[int, set[str]] = {}
    for _, one in said:
        by_seq.setdefault(one["seq"], set()).add(json.dumps(one))
    assert set(by_seq) == set(range(1, 201))
    assert all(len(versions) == 1 for versions in by_seq.values())
    assert query(url, "SELECT count(*) FROM forward_aside") == [(0,)]
    lane.close()
    county.close()


@pytest.mark.parametrize(("manner", "code"), [(SILENT, "forward_no_puback"), (KICK, "forward_cut_off")])
def test_a_broker_that_takes_no_message_is_told_with_what_may_be_wrong(tmp_path: Path, manner: int, code: str) -> None:
    """One that hangs up at a message, or never acknowledges it: MQTT 3.1.1 has no word for why, and the log names the
    topic, whose rules forbid it, and the client's name, which another one may bear. Nothing is lost."""
    url, broker = database(tmp_path), Scripted(Manners(puback=lambda _: manner))
    records(url, 1, 2)
    lane = Driven(url, section("mqtt-json", url=broker.section().url, topic="weather/{station}", timeout_s=1.0))
    lane.steps(2)
    ((why,),) = query(url, "SELECT why FROM forward_lane")
    assert json.loads(why)["code"] == code
    assert "may this login publish to weather/s" in json.loads(why)["text"]
    assert ("client use the name minshan-county-a?" in json.loads(why)["text"]) == (manner == KICK)
    broker.manners = Manners(keeps=False)
    lane.until(lambda: query(url, "SELECT first, last FROM forwarded") == [(1, 2)])
    assert query(url, "SELECT why FROM forward_lane") == [(None,)]
    lane.close()
    broker.close()


@pytest.mark.parametrize("ack", [0x50, 0x60, 0x70], ids=["PUBREC", "PUBREL", "PUBCOMP"])
def test_what_acknowledges_no_message_of_ours_proves_nothing(tmp_path: Path, ack: int) -> None:
    """These packets are of QoS 2, by which nothing is sent: a minute waits until it is acknowledged."""
    url = database(tmp_path)
    records(url, 1)
    broker = Scripted(Manners(ack=ack, keeps=False))
    lane = Driven(url, section("mqtt-json", url=broker.section().url, topic="w/{station}", timeout_s=2.0))
    lane.steps(1)
    assert query(url, "SELECT first, last FROM forwarded") == []
    broker.manners = Manners(keeps=False)
    lane.until(lambda: query(url, "SELECT first, last FROM forwarded") == [(1, 1)])
    lane.close()
    broker.close()
