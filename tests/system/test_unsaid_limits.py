"""Brokers with a limit that they do not name: all that fits arrives, the rest is told of, and the link stands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.sim import lockstep
from edge.store import rows
from edge.store.outbox import PLATFORM
from edge.uplink import uplink
from edge.wire.contract import Topic
from tests.kits.broker import Broker
from tests.kits.limiting_proxy import LimitingProxy
from tests.kits.uplink_kit import BOOT, UTC0, Box, Listener, seqs
from tests.kits.watching import Watch

STATION = "orchard-1"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockstep, "PATIENCE", 0.1)


@pytest.fixture(name="broker")
def plain(tmp_path: Path) -> Iterator[Broker]:
    """Run a broker without a limit, for a proxy in front of it."""
    broker = Broker(tmp_path).start()
    yield broker
    broker.stop()


def large(box: Box, size: int) -> int:
    """Append an event that no compression makes small. Return its seq."""
    body = {"sensors": os.urandom(size // 2).hex()}
    mark = ClockMark("ntp", 0.01)
    return box.store.append(Draft(Kind.SETUP, Stamp(BOOT, 0.0), 0.0, UTC0, mark, body)).seq


def losses(box: Box) -> list[dict[str, object]]:
    """Return what the loss records tell."""
    records = box.store.range(1, box.store.next_seq)
    return [record.fields() for record in records if record.kind == Kind.LOSS]


def judge(box: Box, listener: Listener, stays: int) -> None:
    """All but one record arrived; that one is told of, once, and named in the status."""
    arrived = set(seqs(listener.records()))
    assert arrived >= set(range(1, box.store.next_seq - 2)) - {stays}
    assert stays not in arrived
    assert [(loss["what"], loss["seq"]) for loss in losses(box)] == [("record", stays)]
    status = box.uplink.snapshot
    assert status.too_large.count == 1
    assert str(stays) in str(status.too_large.last)


@pytest.mark.parametrize(
    ("protocol", "deed"),
    [("3.1.1", "reset"), *(pytest.param(*one, marks=pytest.mark.slow) for one in (("5", "reset"), ("3.1.1", "drop")))],
)
def test_a_limit_that_nobody_names_is_learned(
    broker: Broker, boxes: list[Box], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, deed: str
) -> None:
    """Something between that resets or drops at 2000 bytes: a few connections end, then all goes in smaller ones."""
    monkeypatch.setattr(uplink, "SILENCE", 1.0)
    listener = Listener(broker)
    proxy = LimitingProxy(broker.port, 2000, deed)
    box = Box(tmp_path / "state", broker.section(url=f"mqtt://127.0.0.1:{proxy.port}", protocol=protocol))
    boxes.append(box)
    fits, stays = large(box, 1200), large(box, 6000)
    box.picture(os.urandom(9000), os.urandom(2500))
    box.backlog(800)
    box.recording()
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) <= 2 and box.uplink.snapshot.too_large.count, real=60)
    box.run_until(lambda: box.store.pictures.count(PLATFORM).bytes_left == 0, real=60)
    judge(box, listener, stays)
    assert fits in set(seqs(listener.records()))
    learned = box.uplink._limit.most
    assert learned is not None
    assert 900 <= learned <= 2000
    assert proxy.ends <= 16
    assert listener.on(STATION, Topic.PICTURE)
    proxy.close()


@pytest.mark.parametrize(
    ("line", "protocol"),
    [
        ("max_packet_size 2000", "3.1.1"),
        pytest.param("message_size_limit 2000", "3.1.1", marks=pytest.mark.slow),
        pytest.param("message_size_limit 2000", "5", marks=pytest.mark.slow),
    ],
)
def test_mosquittos_own_limits(tmp_path: Path, boxes: list[Box], line: str, protocol: str) -> None:
    """It ends the connection without a word, or answers with a code that MQTT has no such place for."""
    broker = Broker(tmp_path, line).start()
    listener = Listener(broker)
    box = Box(tmp_path / "state", broker.section(protocol=protocol))
    boxes.append(box)
    stays = large(box, 6000)
    box.backlog(800)
    box.recording()
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) <= 2 and box.uplink.snapshot.too_large.count, real=60)
    judge(box, listener, stays)
    broker.stop()


def test_what_is_acknowledged_and_dropped_goes_in_smaller_ones(
    broker: Broker, tmp_path: Path, boxes: list[Box]
) -> None:
    """The platform's word tells what is lacking; what never arrives stays, is told of and named; the rest arrives."""
    watch = Watch(tmp_path, broker.url, "--receipts").start()
    proxy = LimitingProxy(broker.port, 2000, "acknowledge")
    url = f"mqtt://127.0.0.1:{proxy.port}"
    box = Box(tmp_path / "state", broker.section(url=url, protocol="3.1.1", proof="committed"))
    boxes.append(box)
    try:
        stays = large(box, 6000)
        box.backlog(600)
        box.recording()
        box.run_until(lambda: box.uplink.snapshot.never_arrives == (f"{stays} (setup)",), real=90)
        newest = box.store.next_seq - 3
        box.run_until(lambda: set(watch.seqs()) >= set(range(2, newest)) - set(seqs_of_losses(box)), real=30)
        assert [(loss["what"], loss["seq"]) for loss in losses(box)] == [("record", stays)]
        assert sorted(watch.seqs()) == sorted(set(watch.seqs()))
    finally:
        watch.kill()
        proxy.close()


def seqs_of_losses(box: Box) -> list[int]:
    """Return the seqs of loss records, which are no minutes."""
    records = box.store.range(1, box.store.next_seq)
    return [record.seq for record in records if record.kind == Kind.LOSS]


@pytest.mark.slow
def test_a_link_that_breaks_is_no_limit(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Cut after every third message whatever its size: all arrives, nothing counts as too large."""
    listener = Listener(broker)
    proxy = LimitingProxy(broker.port, 10**9, cut_after=3)
    box = Box(tmp_path / "state", broker.section(url=f"mqtt://127.0.0.1:{proxy.port}"))
    boxes.append(box)
    large(box, 6000)
    box.backlog(800)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0, real=60)
    assert set(seqs(listener.records())) == set(range(1, box.store.next_seq))
    assert losses(box) == []
    assert box.uplink.snapshot.too_large.count == 0
    proxy.close()


def test_a_record_that_no_receiver_can_read_holds_up_no_other(broker: Broker, tmp_path: Path, boxes: list[Box]) -> None:
    """A body nested so deep that its whole batch is unreadable: the others get through, that one is named."""
    watch = Watch(tmp_path, broker.url, "--receipts").start()
    box = Box(tmp_path / "state", broker.section(proof="committed"))
    boxes.append(box)
    try:
        box.backlog(100)
        poison = large(box, 10)
        with box.store._db.change() as connection:
            (row,) = connection.execute(f"{rows.SELECT} WHERE seq=?", (poison,)).fetchall()
            body = b'{"deep":' + b"[" * 5000 + b"]" * 5000 + b"}"
            new = (body, rows.crc_of(row[: rows.WIDTH - 2], body), poison)
            connection.execute("UPDATE record SET body=?, crc=? WHERE seq=?", new)
        box.backlog(100)
        box.recording()
        box.run_until(lambda: box.uplink.snapshot.never_arrives == (f"{poison} (setup)",), real=90)
        box.run_until(lambda: set(watch.seqs()) >= set(range(1, 202)) - {poison}, real=30)
        assert [(loss["what"], loss["seq"]) for loss in losses(box)] == [("record", poison)]
    finally:
        watch.kill()
