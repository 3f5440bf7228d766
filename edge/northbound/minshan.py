"""What goes into one message: a few live records as plain JSON, many old ones compressed, a piece of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.northbound import version1
from edge.records.record import Record
from edge.wire.contract import VERSION, Batch, Channel, ChunkHeader, Result, encode

LIVE = 10  # records; more than that is a backlog
BY_ARRIVAL_EXPIRY = 60  # s; a record dated by its arrival must not arrive late (its dated revision comes later)


@dataclass(frozen=True)
class Outgoing:
    """A message to be sent, and what its acknowledgement settles."""

    channel: Channel
    payload: bytes
    records: tuple[Record, ...] = ()
    chunk: ChunkHeader | None = None
    chunk_end: int = 0
    result: Result | None = None
    retain: bool = False
    expiry: int | None = None


def live(station: str, records: Sequence[Record], most_bytes: int | None = None) -> list[Outgoing]:
    """The newest records, in messages of at most `most_bytes`; one record goes whatever its size.

    Those that nobody can date yet expire in the broker rather than be dated wrongly.
    """
    payload = encode(Batch(VERSION, station, version1.records(records)))
    if most_bytes is not None and len(payload) > most_bytes and len(records) > 1:
        half = len(records) // 2
        return [*live(station, records[:half], most_bytes), *live(station, records[half:], most_bytes)]
    undated = any(record.start is None for record in records)
    return [Outgoing(Channel.LIVE, payload, tuple(records), expiry=BY_ARRIVAL_EXPIRY if undated else None)]


def backfill(station: str, records: Sequence[Record], most_bytes: int | None) -> list[Outgoing]:
    """Old records, newest first, in messages of at most `most_bytes`; one record goes whatever its size."""
    payload = encode(Batch(VERSION, station, version1.records(records)), compress=True)
    if most_bytes is None or len(payload) <= most_bytes or len(records) == 1:
        return [Outgoing(Channel.BACKFILL, payload, tuple(records))]
    half = len(records) // 2
    return [*backfill(station, records[:half], most_bytes), *backfill(station, records[half:], most_bytes)]
