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
LISTENED = (Topic.ANSWER, Topic.RECEIPT, Topic.COMMAND)


class OutgoingBatch(msgspec.Struct, frozen=True):
    """A message to be sent, by which version of its topic, and what its acknowledgement settles."""

    channel: Topic
    payload: bytes
    records: tuple[Record, ...] = ()
    chunk: ChunkHeader | None = None
    chunk_end: int = 0
    result: Result | None = None
    retain: bool = False
    expiry: int | None = None
    version: int = VERSION
    asked: bool = False  # a chunk of a picture that somebody asked for


class Minshan(msgspec.Struct, frozen=True):
    """One station towards a platform of ours: what is sent how, what proves it, and how much goes at once.

    `proof`: "committed", the platform's receipts and answers; "broker", the broker's acknowledgement.
    """

    station: str
    proof: str = "committed"
    live_records: int = LIVE
    batch_records: int = MOST_RECORDS

    @property
    def committed(self) -> bool:
        """Whether the platform's word alone is proof."""
        return self.proof == "committed"

    def topics(self) -> tuple[str, ...]:
        """Return what the station listens to."""
        return (*(topic(self.station, channel) for channel in LISTENED), ROLLCALL)

    def topic(self, channel: Topic, version: int = VERSION) -> str:
        """Return where such messages go."""
        return topic(self.station, channel, version)

    def session(self, epoch: str, fresh: bool) -> Session:
        """Return the session of the start `epoch`; `fresh`: the broker is to forget what it kept of it."""
        will = self.status("offline", epoch)
        where = self.topic(will.channel)
        return Session(f"minshan-{self.station}", self.topics(), (where, will.payload), KEPT_SESSION, fresh=fresh)

    def status(self, state: str, epoch: str) -> OutgoingBatch:
        """Return the birth ("online") or the will ("offline"), retained."""
        return OutgoingBatch(Topic.STATUS, encode(Status(VERSION, self.station, state, epoch)), retain=True)

    def live(self, records: Sequence[Record], most_bytes: int | None = None) -> list[OutgoingBatch]:
        """Return the newest records in messages of at most `most_bytes`; one record goes whatever its size.

        Those that nobody can date yet expire in the broker rather than be dated wrongly.
        """
        payload = encode(Batch(VERSION, self.station, version1.records(records)))
        if most_bytes is not None and len(payload) > most_bytes and len(records) > 1:
            half = len(records) // 2
            return [*self.live(records[:half], most_bytes), *self.live(records[half:], most_bytes)]
        undated = any(record.start is None for record in records)
        return [OutgoingBatch(Topic.LIVE, payload, tuple(records), expiry=BY_ARRIVAL_EXPIRY if undated else None)]

    def backfill(self, records: Sequence[Record], most_bytes: int | None) -> list[OutgoingBatch]:
        """Return old records, newest first, in messages of at most `most_bytes`; one goes whatever its size."""
        payload = encode(Batch(VERSION, self.station, version1.records(records)), compress=True)
        if most_bytes is None or len(payload) <= most_bytes or len(records) == 1:
            return [OutgoingBatch(Topic.BACKFILL, payload, tuple(records))]
        half = len(records) // 2
        return [*self.backfill(records[:half], most_bytes), *self.backfill(records[half:], most_bytes)]
