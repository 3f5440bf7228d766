"""Anyone may speak on a station's topics: what another ledger says closes nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from edge.records.spans import Span
from edge.snapshots import LedgerSnapshot
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.pin import ALONE
from edge.wire.contract import VERSION, Hello, HelloAnswer, Piece, Receipt, Topic, decode, encode, topic
from tests.kits.broker import Broker
from tests.kits.uplink_kit import UTC0, Box, Listener, make

STATION = "orchard-1"
ALL = [Span("e1", 1, 50)]
HOUR = 3600.0


class Ledger:
    """A platform that believes to have what it is told to have, and answers hellos under its name."""

    def __init__(self, broker: Broker, name: str, has: list[Span], generation: int = 1) -> None:
        self.name, self.has, self.generation = name, has, generation
        self.listener = Listener(broker, name=f"listener-{name}")

    def answer(self) -> None:
        """Answer the newest hello."""
        hello = decode(self.listener.on(STATION, Topic.HELLO)[-1].payload, Hello)
        reply = HelloAnswer(VERSION, hello.nonce, UTC0, self.name, self.generation, self.has)
        self.listener.send(topic(STATION, Topic.ANSWER), encode(reply))

    def receipt(self, has: list[Span], pictures: list[Piece] | None = None) -> None:
        """Give a receipt."""
        receipt = Receipt(VERSION, self.name, self.generation, has, pictures or [])
        self.listener.send(topic(STATION, Topic.RECEIPT), encode(receipt))


def believed(boxes: list[Box], folder: Path, broker: Broker, **section: Any) -> tuple[Box, Ledger]:
    """Make a station with fifty records sent, and the ledger that answered it first and has them."""
    true = Ledger(broker, "true", ALL)
    box = make(boxes, folder, broker, **{"proof": "committed", **section})
    box.backlog(50)
    box.run_until(lambda: box.store.outbox.count_unsent(PLATFORM) == 0)
    true.answer()
    box.run_until(lambda: not box.store.outbox.unproven(PLATFORM))
    return box, true


def status(box: Box) -> LedgerSnapshot:
    """Return what the station's status holds of ledgers."""
    return box.uplink.snapshot.ledger


@pytest.mark.parametrize("name", ["stray", ""])
def test_a_receipt_of_another_ledger_closes_nothing(
    broker: Broker, boxes: list[Box], tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """Unsent records stay unsent whatever a stray receipt says; it is counted and told; the true one's closes them."""
    caplog.set_level(logging.WARNING, "minshan")
    box, true = believed(boxes, tmp_path, broker)
    box.store.outbox.reopen(ALL, PLATFORM)
    picture = box.picture(b"x" * 1000, b"y" * 50)
    broker.freeze()  # so that nothing is sent meanwhile
    broker.stop()
    broker.start()
    stray = Ledger(broker, name or "nameless", ALL)
    stray.name = name
    stray.receipt([Span("e1", 1, 51)], [Piece(picture, "full", 1000), Piece(picture, "thumbnail", 50)])
    unproven = box.store.outbox.count_unsent(PLATFORM) + sum(
        s.last - s.first + 1 for s in box.store.outbox.unproven(PLATFORM)
    )
    box.run(60)
    now = box.store.outbox.count_unsent(PLATFORM) + sum(
        s.last - s.first + 1 for s in box.store.outbox.unproven(PLATFORM)
    )
    assert now == unproven == 51
    assert box.store.pictures.count(PLATFORM).full == 1
    assert (status(box).believed, status(box).other) == ("true", None)
    true.listener.again()
    true.receipt([Span("e1", 1, 51)])
    box.run_until(lambda: not box.store.outbox.unproven(PLATFORM) and not box.store.outbox.count_unsent(PLATFORM))


def test_before_any_ledger_has_answered_a_receipt_closes_nothing(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """Trust begins with an answer to our own hello, which nobody can give who does not read it."""
    box = make(boxes, tmp_path, broker, proof="committed")
    box.backlog(50)
    ledger = Ledger(broker, "first", ALL)
    box.run(30)
    ledger.receipt(ALL)
    box.run(10)
    assert box.store.outbox.unproven(PLATFORM) == ALL
    box.run(130)
    ledger.answer()
    box.run_until(lambda: not box.store.outbox.unproven(PLATFORM))


def test_a_receipt_of_what_was_never_sent_is_asked_about_within_minutes(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """Whoever has read the ledger's name can forge its receipts: what they closed goes again, not a day later."""
    box, true = believed(boxes, tmp_path, broker)
    for number in range(4, 0, -1):
        box.minute(-60.0 * number, dated=False)  # they wait for their time
    true.receipt([Span("e1", 1, 54)])
    box.run_until(lambda: not box.store.outbox.unsent_spans(PLATFORM))
    hellos = len(true.listener.on(STATION, Topic.HELLO))
    box.run(600)
    assert len(true.listener.on(STATION, Topic.HELLO)) > hellos
    true.answer()
    box.run_until(lambda: box.store.outbox.unsent_spans(PLATFORM))
    assert box.store.outbox.unsent_spans(PLATFORM) == [Span("e1", 51, 54)]


def test_another_ledgers_answer_closes_nothing_and_the_true_ones_still_counts(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """Two answer the same hello, the stray first: the true one's word is heard all the same, over a restart too."""
    box, true = believed(boxes, tmp_path, broker)
    box.close()
    box = Box(tmp_path / "state", broker.section(proof="committed"), epoch="e2")
    boxes[:] = [box]
    box.minute(0)
    box.run(30)
    stray = Ledger(broker, "stray", [*ALL, Span("e2", 51, 51)])
    box.run(200)
    stray.answer()
    box.run(5)
    assert box.store.outbox.unproven(PLATFORM) == [Span("e2", 51, 51)]
    assert (status(box).believed, status(box).other, status(box).refused) == ("true", "stray", 1)
    true.has = [Span("e1", 1, 40), Span("e2", 51, 51)]
    true.answer()
    box.run_until(
        lambda: (
            box.store.outbox.unproven(PLATFORM) == [Span("e1", 41, 50)] and not box.store.outbox.count_unsent(PLATFORM)
        )
    )


def test_another_ledger_is_believed_after_a_day_without_the_old_one(
    broker: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """The platform was replaced and nobody told the station: after a day the new one gets what only the old one had."""
    box, _ = believed(boxes, tmp_path, broker)
    new = Ledger(broker, "new", [])
    for believed_now in (*["true"] * 4, "new"):
        new.listener.send("minshan/1/all/rollcall", b"{}")
        box.run(ALONE / 4)
        new.answer()
        box.run(5)
        assert status(box).believed == believed_now
        assert box.store.outbox.count_unsent(PLATFORM) == 0 or believed_now == "new"
    assert status(box).believed == "new"
    box.run_until(lambda: {r.seq for r in new.listener.records()} == set(range(1, 51)))


def test_accept_ledger_believes_the_new_one_at_once(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Accepted, the new ledger is asked about everything, closes what it has and gets the rest again."""
    box, true = believed(boxes, tmp_path, broker)
    assert box.uplink.accept_ledger() is None
    new = Ledger(broker, "new", [Span("e1", 1, 30)])
    new.listener.send("minshan/1/all/rollcall", b"{}")
    box.run(5)
    new.answer()
    box.run(5)
    assert status(box).believed == "true"
    assert box.uplink.accept_ledger() == "new"
    assert box.store.outbox.unproven(PLATFORM) == ALL
    box.run(5)
    new.listener.messages.clear()
    box.run(130)
    new.answer()
    box.run_until(lambda: {r.seq for r in new.listener.records()} == set(range(31, 51)))
    true.receipt(ALL)
    box.run(5)
    assert box.store.outbox.unproven(PLATFORM) == [Span("e1", 31, 50)]


def test_a_restored_ledger_is_the_same_and_gets_what_it_lacks(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """Another generation of the believed ledger: its receipts from before prove nothing, its answer says what lacks."""
    box, true = believed(boxes, tmp_path, broker)
    true.generation, true.has = 2, [Span("e1", 1, 20)]
    true.listener.send("minshan/1/all/rollcall", b"{}")
    box.run(5)
    true.listener.messages.clear()
    box.run(130)
    true.listener.send("minshan/1/all/rollcall", b"{}")
    box.run(5)
    true.answer()
    box.run_until(lambda: {r.seq for r in true.listener.records()} == set(range(21, 51)))
    true.generation = 1
    true.receipt(ALL)
    box.run(5)
    assert box.store.outbox.unproven(PLATFORM) == [Span("e1", 21, 50)]


def test_two_hubs_on_copies_of_one_database_are_told_and_cost_no_hellos(
    broker: Broker, boxes: list[Box], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A backup was restored on another machine, and the old hub goes on: what either lacks is sent, once it answers;
    receipts of the one that is not believed make the station ask no more often than otherwise."""
    box, old = believed(boxes, tmp_path, broker)
    new = Ledger(broker, "copy", [Span("e1", 1, 20)], generation=2)
    new.name = old.name
    for hub in (new, old, new):
        hub.listener.send("minshan/1/all/rollcall", b"{}")
        box.run(5)
        hub.answer()
        box.run(5)
    assert box.store.outbox.unproven(PLATFORM) == [Span("e1", 21, 50)]
    assert caplog.text.count("two hubs answer from copies of one database (true)") == 1
    new.has = ALL
    new.receipt(ALL)
    box.run_until(lambda: not box.store.outbox.unproven(PLATFORM))
    said = []
    for receipts in (False, True):
        new.listener.messages.clear()
        for _ in range(10):
            if receipts:
                old.receipt(ALL)
            box.run(300)
        said.append(len(new.listener.on(STATION, Topic.HELLO)))
    assert said[1] <= said[0] + 1


def test_a_hello_is_said_each_day(broker: Broker, boxes: list[Box], tmp_path: Path) -> None:
    """A platform that lost records hears from the station within a day, though the connection never broke."""
    box, true = believed(boxes, tmp_path, broker)
    true.listener.take()
    true.listener.messages.clear()
    box.run(25 * HOUR)
    assert len(true.listener.on(STATION, Topic.HELLO)) >= 1


def test_what_is_believed_is_kept_in_the_store(tmp_path: Path) -> None:
    """Notes outlive a restart, the oldest of a kind go first, and one that is damaged counts as not there."""
    store = Store.open(tmp_path, epoch="e1", destinations=(PLATFORM,))
    for number in range(5):
        store.notes.put("kind", f"n{number}", json.dumps(number).encode(), most=3)
    store.notes.put("kind", "n4", b"again", most=3)
    store.notes.put("other", "n", b"\x00")
    store.close()
    store = Store.open(tmp_path, epoch="e2", destinations=(PLATFORM,))
    assert [store.notes.get("kind", f"n{n}") for n in range(5)] == [None, None, b"2", b"3", b"again"]
    assert store.notes.get("other", "n") == b"\x00"
    with store._db.change() as connection:
        connection.execute("UPDATE note SET value=x'11' WHERE name='n4'")
    assert store.notes.get("kind", "n4") is None
    store.close()
