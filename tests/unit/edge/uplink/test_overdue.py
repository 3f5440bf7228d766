"""When a station asks what became of what it sent: when its receipt is overdue, and not before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from edge.clock.anchors import Anchor
from edge.clock.belief import SECOND_LOOK, UNCONFIRMED
from edge.config.sections import BrokerSection
from edge.northbound.minshan import OutgoingBatch
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.records.spans import Span
from edge.sim.clock import SimClock
from edge.store.outbox import ASK_AFTER, PLATFORM
from edge.store.store import Store
from edge.uplink.receipts import Receipts
from edge.wire.contract import GATHER, Hello, HelloAnswer, Receipt, Topic, decode
from edge.wire.session import Granted
from tests.kits.uplink_kit import destination

LEDGER, OTHER = "ledger", "other"


class Station:
    """What a station knows of its proofs, after a platform that gathers receipts has answered its hello."""

    def __init__(self, store: Store, gathers: int) -> None:
        self.store, self.clock = store, SimClock()
        there = destination(BrokerSection(url="mqtt://127.0.0.1"))
        self.receipts = Receipts(there, "b", "e", store, self.clock)
        self.session = there.adapter.session("e", fresh=False)
        self.receipts.greet()
        self.ask(gathers)

    def ask(self, gathers: int) -> bool:
        """Say hello, and be told that nothing is there. Return whether something is unsent again."""
        return self.hears_nothing_is_there(self.says_hello(), gathers)

    def says_hello(self) -> str:
        """Say hello. Return its nonce."""
        payload = self.receipts.hello(0, None)
        assert payload is not None
        hello = decode(payload, Hello)
        assert hello.gather == GATHER
        return hello.nonce

    def hears_nothing_is_there(self, nonce: str, gathers: int = GATHER, ledger: str = LEDGER) -> bool:
        """Take in an answer by which nothing is there. Return whether something is unsent again."""
        answer = HelloAnswer(1, nonce, 1_782_097_200_000_000, ledger, 1, [], gathers=gathers)
        return self.receipts.answered(answer, lambda anchor: None)

    def send(self, channel: Topic) -> Record:
        """Let the broker acknowledge a minute that went on a channel."""
        body = {"values": {"air_temperature": 1.0}, "quality": {"air_temperature": 1}, "reasons": {}}
        start, mark = 1_782_097_200_000_000 + self.store.next_seq * 60_000_000, ClockMark("ntp", 0.05)
        record = self.store.append(Draft(Kind.MINUTE, Stamp("b", 0.0), 60.0, start, mark, body))
        self.receipts.sent([OutgoingBatch(channel, b"", (record,))])
        return record

    def asks_after(self, seconds: float) -> bool:
        """Return whether a hello is due when so much time has passed."""
        self.clock.run_until(self.clock.now() + seconds)
        return self.receipts.is_hello_due()


@pytest.fixture(name="store")
def opened(tmp_path: Path) -> Iterator[Store]:
    """Give an empty store."""
    made = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("channel", "gathers", "wait"),
    [(Topic.LIVE, GATHER, ASK_AFTER + GATHER), (Topic.LIVE, 0, ASK_AFTER), (Topic.BACKFILL, GATHER, ASK_AFTER)],
)
def test_what_is_not_receipted_in_time_is_asked_about(store: Store, channel: Topic, gathers: int, wait: float) -> None:
    """Live minutes wait as long as the platform said that it gathers, all else for two minutes."""
    station = Station(store, gathers)
    station.send(channel)
    assert not station.asks_after(wait - 1.0)
    assert station.asks_after(2.0)


def test_what_is_receipted_is_not_asked_about(store: Store) -> None:
    """Each receipt puts off the asking to what was sent after it."""
    station = Station(store, GATHER)
    for _ in range(2):  # within the hour after which the clock is looked at
        record = station.send(Topic.LIVE)
        assert not station.asks_after(600.0)
        station.receipts.received(Receipt(1, LEDGER, 1, [Span("e", record.seq, record.seq)]))
        assert not station.asks_after(600.0)


@pytest.mark.parametrize(
    ("granted", "fresh", "lost"),
    [
        (Granted(session_present=False), False, True),
        (Granted(session_present=True), False, False),
        (Granted(session_present=False), True, False),  # it was asked to forget
        (Granted(session_present=False, expiry=0), False, False),  # it never keeps anything
    ],
)
def test_what_a_broker_has_lost_goes_again_at_once(store: Store, granted: Granted, fresh: bool, lost: bool) -> None:
    """A broker that forgot the station after a crash has lost what it had acknowledged: where the platform lacks that
    it is sent again without a wait. What goes on the new connection has its time, and says nothing of the way."""
    station = Station(store, GATHER)
    station.send(Topic.LIVE)
    station.clock.run_until(station.clock.now() + 5.0)
    session = replace(station.session, fresh=fresh)
    station.receipts.connected(session, granted)
    assert station.receipts.is_hello_due()
    later = station.send(Topic.BACKFILL)
    assert station.ask(GATHER) is lost
    assert not station.receipts.lacking.nothing_arrives
    assert [span.first for span in store.outbox.unsent_spans(PLATFORM)] == [later.seq - 1] * lost


def test_a_late_answer_says_nothing_of_what_was_sent_behind_its_question(store: Store) -> None:
    """A platform that takes in a backlog answers after minutes. What went after the hello, or shortly before it, is on
    its way still; the next answer tells what became of it."""
    station = Station(store, GATHER)
    station.clock.run_until(station.clock.now() + 1000.0)
    station.send(Topic.BACKFILL)
    station.clock.run_until(station.clock.now() + 30.0)
    nonce = station.says_hello()
    station.send(Topic.BACKFILL)
    station.clock.run_until(station.clock.now() + 1800.0)
    assert not station.hears_nothing_is_there(nonce)
    assert not store.outbox.unsent_spans(PLATFORM)
    assert station.ask(GATHER)
    assert store.outbox.unsent_spans(PLATFORM) == [Span("e", 1, 2)]


def test_what_another_platform_lacks_is_not_blamed_on_the_way(store: Store) -> None:
    """A ledger that is accepted in the place of the one before lacks all of it: that goes as any backlog, in whole
    batches, for the one before did get it."""
    station = Station(store, GATHER)
    proved = [station.send(Topic.BACKFILL) for _ in range(50)]
    station.receipts.received(Receipt(1, LEDGER, 1, [Span("e", 1, 50)]))
    station.clock.run_until(station.clock.now() + 1.0)
    station.hears_nothing_is_there(station.says_hello(), ledger=OTHER)
    assert station.receipts.accept_ledger() == OTHER
    station.clock.run_until(station.clock.now() + ASK_AFTER + 1.0)
    assert station.hears_nothing_is_there(station.says_hello(), ledger=OTHER)
    assert store.outbox.unsent_spans(PLATFORM) == [Span("e", 1, 50)]
    assert [len(batch) for batch in station.receipts.lacking.batches(proved, 360)] == [50]
    assert not station.receipts.lacking.nothing_arrives


@pytest.mark.parametrize(("utc", "error", "stated"), [(0, 0.0, []), (1_782_097_200_000_000, 0.3, [10.3])])
def test_the_platform_s_time_states_its_own_error_too(
    store: Store, utc: int, error: float, stated: list[float]
) -> None:
    """Half the way there and back, and what the platform's own clock may be off by; 0 is no time."""
    station, heard = Station(store, GATHER), list[Anchor]()
    nonce = station.says_hello()
    station.clock.run_until(station.clock.now() + 20.0)
    station.receipts.answered(HelloAnswer(1, nonce, utc, LEDGER, 1, [], error=error), heard.append)
    assert [anchor.error for anchor in heard] == stated


@pytest.mark.parametrize(
    ("off", "error", "again"),
    [(0.0, 0.05, False), (3600.0, 0.05, True), (-3600.0, 0.05, True), (3600.0, 3600.1, False)],
)
def test_a_platform_that_contradicts_network_time_is_asked_again(
    store: Store, off: float, error: float, again: bool
) -> None:
    """What it said once counts for 20 minutes: the second word that confirms it comes within them, on a box too that is
    never on for a day. Once its records state an error that holds both, it is asked once a day again."""
    station = Station(store, GATHER)
    station.clock.run_until(30.0)
    start = 1_782_097_200_000_000 + round((30.0 + off) * 1e6)
    draft = Draft(Kind.MINUTE, Stamp("b", 30.0), 60.0, start, ClockMark("ntp", error), {"values": {}})
    record = store.append(draft)
    station.receipts.sent([OutgoingBatch(Topic.BACKFILL, b"", (record,))])
    station.receipts.received(Receipt(1, LEDGER, 1, [Span("e", record.seq, record.seq)]))
    answer = HelloAnswer(1, station.says_hello(), 1_782_097_230_000_000, LEDGER, 1, [Span("e", 1, 1)])
    station.receipts.answered(answer, lambda anchor: None)
    assert not station.asks_after(SECOND_LOOK)
    assert station.asks_after(UNCONFIRMED - SECOND_LOOK - 1.0) is again


@pytest.mark.parametrize(("source", "hourly"), [("ntp", False), ("gnss", False), ("platform", True), ("crystal", True)])
def test_a_box_that_nobody_else_tells_the_time_asks_the_platform_each_hour(
    store: Store, source: str, hourly: bool
) -> None:
    """What only the crystal carries on since its clock was slewed is no word of anybody; others tell it themselves."""
    station = Station(store, GATHER)
    station.clock.run_until(30.0)
    mark = ClockMark(source, 0.05)
    draft = Draft(Kind.MINUTE, Stamp("b", 30.0), 60.0, 1_782_097_230_000_000, mark, {"values": {}})
    record = store.append(draft)
    station.receipts.sent([OutgoingBatch(Topic.BACKFILL, b"", (record,))])
    station.receipts.received(Receipt(1, LEDGER, 1, [Span("e", record.seq, record.seq)]))
    answer = HelloAnswer(1, station.says_hello(), 1_782_097_230_000_000, LEDGER, 1, [Span("e", 1, 1)])
    station.receipts.answered(answer, lambda anchor: None)
    assert not station.asks_after(3500.0)
    assert station.asks_after(200.0) is hourly
