"""A frost night in an office: a station's word through a real broker to a hub on PostgreSQL, and on to real services.

The services keep their real limits. Hubs are killed while they escalate.
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx
import pytest

from edge.clock.clock import system_utc
from edge.config.sections import BrokerSection
from edge.records.bodies import Alert, raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.wire.contract import VERSION, Batch, Topic, encode, topic
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from tests.kits.broker import Broker, free_port, until
from tests.kits.command import minshan
from tests.kits.hub_process import Hub
from tests.kits.postgres import Cluster
from tests.kits.services import KEY, SECRET, TOKEN, Services
from tests.kits.sink_kit import query

CHANNELS = """
[alarms]
names = {{ orchard-1 = "上寨果园" }}
[[channel]]
name = "wecom"
kind = "wecom"
base_url = "{url}"
key_file = "{folder}/wecom.key"
[[channel]]
name = "dingtalk"
kind = "dingtalk"
base_url = "{url}"
key_file = "{folder}/dingtalk.key"
secret_file = "{folder}/dingtalk.secret"
[[channel]]
name = "voice"
kind = "webhook"
url = "{url}/call"
timeout_s = 2
[heartbeat]
url = "{url}/alive"
"""
STARTED_S = 300.0  # within which a hub of a busy machine has its lease


def hub_of(folder: Path, broker: Broker, url: str, services: Services, name: str, http: int) -> Hub:
    """Return a hub with all channels; its file is written, its keys beside it."""
    for file, text in (("wecom.key", KEY), ("dingtalk.key", TOKEN), ("dingtalk.secret", SECRET)):
        (folder / file).write_text(text)
    hub = Hub(folder, broker.url, url, name, http)
    text = hub.config.read_text().replace("[http]\n", f'[http]\npublic_url = "http://127.0.0.1:{http}"\n')
    hub.config.write_text(text + CHANNELS.format(url=services.url, folder=folder))
    return hub


def say(broker: Broker, seq: int, turn: str, step: int) -> None:
    """Have a station say one turn of an alert that has just happened."""
    link = connect(BrokerSection(url=broker.url), Session("station-orchard-1", ()))
    at = system_utc() - 1_000_000
    said = Alert(
        *("frost-e1-1", "frost", turn, step, 5, -2.2, -2.3, seq),
        quantity="wet_bulb_temperature",
        unit="degC",
        worst=-2.3,
        begin=at,
        crop="apple",
        stage="full-bloom",
    )
    record = Record("e1", seq, Kind.ALERT, Stamp("b", 60.0 * seq), 0.0, at, ClockMark("ntp", 0.01), 0, None, raw(said))
    link.publish(topic("orchard-1", Topic.LIVE), encode(Batch(VERSION, "orchard-1", [record])))
    until(lambda: (link.wait(time.clock_gettime(time.CLOCK_BOOTTIME) + 0.1), link.acks)[1], 20)
    link.close()


def add_people(hub: Hub) -> None:
    """Put two people on call, zhang first."""
    for place, name in ((1, "zhang"), (2, "li")):
        words = ("--channel", "wecom", "--channel", "dingtalk", "--channel", "voice", "--phone", f"1380000000{place}")
        done = minshan("hub", "person", "add", name, "--place", str(place), *words, "--config", str(hub.config))
        assert done.code == 0, done.err


def test_a_crossing_reaches_people_within_seconds_and_a_link_ends_the_calls(
    tmp_path: Path, broker: Broker, cluster: Cluster, services: Services
) -> None:
    """Both robots have it, whom it concerns is mentioned; opening the link changes nothing, its button ends it, a
    second tap says who was first; one all-clear; the log has what each service answered, and no key is anywhere."""
    hub = hub_of(tmp_path, broker, cluster.database(), services, "", free_port())
    add_people(hub)
    hub.start()
    try:
        until(lambda: services.gateway.requests, STARTED_S)  # the heartbeat: the lease is held
        said_at = time.monotonic()
        say(broker, 1, "raised", 2)
        until(lambda: services.wecom.taken and services.dingtalk.taken, 20)
        assert max(got.at for got in (services.wecom.taken[0], services.dingtalk.taken[0])) - said_at <= 10
        first = services.wecom.taken[0]
        assert first.text.startswith("Minshan【霜冻】上寨果园") and first.to == ["13800000001"]
        link = first.text.rpartition("知道了请点：")[2].strip()
        with httpx.Client(headers={"accept-language": "zh"}) as browser:
            for method in ("GET", "HEAD", "OPTIONS", "GET"):
                page = browser.request(method, link)
            assert "知道了，我是 zhang" in page.text and "<script" not in page.text
            assert page.headers["cache-control"] == "no-store" and page.headers["referrer-policy"] == "no-referrer"
            assert "noindex" in page.headers["x-robots-tag"]
            assert query(hub.url, "SELECT said LIKE '%acked_by%' FROM alarm") == [(False,)], "opening changed something"
            headers = {"origin": "null"}  # as a browser says from a page without a referrer
            assert browser.post(link, data={"who": "wang"}, headers=headers).status_code == 422
            done = browser.post(link, data={"who": "zhang"}, headers=headers)
            assert "zhang 已于" in done.text and "<button" not in done.text
            assert "zhang 已于" in browser.post(link, data={"who": "zhang"}, headers=headers).text
            assert browser.get(link + "x").status_code == 404
        say(broker, 2, "cleared", 0)
        until(lambda: "解除" in services.wecom.taken[-1].text, 20)
        time.sleep(3)
        assert sum("解除" in got.text for got in services.wecom.taken) == 1
    finally:
        assert hub.end() == 0, hub.said
    log = minshan("hub", "alerts", "log", "--config", str(hub.config))
    assert log.code == 0 and "0 ok" in log.out
    tables = query(hub.url, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    everything = log.out + hub.said + str([query(hub.url, f'SELECT * FROM "{table}"') for (table,) in tables])
    assert "13800000001" in everything, "what people are called by is in the database"
    assert not any(secret in everything for secret in (KEY, TOKEN, SECRET))
    assert "Traceback" not in hub.said


@pytest.mark.slow
def test_a_hub_killed_while_it_delivers_is_followed_by_the_other(
    tmp_path: Path, broker: Broker, cluster: Cluster, services: Services
) -> None:
    """Two hubs on one PostgreSQL; the one that delivers is killed while the robot has not answered; the other goes on:
    nobody misses anything, and of each message at most one came twice, marked."""
    url = cluster.database()
    hubs = [hub_of(tmp_path, broker, url, services, name, free_port()) for name in ("a", "b")]
    add_people(hubs[0])
    services.wecom.mode = "slow 7"
    for hub in hubs:
        hub.start()
    killed = None
    try:
        until(lambda: query(url, "SELECT holder FROM alarm_lease WHERE id = 1 AND holder <> ''"), STARTED_S)
        until(lambda: hubs[0].said.count("connected to") == 2, STARTED_S)  # before that the broker keeps nothing
        say(broker, 1, "raised", 2)
        until(lambda: services.wecom.requests, 90)
        written = "SELECT 1 FROM alarm_attempt WHERE channel = 'dingtalk' AND fate IS NOT NULL"
        until(lambda: query(url, written), 6)  # one message is under way, the other was delivered and written
        ((holder,),) = query(url, "SELECT holder FROM alarm_lease WHERE id = 1")
        killed = hubs[("a", "b").index(holder)]
        killed.end(signal.SIGKILL)
        services.wecom.mode = "ok"
        until(lambda: any("可能重复" in got.text for got in services.wecom.taken), 90)
        time.sleep(5)
        marked = [got for got in services.wecom.taken if "可能重复" in got.text]
        assert len(marked) == 1 and len(services.wecom.taken) <= 2
        assert len(services.dingtalk.taken) == 1, "what was delivered is not repeated"
        say(broker, 2, "cleared", 0)
        until(lambda: "解除" in services.wecom.taken[-1].text and "解除" in services.dingtalk.taken[-1].text, 60)
    finally:
        for hub in hubs:
            if hub is not killed:
                hub.end()


@pytest.mark.slow
def test_a_channel_that_hangs_or_talks_nonsense_holds_up_no_other(
    tmp_path: Path, broker: Broker, cluster: Cluster, services: Services
) -> None:
    """WeCom hangs and the gateway talks garbage: DingTalk has it within seconds all the same; the database dies and
    comes back, and what was raised meanwhile is told."""
    hub = hub_of(tmp_path, broker, cluster.database(), services, "", free_port())
    add_people(hub)
    services.wecom.mode, services.gateway.mode = "hang", "garbage"
    hub.start()
    try:
        until(lambda: query(hub.url, "SELECT holder FROM alarm_lease WHERE id = 1 AND holder <> ''"), STARTED_S)
        until(lambda: "connected to" in hub.said, STARTED_S)  # before that the broker keeps nothing for it
        at = time.monotonic()
        say(broker, 1, "raised", 2)
        until(lambda: services.dingtalk.taken, 20)
        assert services.dingtalk.taken[0].at - at <= 10
        services.wecom.mode = services.gateway.mode = "ok"
        cluster.kill()
        say(broker, 2, "worse", 3)
        cluster.start()
        until(lambda: len(services.dingtalk.taken) >= 2 and services.wecom.taken, 90)
    finally:
        assert hub.end() == 0
    assert "Traceback" not in hub.said
