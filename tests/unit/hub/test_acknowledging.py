"""What a broker is told: in its order, after the commit, and never of a message that another connection brought."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import cast

import pytest

from drivers.reason import Reason
from edge.config.sections import BrokerSection
from edge.records.spans import Span
from edge.wire.contract import Batch, ChunkHeader, Hello, Receipt, Status, Topic, decode, encode, encode_chunk, topic
from edge.wire.errors import LinkError
from edge.wire.link import Link
from edge.wire.session import Granted, Incoming
from hub import intake
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.receiver import Files, Receiver
from hub.sink import CommitOutcome, Delivery, SinkError
from tests.kits.receiver_kit import minute
from tests.kits.sink_kit import query

GONE = LinkError(Reason("said", "{text}", text="the link is gone"))
AWAY = SinkError(Reason("said", "{text}", text="the database is away"))


class Wire:
    """One connection; it breaks at the first word that the receiver says, where it is told to."""

    def __init__(self, breaks: bool = False) -> None:
        self.granted, self.acked, self.breaks = Granted(), list[int](), breaks
        self.said: list[bytes] = []

    def publish(self, _to: str, payload: bytes) -> int:
        """Keep what is said."""
        if self.breaks:
            raise GONE
        self.said.append(payload)
        return 1

    def ack(self, message: Incoming) -> None:
        """Keep what was acknowledged."""
        self.acked.append(message.mid)


class Moody(DatabaseSink):
    """A sink that cannot commit some time."""

    commits = 0
    fails_at = 0

    def commit(self, delivery: Delivery) -> CommitOutcome:
        """Commit, or not."""
        self.commits += 1
        if self.commits == self.fails_at:
            raise AWAY
        return super().commit(delivery)


@pytest.fixture(name="sink")
def a_sink(tmp_path: Path) -> Moody:
    """Return a sink over a new file."""
    return Moody(opened(f"sqlite://{tmp_path}/hub.db"))


@pytest.fixture(name="receiver")
def a_receiver(sink: Moody, tmp_path: Path) -> Receiver:
    """Return a receiver before it that commits after each second record."""
    receiver = Receiver(
        BrokerSection(url="mqtt://127.0.0.1:9"), Files(pictures=tmp_path / "p"), True, lambda _s, _r: None, sink=sink
    )
    receiver._pending._most = 2
    return receiver


def message(mid: int, seq: int) -> Incoming:
    """Return a message with one minute."""
    return Incoming(topic("s", Topic.BACKFILL), encode(Batch(1, "s", [minute(seq)])), mid, 1, False)


def handed(receiver: Receiver, wire: Wire, *messages: Incoming) -> None:
    """Hand over messages as they lie in the inbox of one connection."""
    receiver.batch(cast(Link, wire), list(messages))


def test_acknowledgements_go_in_the_order_of_receipt_as_far_as_is_committed(receiver: Receiver, sink: Moody) -> None:
    """MQTT wants them in order (4.6.0-2): all of it where all is committed, and a beginning where a commit failed."""
    wire = Wire()
    handed(receiver, wire, *(message(10 + seq, seq) for seq in range(1, 6)))
    assert wire.acked == [11, 12, 13, 14, 15]
    sink.fails_at, other = sink.commits + 2, Wire()
    with pytest.raises(SinkError):
        handed(receiver, other, *(message(10 + seq, seq) for seq in range(6, 11)))
    assert other.acked == [16, 17]
    handed(receiver, again := Wire(), *(message(seq, seq) for seq in range(8, 11)))
    assert again.acked == [8, 9, 10]
    assert sink.held("s", frozenset({"e"})) == [Span("e", 1, 10)]


def test_a_status_that_could_not_be_committed_is_kept_when_it_comes_again(
    receiver: Receiver, sink: Moody, tmp_path: Path
) -> None:
    """It is noted once, however often it comes, but not before the database has it."""
    status = Incoming(topic("s", Topic.STATUS), encode(Status(1, "s", "offline", "e")), 1, 1, False)
    sink.fails_at = sink.commits + 1
    with pytest.raises(SinkError):
        handed(receiver, Wire(), status, message(2, 1))
    for _ in range(3):
        handed(receiver, Wire(), status, message(2, 1))
    assert query(f"sqlite://{tmp_path}/hub.db", "SELECT station, kind FROM note") == [("s", "status")]


def test_a_link_that_breaks_between_commit_and_acknowledgement(receiver: Receiver, sink: Moody, tmp_path: Path) -> None:
    """What is committed is there; the broken link acknowledges nothing, the next one only what itself brought, under
    whatever number, and each record stays one."""
    broken = Wire(breaks=True)
    hello = Hello(1, "s", "nonce", "e", [Span("e", 1, 2)], 3, [], 0, "ntp", "committed")
    asks = Incoming(topic("s", Topic.HELLO), encode(hello), 3, 1, False)
    with pytest.raises(LinkError):
        handed(receiver, broken, message(1, 1), asks)
    assert broken.acked == []
    assert sink.held("s", frozenset({"e"})) == [Span("e", 1, 1)]
    handed(receiver, wire := Wire(), message(1, 2), message(2, 1))
    assert wire.acked == [1, 2]
    assert query(f"sqlite://{tmp_path}/hub.db", "SELECT seq FROM record ORDER BY seq") == [(1,), (2,)]


def test_a_message_whose_handling_fails_is_handled_once(
    receiver: Receiver, sink: Moody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever error that is, it is set aside and acknowledged in its turn, and costs no other; none comes again."""
    really, handled = intake.batch, list[bytes]()

    def faulty(where: str, payload: bytes) -> intake.RawBatch:
        handled.append(payload)
        if payload == b"poison":
            raise ZeroDivisionError
        return really(where, payload)

    monkeypatch.setattr(intake, "batch", faulty)
    poison = Incoming(topic("s", Topic.BACKFILL), b"poison", 2, 1, False)
    handed(receiver, wire := Wire(), message(1, 1), poison, message(3, 2))
    assert wire.acked == [1, 2, 3]
    assert (handled.count(b"poison"), receiver.tally.aside) == (1, 1)
    assert sink.held("s", frozenset({"e"})) == [Span("e", 1, 2)]


def test_a_photo_is_confirmed_after_its_commit_alone(receiver: Receiver, sink: Moody, tmp_path: Path) -> None:
    """Where the database was away the next connection says nothing of it, until it has come again."""
    data = b"a photo" * 100
    name = hashlib.sha256(data).hexdigest()
    header = ChunkHeader(1, "s", name, "full", 0, len(data), name, "north", "e", 1, None)
    chunk = Incoming(topic("s", Topic.PICTURE), encode_chunk(header, data), 1, 1, False)
    sink.fails_at = sink.commits + 1
    with pytest.raises(SinkError):
        handed(receiver, Wire(), chunk)
    receiver.send_receipts(cast(Link, wire := Wire()), float("inf"))
    assert wire.said == []
    handed(receiver, wire := Wire(), chunk)
    assert query(f"sqlite://{tmp_path}/hub.db", "SELECT picture FROM picture") == [(name,)]
    (receipt,) = (decode(payload, Receipt) for payload in wire.said)
    assert [piece.picture for piece in receipt.pictures] == [name]
