"""Decode a message: its sender and its records, each individually, so that one bad record costs no other.

A newer station may send keys and kinds unknown to this version: every record with an identity is stored as received.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

from drivers.reason import Reason
from edge.northbound import version2
from edge.records.record import ClockMark, Name, Record, Revision, Seq, Stamp, values_of
from edge.wire.contract import (
    MOST_RECORDS,
    VERSION,
    ChunkHeader,
    Hello,
    PayloadError,
    StationId,
    Status,
    Topic,
    Version,
    decode,
    decode_chunk,
    opened,
)
from edge.wire.contract import topic as topic_of

SHOWN = 200  # characters of a topic that are kept and shown
RECORDS = (Topic.LIVE, Topic.BACKFILL)  # the topics of records
Keys = dict[str, Raw]


class RawBatch(msgspec.Struct, frozen=True):
    """A batch whose records are not decoded yet."""

    v: Version
    station: StationId
    records: Annotated[list[Raw], Meta(max_length=MOST_RECORDS)]


class ExactStamp(Stamp, frozen=True, forbid_unknown_fields=True):
    """A stamp without unknown keys."""


class ExactClock(ClockMark, frozen=True, forbid_unknown_fields=True):
    """A clock mark without unknown keys."""


class Exact(Record, frozen=True, forbid_unknown_fields=True):
    """A record without unknown keys, except in its body."""

    stamp: ExactStamp
    clock: ExactClock


class Strange(msgspec.Struct, frozen=True):
    """A record that cannot be decoded, why (`wrong`), and the identity that it states."""

    epoch: Name
    seq: Seq
    revision: Revision = 0
    kind: Any = None
    wrong: str = ""


def batch(topic: str, payload: bytes) -> RawBatch:
    """Return a batch of the topic's own station. Raise PayloadError."""
    found = decode(payload, RawBatch)
    _check_sender(topic, found.station)
    return found


def record(raw: Raw) -> Record | Strange:
    """Return one record of a batch. Raise PayloadError where it is damaged or has no identity."""
    try:
        values_of(raw)  # a damaged record gets no receipt, so the station sends it again
        return msgspec.json.decode(raw, type=Record)
    except msgspec.ValidationError as error:
        return strange(raw, str(error))
    except (ValueError, RecursionError) as error:
        raise PayloadError(str(error)) from None


def strange(raw: Raw, why: str) -> Strange:
    """Return the identity of a record that cannot be decoded. Raise PayloadError where it has none."""
    try:
        found = msgspec.json.decode(raw, type=Strange)
    except msgspec.ValidationError:
        raise PayloadError(why) from None
    return msgspec.structs.replace(found, kind=found.kind if isinstance(found.kind, str) else None, wrong=why)


def says_more(raw: Raw) -> bool:
    """Return whether a decoded record has keys outside its body that this version does not know."""
    try:
        msgspec.json.decode(raw, type=Exact)
    except msgspec.ValidationError:
        return True
    return False


def more(channel: Topic, payload: bytes) -> dict[str, Raw]:
    """Return a decoded message's keys that this version does not know."""
    if channel is Topic.PICTURE:
        payload = payload.partition(b"\n")[0]
    keys = msgspec.json.decode(opened(payload), type=Keys)
    known = MESSAGES[channel].__struct_fields__
    return {key: value for key, value in keys.items() if key not in known}


def status(topic: str, payload: bytes) -> Status:
    """Return the status of the topic's own station. Raise PayloadError."""
    found = decode(payload, Status)
    _check_sender(topic, found.station)
    return found


def hello(topic: str, payload: bytes) -> Hello:
    """Return the hello of the topic's own station. Raise PayloadError."""
    found = decode(payload, Hello)
    _check_sender(topic, found.station)
    return found


def chunk(topic: str, payload: bytes) -> tuple[ChunkHeader, bytes]:
    """Return a picture's chunk of the topic's own station. Raise PayloadError."""
    header, data = decode_chunk(payload)
    _check_sender(topic, header.station)
    return header, data


def channel(topic: str) -> Topic | None:
    """Return the channel of a station's topic; None where it is none."""
    for version, channels in ((VERSION, list(Topic)), (version2.VERSION, RECORDS)):
        parts = topic.removeprefix(root := f"minshan/{version}/").split("/")
        if topic.startswith(root) and len(parts) == 2 and parts[1] in channels:
            return Topic(parts[1])
    return None


def subscribed_topics() -> tuple[str, ...]:
    """Return the topic filters that a receiver subscribes to."""
    newer = (topic_of("+", channel, version2.VERSION) for channel in RECORDS)
    return (*(topic_of("+", channel) for channel in MESSAGES), *newer)


def in_columns(topic: str) -> bool:
    """Return whether a station's topic carries version 2 (columns)."""
    return topic.startswith(f"minshan/{version2.VERSION}/")


def station(topic: str) -> str:
    """Return the station that a topic belongs to."""
    return topic.split("/")[2]


def plain_name(text: str) -> str:
    """Return a name made safe for file names and client ids: letters, digits and hyphens only."""
    return re.sub(r"[^A-Za-z0-9-]", "-", text)


def printable(text: str, most: int = SHOWN) -> str:
    """Return a text from the network made safe for a terminal: no control characters, at most `most` characters."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:most])


MESSAGES: dict[Topic, type[msgspec.Struct]] = {
    Topic.LIVE: RawBatch,
    Topic.BACKFILL: RawBatch,
    Topic.PICTURE: ChunkHeader,
    Topic.STATUS: Status,
    Topic.HELLO: Hello,
}


def _check_sender(topic: str, station: str) -> None:
    """Raise PayloadError where the topic is another station's: the broker's ACL makes topics trustworthy."""
    if topic.split("/")[2:3] != [station]:
        raise PayloadError(
            Reason("other_station", "the topic is not that of {station}, the claimed sender", station=station)
        )
