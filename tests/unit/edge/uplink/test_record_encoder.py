"""Which version of the contract records go in, and when a table goes along."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.config.sections import BrokerSection
from edge.northbound import version2
from edge.northbound.minshan import OutgoingBatch
from edge.records.record import Record
from edge.records.spans import Span
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.lacking import LackingCounts
from edge.uplink.record_encoder import DISTRUSTED, RecordEncoder
from edge.wire.contract import Batch, Receipt, decode, opened
from edge.wire.link import NOBODY_LISTENS, REFUSED
from tests.kits.receiver_kit import minute
from tests.kits.uplink_kit import destination
from tests.unit.hub.test_columns_received import spelt


class Encoding:
    """An encoder on a store that lasts."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock, self.lacking = store, SimClock(), LackingCounts()
        self.encoder = self.again()

    def again(self, **section: object) -> RecordEncoder:
        """Start anew with these lines of the broker's section."""
        broker = BrokerSection.model_validate({"url": "mqtt://127.0.0.1:9"} | section)
        self.encoder = RecordEncoder(destination(broker), self.store.notes, self.clock, self.lacking)
        return self.encoder

    def live(self, seq: int) -> version2.ColumnBatch:
        """Return what goes of a new minute."""
        (message,) = self.encoder.live([spelt(minute(seq))])
        assert message.version == 2
        return read(message)

    def receipt(self, seq: int, *tables: str, believed: bool = True) -> None:
        """Let the platform have committed a record."""
        self.encoder.received(Receipt(1, "l", 1, [Span("e", seq, seq)], tables=list(tables)), believed)


def read(message: OutgoingBatch) -> version2.ColumnBatch:
    """Return a message of version 2."""
    raw = opened(message.payload, dictionary=version2.dictionary())
    return msgspec.json.decode(raw, type=version2.ColumnBatch)


@pytest.fixture(name="encoding")
def an_encoding(tmp_path: Path) -> Iterator[Encoding]:
    """Give an encoder."""
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
    yield Encoding(store)
    store.close()


def versions(encoder: RecordEncoder, records: list[Record] | None = None) -> set[int]:
    """Return the versions in which records go."""
    records = [spelt(minute(seq)) for seq in (1, 2)] if records is None else records
    return {message.version for message in (*encoder.live(records), *encoder.backfill(records, None))}


def test_version_2_is_written_once_a_receiver_reads_it(encoding: Encoding) -> None:
    """A station writes what every receiver reads until one says more, remembers it, and goes back when told so."""
    assert versions(encoding.encoder) == {1}
    (message,) = encoding.encoder.live([spelt(minute(1))])
    assert decode(message.payload, Batch).records == [spelt(minute(1))]
    encoding.encoder.set_platform_version(3)
    assert versions(encoding.encoder) == {2}
    assert versions(encoding.again()) == {2}
    assert versions(encoding.again(contract=1)) == {1}
    encoding.again().set_platform_version(1)
    assert versions(encoding.encoder) == {1}
    assert versions(encoding.again()) == {1}


def test_a_live_message_has_its_table_until_a_receipt_says_that_it_arrived(encoding: Encoding) -> None:
    """Then its name is enough, and it goes again where the platform wants it."""
    encoding.encoder.set_platform_version(2)
    first = encoding.live(1)
    assert len(first.tables) == 1
    assert encoding.live(2).tables == first.tables
    encoding.receipt(2, believed=False)
    assert encoding.live(3).tables == first.tables
    encoding.receipt(3)
    assert encoding.live(4).tables == []
    (backfill,) = encoding.encoder.backfill([spelt(minute(5))], None)
    assert read(backfill).tables == first.tables
    encoding.receipt(4, first.columns[0].table)
    (asked,) = encoding.encoder.tables()
    assert read(asked) == version2.ColumnBatch(2, first.tables)
    assert encoding.encoder.tables() == []
    assert encoding.live(6).tables == first.tables


def test_where_nobody_gives_receipts_each_message_can_be_read_alone(encoding: Encoding) -> None:
    """With the broker's word as proof a table goes along each time."""
    encoding.again(proof="broker").set_platform_version(2)
    encoding.live(1)
    encoding.receipt(1)
    assert len(encoding.live(2).tables) == 1


def test_what_does_not_get_through_goes_in_version_1(encoding: Encoding) -> None:
    """What was lacking twice, or all for an hour after a refusal, goes in the form that everybody on the way knows."""
    encoding.encoder.set_platform_version(2)
    for _ in range(2):
        encoding.lacking.proved([], True)
        encoding.lacking.again([Span("e", 1, 1)])
    records = [spelt(minute(1))]
    assert [message.version for message in encoding.encoder.backfill(records, None)] == [1]
    assert versions(encoding.encoder, [spelt(minute(2))]) == {2}
    encoding.encoder.distrust()
    assert versions(encoding.encoder, [spelt(minute(2))]) == {1}
    encoding.clock.run_until(encoding.clock.now() + DISTRUSTED)
    assert versions(encoding.encoder, [spelt(minute(2))]) == {2}


@pytest.mark.parametrize(("code", "then"), [(NOBODY_LISTENS, {2}), (REFUSED, {1})])
def test_a_receiver_that_is_back_hears_version_2(encoding: Encoding, code: int, then: set[int]) -> None:
    """A broker that died has forgotten who listens: that nobody heard version 2 says nothing of who reads it once a
    receiver answers. What was refused stays in version 1 for its hour, whoever answers."""
    encoding.encoder.set_platform_version(2)
    (message,) = encoding.encoder.live([spelt(minute(1))])
    encoding.encoder.acknowledged([(message, code)])
    assert versions(encoding.encoder) == {1}
    encoding.encoder.set_platform_version(1)
    assert versions(encoding.encoder) == {1}
    encoding.encoder.set_platform_version(2)
    assert versions(encoding.encoder) == then


def test_a_message_keeps_to_the_brokers_limit(encoding: Encoding) -> None:
    """A batch that is too large goes in halves, each with its table."""
    encoding.encoder.set_platform_version(2)
    records = [spelt(minute(seq, air_temperature=zlib.crc32(b"%d" % seq) % 1000 / 100)) for seq in range(300, 0, -1)]
    messages = encoding.encoder.backfill(records, 600)
    assert len(messages) > 1
    assert all(len(message.payload) <= 600 and read(message).tables for message in messages)
    assert [record.seq for message in messages for record in message.records] == list(range(300, 0, -1))
