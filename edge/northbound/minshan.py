"""Our own platform as a destination: a few live records as plain JSON, many old ones compressed in one message."""

from collections.abc import Sequence

import msgspec

from edge.northbound import version1
from edge.records.record import Record
from edge.wire.contract import (
    MOST_RECORDS,
    ROLLCALL,
    VERSION,
    Batch,
    ChunkHeader,
    Result,
    Status,
    Topic,
    encode,
    topic,
)
from edge.wire.session import KEPT_SESSION, Session

LIVE = 10  # records; more than that is a backlog
BY_ARRIVAL_EXPIRY = 60  # s; a record dated by its arrival must not arrive late (its dated revision comes later)
SUBSCRIBED = (Topic.ANSWER, Topic.RECEIPT, Topic.COMMAND)


class OutgoingBatch(msgspec.Struct, frozen=True):
    """A message to be sent, its topic's version, and the records, chunk or result that its acknowledgement settles."""

    channel: Topic
    payload: bytes
    records: tuple[Record, ...] = ()
    chunk: ChunkHeader | None = None
    chunk_end: int = 0
    result: Result | None = None
    retain: bool = False
    expiry: int | None = None
    version: int = VERSION
    asked: bool = False  # a chunk of a requested picture


class Minshan(msgspec.Struct, frozen=True):
    """The adapter of one station for our own platform: topics, messages, what proves delivery, and batch sizes.

    `proof`: "committed", the platform's receipts and answers; "broker", the broker's acknowledgement.
    """

    station: str
    proof: str = "committed"
    live_records: int = LIVE
    batch_records: int = MOST_RECORDS

    @property
    def committed(self) -> bool:
        """Whether only the platform's receipts and answers are proof."""
        return self.proof == "committed"

    def topics(self) -> tuple[str, ...]:
        """Return the topics that the station subscribes to."""
        return (*(topic(self.station, channel) for channel in SUBSCRIBED), ROLLCALL)

    def topic(self, channel: Topic, version: int = VERSION) -> str:
        """Return the topic of such messages."""
        return topic(self.station, channel, version)

    def session(self, epoch: str, fresh: bool) -> Session:
        """Return the session of the run `epoch`; `fresh`: the broker is to discard the one that it has kept."""
        will = self.status("offline", epoch)
        where = self.topic(will.channel)
        return Session(f"minshan-{self.station}", self.topics(), (where, will.payload), KEPT_SESSION, fresh=fresh)

    def status(self, state: str, epoch: str) -> OutgoingBatch:
        """Return the retained birth ("online") or will ("offline") message."""
        return OutgoingBatch(Topic.STATUS, encode(Status(VERSION, self.station, state, epoch)), retain=True)

    def live(self, records: Sequence[Record], most_bytes: int | None = None) -> list[OutgoingBatch]:
        """Return the newest records in messages of at most `most_bytes`; a single record may exceed it.

        Undated records expire in the broker rather than be dated wrongly by a late arrival.
        """
        payload = encode(Batch(VERSION, self.station, version1.records(records)))
        if most_bytes is not None and len(payload) > most_bytes and len(records) > 1:
            half = len(records) // 2
            return [*self.live(records[:half], most_bytes), *self.live(records[half:], most_bytes)]
        undated = any(record.start is None for record in records)
        return [OutgoingBatch(Topic.LIVE, payload, tuple(records), expiry=BY_ARRIVAL_EXPIRY if undated else None)]

    def backfill(self, records: Sequence[Record], most_bytes: int | None) -> list[OutgoingBatch]:
        """Return old records, newest first, in messages of at most `most_bytes`; a single record may exceed it."""
        payload = encode(Batch(VERSION, self.station, version1.records(records)), compress=True)
        if most_bytes is None or len(payload) <= most_bytes or len(records) == 1:
            return [OutgoingBatch(Topic.BACKFILL, payload, tuple(records))]
        half = len(records) // 2
        return [*self.backfill(records[:half], most_bytes), *self.backfill(records[half:], most_bytes)]
