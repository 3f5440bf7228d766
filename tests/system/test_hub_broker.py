"""What can be wrong between a hub and a broker that takes its login is said, and nothing is lost by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from edge.clock.clock import SystemClock
from edge.wire.mqtt_link import connect
from edge.wire.session import KEPT_SESSION, Session
from hub.receiver import Files, Receiver
from provisioning.commands import hub_broker
from tests.kits.broker import Broker, password_file, until
from tests.kits.hub_process import Hub
from tests.kits.scripted_broker import Manners, Scripted, publish
from tests.kits.sink_kit import query
from tests.kits.uplink_kit import Box

NOTHING = "has delivered nothing"


@pytest.fixture(name="hubs")
def ended_hubs() -> Iterator[list[Hub]]:
    """Give a list of hubs that are ended at the end."""
    hubs: list[Hub] = []
    yield hubs
    for hub in hubs:
        hub.kill()


def test_status_says_how_long_the_broker_keeps_what_waits(tmp_path: Path) -> None:
    """A broker that keeps less than it is asked for is named with its hours; one that is away with why."""
    broker = Broker(tmp_path).start()
    found = hub_broker.state_of(broker.section())
    assert found == hub_broker.BrokerState(broker.url, None, KEPT_SESSION)
    assert "keeps what waits for an offline hub for 168 h" in hub_broker.line(found)
    broker.stop()
    away = hub_broker.state_of(broker.section())
    assert away.trouble is not None and away.trouble in hub_broker.line(away)
    capping = Scripted(Manners(properties=b"\x11" + (5400).to_bytes(4)))
    found = hub_broker.state_of(capping.section())
    assert found.keeps_s == 5400
    assert "for only 1.5 h" in hub_broker.line(found)
    old = Scripted(Manners())
    assert hub_broker.state_of(old.section(protocol="3.1.1")).keeps_s is None
    for scripted in (capping, old):
        scripted.close()


@pytest.mark.parametrize(("count", "size"), [pytest.param(40_000, 20, marks=pytest.mark.slow), (700, 100_000)])
def test_a_broker_that_hands_over_a_backlog_before_it_answers_the_subscription_is_received_from(
    count: int, size: int
) -> None:
    """As Mosquitto does where the session of a killed hub goes on: many more messages than may be in flight, or bytes
    than are held at once. The connection stands, and all of it comes."""
    backlog = (publish("minshan/1/s/backfill", bytes(size), True, 1 + number) for number in range(count))
    broker = Scripted(Manners(before=b"".join(backlog)))
    clock, came = SystemClock(), list[int]()
    link = connect(broker.section(), Session("hub", ("minshan/1/+/backfill",), expiry=KEPT_SESSION, receive=200))
    while len(came) < count:
        assert link.incoming or link.wait(clock.now() + 20.0)
        came += [message.mid for message in link.incoming]
        link.incoming.clear()
    assert came == [*range(1, count + 1)]
    link.drop()
    broker.close()


def test_two_receivers_of_one_name_are_told_apart_from_a_bad_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each takes the broker's session from the other, as two stations of one name do; Mosquitto 2.0 says nothing."""
    broker = Broker(tmp_path).start()
    one, other, ended = tmp_path / "one", tmp_path / "other", Event()
    one.mkdir()
    files = [Files(folder / "m.jsonl", folder / "e.jsonl") for folder in (one, other)]
    Receiver(broker.section(), files[0], True, lambda *_: None).close()
    shutil.copytree(one, other)
    both = [Receiver(broker.section(), where, True, lambda *_: None) for where in files]
    lanes = [Thread(target=receiver.run, args=(ended.is_set, lambda: None)) for receiver in both]
    try:
        for lane in lanes:
            lane.start()
        until(lambda: "each time: does another hub have this one's name ([hub] name, or else" in caplog.text, 60)
    finally:
        ended.set()
        for lane, receiver in zip(lanes, both, strict=True):
            lane.join(30)
            receiver.close()
        broker.stop()


@pytest.mark.slow  # what does not come is waited for
def test_rules_that_let_nothing_through_are_noticed(hubs: list[Hub], tmp_path: Path) -> None:
    """Mosquitto grants a subscription that its rules forbid to be served: one line says that nothing comes, and where
    it may be read, it comes and nothing is said."""
    rules = tmp_path / "rules.acl"
    own = "user {0}\ntopic write minshan/#\n"
    rules.write_text(own.format("hub") + own.format("orchard-1"))
    passwords = password_file(tmp_path, "hub", "apple")
    broker = Broker(tmp_path, f"{passwords}\nacl_file {rules}").start()
    secret = tmp_path / "secret"
    secret.write_text("apple\n")
    try:
        hub = Hub(tmp_path, broker.url.replace("//", "//hub@"), f"sqlite://{tmp_path}/hub.db")
        text = hub.config.read_text().replace('# password_file = ""', f'password_file = "{secret}"', 1)
        hub.config.write_text(text)
        hubs.append(hub.start())
        until(lambda: NOTHING in hub.said, 60)
        hub.end()
        assert hub.said.count(NOTHING) == 1
        rules.write_text("user hub\ntopic readwrite minshan/#\n")
        broker.stop()
        broker.start()
        box = Box(tmp_path / "state", broker.section(username="hub", password_file=str(secret)))
        hub.start()
        box.backlog(5)
        box.run_until(lambda: len(hub.seqs()) >= 5)
        box.close()
        assert hub.said.count(NOTHING) == 1
    finally:
        broker.stop()


@pytest.mark.slow
def test_a_broker_whose_own_file_is_damaged_is_helped_by_moving_it_away(hubs: list[Hub], tmp_path: Path) -> None:
    """Mosquitto does not start with half of its file; without it, it does, and what it had kept the stations send."""
    inner = tmp_path / "broker"
    inner.mkdir(mode=0o755)
    broker = Broker(inner, persistent=True).start()
    hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db")
    hubs.append(hub.start())
    until(lambda: "connected to" in hub.said, 30)
    hub.end()
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    box.backlog(300)
    box.run(600)
    broker.stop()
    kept = inner / "mosquitto.db"
    whole = kept.read_bytes()
    kept.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AssertionError):
        broker.start()
    broker.stop()
    kept.rename(inner / "mosquitto.db.damaged")
    broker.start()
    hub.start()
    box.run_until(lambda: len(hub.seqs()) >= 300, 90)
    assert query(hub.url, "SELECT first, last FROM ledger")[0][0] == 1
    assert hub.seqs() == list(range(1, len(hub.seqs()) + 1))
    box.close()
    broker.stop()
