"""The uplink against a real Mosquitto: nothing lost, in the stated order, whatever the broker does."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge.config.sections import BrokerSection
from edge.sim import lockstep
from edge.store.outbox import PLATFORM
from edge.wire.contract import Status, Topic, decode
from tests.kits.broker import Broker, certificates, old_broker, password_file
from tests.kits.uplink_kit import Box, Listener, make, records_of, seqs

STATION = "orchard-1"


def test_a_backlog_and_what_is_measured_meanwhile_arrive_once(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Each record of a long backlog and of the hours after it arrives, and arrives once."""
    listener = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.backlog(800)
    box.recording()
    box.run(3600)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) <= 1)
    assert sorted(seqs(listener.records()))[:859] == list(range(1, 860))
    assert box.uplink.snapshot.trouble is None


def test_the_newest_minute_goes_before_the_backlog_and_that_from_new_to_old(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """After a connection the newest minutes come live, then the backlog from the newest to the oldest."""
    listener = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.backlog(800)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0)
    live = seqs(records_of(listener.on(STATION, Topic.LIVE)))
    backfill = [seqs(records_of([m])) for m in listener.on(STATION, Topic.BACKFILL)]
    assert live[0] == 800
    assert [batch[0] for batch in backfill] == sorted((batch[0] for batch in backfill), reverse=True)
    assert backfill[0][0] > backfill[-1][-1] == 1
    assert max(map(len, backfill)) == 360


def test_two_boxes_of_one_name_learn_of_it_and_lose_nothing(
    broker: Broker, boxes: list[Box], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The broker gives the name to one at a time and does not say why it ends the other: both boxes ask whether there
    is another one, and the records of both arrive, each once."""
    listener = Listener(broker)
    boxes += [Box(tmp_path / epoch, broker.section(), STATION, epoch) for epoch in ("e1", "e2")]
    for box in boxes:
        box.backlog(5)
    asked = "does another box have this station's name"
    for _ in range(100):
        for box in boxes:
            box.run(5)
        if caplog.text.count(asked) > 1:
            break
    assert caplog.text.count(asked) > 1
    for box in boxes:
        box.run_until(lambda box=box: box.store.outbox.count_unsent(PLATFORM) == 0)
    names = sorted((record.epoch, record.seq) for record in listener.records())
    assert names == [(epoch, seq) for epoch in ("e1", "e2") for seq in range(1, 6)]


def test_a_broker_that_is_away_for_hours_costs_nothing(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """What is measured while the broker is stopped arrives when it is back; the status says what is wrong."""
    listener = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.recording()
    box.run(600)
    listener.take()
    broker.stop()
    box.run(3 * 3600)
    assert not box.uplink.snapshot.connected
    assert box.store.outbox.count_unsent(PLATFORM) >= 179
    assert (
        str(box.uplink.snapshot.trouble)
        == f"{broker.url} refuses connections: is the broker running, is the port right?"
    )
    broker.start()
    listener.again()
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) <= 1)
    assert sorted(set(seqs(listener.records())))[:190] == list(range(1, 191))


@pytest.mark.slow
def test_a_broker_killed_with_messages_in_flight_loses_nothing(
    broker: Broker, boxes: list[Box], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a broker had taken and not acknowledged when it was killed is sent again to the next one."""
    monkeypatch.setattr(lockstep, "PATIENCE", 0.2)
    listener = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.run(1)
    box.backlog(900)
    broker.freeze()
    box.uplink.retry_now()
    box.run(10)
    assert box.uplink.snapshot.sending >= 3
    broker.kill()
    box.run(10)
    broker.start()
    listener.again()
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0)
    assert sorted(seqs(listener.records())) == list(range(1, 901))


def test_while_nobody_listens_everything_is_kept(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """A broker without a subscriber takes messages and drops them: they stay unsent, and go when one comes."""
    box = make(boxes, tmp_path, broker)
    box.recording()
    box.run(1800)
    assert box.store.outbox.count_unsent(PLATFORM) == 30
    assert str(box.uplink.snapshot.trouble).startswith(f"nobody at {broker.url} listens")
    listener = Listener(broker)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) <= 1)
    assert set(range(1, 31)) <= set(seqs(listener.records()))
    assert box.uplink.snapshot.trouble is None


def test_birth_and_will_tell_whether_the_station_is_there(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """The retained status says online while the station is connected and offline after its end."""
    box = make(boxes, tmp_path, broker)
    box.run(1)
    assert state(broker) == "online"
    box.close()
    boxes.clear()
    assert state(broker) == "offline"


def state(broker: Broker) -> str:
    """Return the retained status, as a newcomer gets it."""
    listener = Listener(broker, name=f"newcomer-{id(object())}")
    messages = listener.on(STATION, Topic.STATUS)
    listener.link.close()
    return decode(messages[-1].payload, Status).state


def test_a_refused_login_is_one_sentence_and_is_rarely_repeated(
    tmp_path: Path, boxes: list[Box], caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong password is named in one log line, and tried again only after minutes."""
    broker = Broker(tmp_path, password_file(tmp_path, "orchard", "right")).start()
    caplog.set_level(logging.INFO, "minshan")
    box = make(boxes, tmp_path, broker, username="orchard", password="wrong")
    box.recording()
    box.run(3600)
    assert [r.message for r in caplog.records] == [
        f"{broker.url} refuses the login (not authorized): are user and password right?"
    ]
    assert box.store.outbox.count_unsent(PLATFORM) == 60
    broker.stop()


def test_the_right_login_is_taken(tmp_path: Path, boxes: list[Box]) -> None:
    """A login beside the URL or in a file opens a broker that wants one."""
    broker = Broker(tmp_path, password_file(tmp_path, "orchard", "right")).start()
    secret = tmp_path / "secret"
    secret.write_text("right\n")
    box = make(boxes, tmp_path, broker, username="orchard", password_file=str(secret))
    box.run(1)
    assert box.uplink.snapshot.connected
    broker.stop()


def test_a_certificate_that_has_run_out_is_named_with_its_date(tmp_path: Path, boxes: list[Box]) -> None:
    """A broker whose certificate has run out is not trusted; the sentence has the day it ran out on."""
    broker = Broker(tmp_path, tls=certificates(tmp_path, days=-3)).start()
    box = make(boxes, tmp_path, broker)
    box.recording()
    box.run(600)
    trouble = str(box.uplink.snapshot.trouble)
    ended = datetime.now(UTC) - timedelta(days=3)
    assert trouble == f"the certificate of {broker.url} expired on {ended:%Y-%m-%d}: the server needs a new one"
    assert box.store.outbox.count_unsent(PLATFORM) == 10
    broker.stop()


def test_records_go_by_tls(tmp_path: Path, boxes: list[Box]) -> None:
    """With a certificate that is good, everything arrives by TLS."""
    broker = Broker(tmp_path, tls=certificates(tmp_path, days=30)).start()
    listener = Listener(broker)
    box = make(boxes, tmp_path, broker)
    box.backlog(800)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0)
    assert set(seqs(listener.records())) == set(range(1, 801))
    broker.stop()


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
def test_a_broker_of_3_1_1_alone_is_spoken_to_in_3_1_1(tmp_path: Path, boxes: list[Box]) -> None:
    """Where a broker does not know MQTT 5, the same records go by 3.1.1."""
    with old_broker(tmp_path) as url:
        section = BrokerSection(url=url)
        listener = Listener(section)
        box = Box(tmp_path / "state", section)
        boxes.append(box)
        box.backlog(400)
        box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0)
        assert box.uplink.snapshot.protocol == "3.1.1"
        assert set(seqs(listener.records())) == set(range(1, 401))
