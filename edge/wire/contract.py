"""The wire contract in code: topics and the messages on them (docs/wire-contract/ states the same for others).

Every payload but a picture's chunk is JSON, or zstd of that JSON: the first byte tells which ("{" or 0x28).
A chunk is one JSON header, a line feed, then the bytes.
"""

from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from drivers.reason import Reason
from edge.records.record import MOST, Name, Record, Revision, Seconds, Seq, Utc
from edge.records.spans import Span

VERSION = 1
ROOT = f"minshan/{VERSION}"
ROLLCALL = f"{ROOT}/all/rollcall"  # the platform asks every station for its hello
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
CHUNK = 32 * 1024  # bytes of a picture in one message: a weak 4G link moves it in seconds
LARGEST = 4 * 1024 * 1024  # bytes of a decompressed message; 360 records of 30 channels are half of one MiB
LARGEST_PACKET = 256 * 1024  # bytes of an MQTT packet that either side accepts: stated in CONNECT
OWN_PACKET = 128 * 1024  # bytes of the largest packet sent to a broker that names no limit (AWS IoT's is 128 KiB)
LARGEST_PICTURE = 64 * 1024 * 1024  # bytes of one part; no supported camera makes more
MOST_RECORDS = 360  # in a batch: six hours of minutes, about 12 kB compressed
MOST_SPANS = 8192  # in one list: more would fit no packet
MOST_TABLES = 64  # requested at once
GATHER = 900  # s for which receipts of live minutes wait for each other at most
M = TypeVar("M")

# Bounds of a message's fields: everything is limited, and no name can be another file or topic.
# (`$` alone would let a line feed pass.)
StationId = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$(?!\n)")]
CameraName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$(?!\n)")]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
Part = Annotated[str, Meta(pattern=r"^(thumbnail|full)$(?!\n)")]
Version = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Count = Annotated[int, Meta(ge=0, le=MOST)]
Offset = Annotated[int, Meta(ge=0, le=LARGEST_PICTURE)]
Text = Annotated[str, Meta(max_length=2000)]
Facts = Annotated[dict[Annotated[str, Meta(max_length=64)], Any], Meta(max_length=64)]


class Topic(StrEnum):
    """The topics below `minshan/1/<station>/`; LIVE and BACKFILL are below `minshan/2/<station>/` too."""

    LIVE = "live"  # station: the newest records, as they are made
    BACKFILL = "backfill"  # station: what could not be sent when it was made, newest first, in batches
    PICTURE = "picture"  # station: chunks of thumbnails and pictures
    STATUS = "status"  # station: birth and will, retained
    HELLO = "hello"  # station: what it has and what it thinks the platform has
    ANSWER = "answer"  # platform: the answer to a hello
    RECEIPT = "receipt"  # platform: ranges committed, pictures whole, pieces wanted
    COMMAND = "command"  # platform: something to do
    RESULT = "result"  # station: the result of a command
    ALERT = "alert"  # station: reserved


def topic(station: str, channel: Topic, version: int = VERSION) -> str:
    """Return the topic of one station's channel."""
    return f"minshan/{version}/{station}/{channel.value}"


Spans = Annotated[list[Span], Meta(max_length=MOST_SPANS)]


class Revised(msgspec.Struct, frozen=True):
    """Records of these spans are held in this revision or a higher one (those of revision 0 need no mention)."""

    revision: Revision
    has: Spans


RevisedSpans = Annotated[list[Revised], Meta(max_length=1024)]


class Batch(msgspec.Struct, frozen=True):
    """Records of one station (topics live and backfill)."""

    v: Version
    station: StationId
    records: Annotated[list[Record], Meta(max_length=MOST_RECORDS)]


class Status(msgspec.Struct, frozen=True):
    """Birth ("online") and will ("offline"), retained."""

    v: Version
    station: StationId
    state: Name
    epoch: Name


class Hello(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the station has. The answer repeats `nonce`; `unproven`: sent, but not proven by the platform.

    `gather`: seconds for which receipts of live records may be gathered.
    """

    v: Version
    station: StationId
    nonce: Name
    epoch: Name
    epochs: Spans
    next_seq: Seq
    unproven: Spans
    unsent: Count
    clock: Name
    proof: Name
    gather: Count = 0


class HelloAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The platform's answer: its ledger's id and generation, what it has, its time (microseconds UTC, +-`error` s).

    `has` None: it keeps no ledger and proves nothing. What `revised` does not name it has in revision 0.
    `about`: the hello's epochs that this page of the answer covers; None: all of them.
    `reads`: the newest version of the record topics that it reads. `gathers`: seconds for which it gathers receipts of
    live records.
    """

    v: Version
    nonce: Name
    utc: Utc
    ledger: Name | None = None
    generation: Count = 0
    has: Spans | None = None
    revised: RevisedSpans = []
    about: Spans | None = None
    reads: Version = VERSION
    gathers: Count = 0
    error: Seconds = 0.0


class Piece(msgspec.Struct, frozen=True):
    """`part` ("thumbnail" or "full") of the picture with SHA-256 `picture`; `offset` bytes into it."""

    picture: Sha256
    part: Part
    offset: Offset = 0


Pieces = Annotated[list[Piece], Meta(max_length=1024)]


TableName = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}$(?!\n)")]


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """Given only after commit: records in `has` and `pictures` are stored; `wanted` pieces are to be sent again.

    `tables`: names of tables that received columns refer to and that the platform lacks: they are to be sent.
    """

    v: Version
    ledger: Annotated[str, Meta(max_length=64)]
    generation: Count
    has: Spans = []
    pictures: Pieces = []
    wanted: Pieces = []
    revised: RevisedSpans = []
    tables: Annotated[list[TableName], Meta(max_length=MOST_TABLES)] = []


class ChunkHeader(msgspec.Struct, frozen=True, omit_defaults=True):
    """The header before a chunk's bytes. `size`, `sha256`: of the whole part; (epoch, seq): of its picture record."""

    v: Version
    station: StationId
    picture: Sha256
    part: Part
    offset: Offset
    size: Offset
    sha256: Sha256
    camera: CameraName
    epoch: Name
    seq: Seq
    time: Utc | None = None


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command. `id` makes it idempotent; without `expires` (microseconds UTC) it is refused."""

    v: Version
    id: Name
    name: Name
    args: Facts = {}
    expires: Utc | None = None


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command's result. `state`: accepted, done or failed; `text`: one sentence; `data`: specific to the command."""

    v: Version
    id: Name
    station: StationId
    state: Name
    text: Text = ""
    data: Facts = {}


class PayloadError(ValueError):
    """A payload that is not valid on its topic; `reason` says what is wrong and where."""

    def __init__(self, reason: Reason | str) -> None:
        """`reason`: a text if it is a library's own message."""
        super().__init__(str(reason))
        self.reason = reason if isinstance(reason, Reason) else Reason("said", "{text}", text=reason)


class TooLargeError(ValueError):
    """A payload that is larger than any message of ours."""


def encode(message: Any, compress: bool = False) -> bytes:
    """Return the payload of a message."""
    raw = msgspec.json.encode(message)
    return zstd().compress(raw, 3) if compress else raw


def decode(payload: bytes, kind: type[M], most: int = LARGEST) -> M:
    """Return the message of a payload of at most `most` bytes, plain or compressed. Raise PayloadError."""
    try:
        return msgspec.json.decode(opened(payload, most), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TooLargeError) as error:
        what = Reason("other_payload", "{kind}: {error}", kind=kind.__name__, error=str(error))
        raise PayloadError(what) from None


def opened(payload: bytes, most: int = LARGEST, dictionary: Any = None) -> bytes:
    """Return the JSON of a payload, plain or compressed. Raise TooLargeError, also where it cannot be decompressed."""
    try:
        raw = _decompress(payload, most, dictionary) if payload[:4] == ZSTD_MAGIC else payload
    except zstd().ZstdError as error:
        raise TooLargeError(str(error)) from None
    if len(raw) > most:
        raise TooLargeError(f"more than {most} bytes")
    return raw


def encode_chunk(header: ChunkHeader, data: bytes) -> bytes:
    """Return the payload of a picture's chunk."""
    return msgspec.json.encode(header) + b"\n" + data


def decode_chunk(payload: bytes) -> tuple[ChunkHeader, bytes]:
    """Return the header and bytes of a picture's chunk. Raise PayloadError."""
    head, mark, data = payload.partition(b"\n")
    if not mark:
        raise PayloadError(Reason("chunk_without_line_feed", "chunk: no line feed after its header"))
    return decode(head, ChunkHeader), data


def _decompress(payload: bytes, most: int, dictionary: Any) -> bytes:
    raw: bytes = (decompressor := zstd().ZstdDecompressor(dictionary)).decompress(payload, max_length=most)
    if not decompressor.eof:
        raise TooLargeError(f"cut off, or more than {most} bytes")
    return raw


@cache
def zstd() -> Any:
    """Return the zstd module; cached, as Python would repeat a failed import of the new one each time."""
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]  # from Python 3.14
    except ImportError:
        from backports import zstd
    return zstd
