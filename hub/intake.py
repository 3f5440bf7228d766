"""What a message says: whose it is, and its records, each by itself, so that one bad record costs no other."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.records.record import Name, Record, Revision, Seq
from edge.wire.contract import (
    MOST_RECORDS,
    ROOT,
    ChunkHeader,
    Hello,
    PayloadError,
    StationId,
    Status,
    Topic,
    Version,
    decode,
    decode_chunk,
)

SHOWN = 200  # characters of a topic that are kept and shown


class RawBatch(msgspec.Struct, frozen=True):
    """A batch whose records have not been looked at."""

    v: Version
    station: StationId
    records: Annotated[list[msgspec.Raw], Meta(max_length=MOST_RECORDS)]


class Named(msgspec.Struct, frozen=True):
    """What a record that is not understood says about which one it is."""

    epoch: Name
    seq: Seq
    revision: Revision = 0


class BadRecord(msgspec.Struct, frozen=True):
    """A record that cannot be kept among the others, and why; `name` None: it does not even say which it is."""

    raw: msgspec.Raw
    why: str
    name: Named | None


def batch(topic: str, payload: bytes) -> RawBatch:
    """Return a batch of the topic's own station. Raise PayloadError."""
    found = decode(payload, RawBatch)
    _own(topic, found.station)
    return found


def record(raw: msgspec.Raw) -> Record | BadRecord:
    """Return one record of a batch."""
    try:
        return msgspec.json.decode(raw, type=Record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return bad(raw, str(error))


def bad(raw: msgspec.Raw, why: str) -> BadRecord:
    """Return what is left of a record that cannot be kept."""
    try:
        msgspec.json.decode(raw)  # a record damaged on its way has no name: it is sent again, not receipted
        return BadRecord(raw, why, msgspec.json.decode(raw, type=Named))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return BadRecord(raw, why, None)


def status(topic: str, payload: bytes) -> Status:
    """Return the status of the topic's own station. Raise PayloadError."""
    found = decode(payload, Status)
    _own(topic, found.station)
    return found


def hello(topic: str, payload: bytes) -> Hello:
    """Return the hello of the topic's own station. Raise PayloadError."""
    found = decode(payload, Hello)
    _own(topic, found.station)
    return found


def chunk(topic: str, payload: bytes) -> tuple[ChunkHeader, bytes]:
    """Return a picture's chunk of the topic's own station. Raise PayloadError."""
    header, data = decode_chunk(payload)
    _own(topic, header.station)
    return header, data


def channel(topic: str) -> Topic | None:
    """Return the channel of a station's topic; None where it is none."""
    parts = topic.removeprefix(f"{ROOT}/").split("/")
    known = topic.startswith(f"{ROOT}/") and len(parts) == 2 and parts[1] in list(Topic)
    return Topic(parts[1]) if known else None


def printable(text: str, most: int = SHOWN) -> str:
    """Return a text from the network as it may stand on a terminal: no control characters, not too long."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:most])


def _own(topic: str, station: str) -> None:
    """Raise BadPayload where the topic is another station's: the broker guards topics, so they alone say who speaks."""
    if topic.split("/")[2:3] != [station]:
        raise PayloadError(f"the topic is not that of {station}, whom it claims to come from")
