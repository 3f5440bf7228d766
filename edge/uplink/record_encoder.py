"""Encode records: in which version of the contract, and with which tables.

Version 1 is written until a receiver states that it reads version 2, and again when one states that it does not. If
something in version 2 was refused, had no subscriber, or is lacking long after, version 1 is written for an hour, so
that nothing stays on the station because something on the way does not know the newer topics. If there was no
subscriber, as after the crash of a broker that lost its subscriptions, the hour ends when a receiver answers that it
reads version 2.

A live message names its table by hash alone if the platform has it: a receipt has named a record sent along with it.
Each message of a backlog contains its tables, and so does every message if there are no receipts.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.clock import Clock
from edge.northbound import version2
from edge.northbound.column_writer import KnownTables
from edge.northbound.minshan import BY_ARRIVAL_EXPIRY, OutgoingBatch
from edge.records.record import Record
from edge.records.spans import Span
from edge.store.notes import Notes
from edge.uplink.destination import Destination
from edge.uplink.lacking import LackingCounts
from edge.wire.contract import VERSION, Receipt, Topic
from edge.wire.link import NOBODY_LISTENS, REFUSED, TOO_LARGE

KIND = "contract"
ENDS = 3  # disconnects in a row with version 2 in flight
DISTRUSTED = 3600.0  # s for which version 1 is written after version 2 did not get through


class RecordEncoder:
    """Makes the messages of records for one destination, over all its connections. Used by the uplink's lane only."""

    def __init__(self, destination: Destination, notes: Notes, clock: Clock, lacking: LackingCounts) -> None:
        self.lacking = lacking
        self._adapter, self._dest = destination.adapter, destination.name
        self._newest = destination.broker.contract
        self._notes, self._clock = notes, clock
        self._tables = KnownTables(self._adapter.station)
        self._reads = version2.VERSION if notes.get(KIND, self._dest) == b"2" else VERSION
        self._distrusted_until = 0.0
        self._unheard = False  # whether that is because there was no subscriber
        self._ends = 0  # disconnects in a row with something in version 2 in flight
        self._there: set[str] = set()  # names of tables that the platform has
        self._going: dict[str, tuple[str, int]] = {}  # table -> a record that it was sent along with
        self._wanted: set[str] = set()

    @property
    def version(self) -> int:
        """The version of the contract to write now."""
        trusted = self._clock.now() >= self._distrusted_until
        return min(self._newest, self._reads) if trusted else VERSION

    def set_platform_version(self, reads: int) -> None:
        """Set the newest version that the platform reads; kept over restarts."""
        reads = min(reads, version2.VERSION)
        if self._unheard and reads == version2.VERSION:
            self._distrusted_until, self._unheard = 0.0, False
        if reads != self._reads:
            self._reads = reads
            self._there.clear()
            self._notes.put(KIND, self._dest, b"%d" % reads, most=8)

    def distrust(self) -> None:
        """Write version 1 for `DISTRUSTED` seconds: version 2 did not get through."""
        self._distrusted_until, self._unheard = self._clock.now() + DISTRUSTED, False
        self._ends = 0
        self._there.clear()

    def acknowledged(self, settled: Sequence[tuple[OutgoingBatch, int]]) -> None:
        """Learn from the broker's codes: if it refuses, or nobody is subscribed, the newer topics may be the cause."""
        newer = [code for message, code in settled if message.version > VERSION]
        refused = any(code >= REFUSED and code != TOO_LARGE for code in newer)
        if refused or NOBODY_LISTENS in newer:
            self.distrust()
            self._unheard = not refused
        self._ends = 0 if newer else self._ends

    def ended(self, in_flight: Sequence[OutgoingBatch]) -> None:
        """Learn that the connection ended with these in flight: some brokers disconnect instead of refusing a topic."""
        self._ends += any(message.version > VERSION for message in in_flight)
        if self._ends >= ENDS:
            self.distrust()

    def received(self, receipt: Receipt, believed: bool) -> None:
        """Note which tables the platform has, if the receipt is believed, and which it asks for."""
        self._there -= set(receipt.tables)
        self._wanted |= set(receipt.tables)
        for name, (epoch, seq) in list(self._going.items()) if believed else ():
            if name not in receipt.tables and any(_has(span, epoch, seq) for span in receipt.has):
                self._there.add(name)
                del self._going[name]

    def tables(self) -> list[OutgoingBatch]:
        """Return a message with each table that the platform asked for, as far as it is still known."""
        found = [table for name in sorted(self._wanted) if (table := self._tables.find_table(name)) is not None]
        self._wanted.clear()
        if not found:
            return []
        payloads = [version2.encode(version2.ColumnBatch(version2.VERSION, [table])) for table in found]
        return [
            OutgoingBatch(Topic.LIVE, payload, version=version2.VERSION) for payload in payloads if payload is not None
        ]

    def live(self, records: Sequence[Record], most_bytes: int | None = None) -> list[OutgoingBatch]:
        """Return the newest records in messages of at most `most_bytes`; a single record may exceed it."""
        if self.version == VERSION:
            return self._adapter.live(records, most_bytes)
        undated = any(record.start is None for record in records)
        return self._columns(Topic.LIVE, records, most_bytes, BY_ARRIVAL_EXPIRY if undated else None)

    def backfill(self, records: Sequence[Record], most_bytes: int | None) -> list[OutgoingBatch]:
        """Return old records in messages of at most `most_bytes`; a single record may exceed it."""
        if self.version == VERSION or self.lacking.twice(records):
            return self._adapter.backfill(records, most_bytes)
        return self._columns(Topic.BACKFILL, records, most_bytes, None)

    def _columns(
        self, channel: Topic, records: Sequence[Record], most_bytes: int | None, expiry: int | None
    ) -> list[OutgoingBatch]:
        live = channel is Topic.LIVE
        there = self._there if live and self._adapter.committed else ()
        batch, along = version2.batch(self._tables, records, there)
        payload = version2.encode(batch)
        too_large = payload is None or (most_bytes is not None and len(payload) > most_bytes)
        if too_large and len(records) > 1:
            half = len(records) // 2
            parts = (records[:half], records[half:])
            return [message for part in parts for message in self._columns(channel, part, most_bytes, expiry)]
        if payload is None:
            return self._adapter.backfill(records, most_bytes)
        for known in along if live else ():
            first = next(record for record in records if record.epoch == known.table.epoch)
            self._going[known.hash] = first.epoch, first.seq
        return [OutgoingBatch(channel, payload, tuple(records), expiry=expiry, version=version2.VERSION)]


def _has(span: Span, epoch: str, seq: int) -> bool:
    return span.epoch == epoch and span.first <= seq <= span.last
