"""The storage interface between the receiver and a database, or files of JSON lines.

    sink.commit(Delivery(...)) -> CommitOutcome       one transaction; only then receipts, then acknowledgements

One delivery is the contents of the inbox (at most 200 ms, or 5,000 records). Its rows, the ledger's ranges and the
pictures' rows are committed in one transaction, so a receipt is always true. Committing the same delivery again, after
a COMMIT of unknown outcome or a redelivery by the broker, changes nothing.

A record is stored as the bytes received (BLOB, bytea, the value in a line). A JSON column is a view of the values that
can be read: databases reorder keys, drop duplicate ones, and refuse U+0000 and lone surrogates, which JSON may carry.
Time is microseconds UTC as an integer; columns of a database's own time type are views too: one year 10000 in a column
of timestamps makes each reader fail.
"""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import msgspec

from edge.errors import StorageError
from edge.records.record import Record
from edge.records.spans import Span
from edge.wire.contract import ChunkHeader, Revised
from hub.intake import Strange


class Row(msgspec.Struct, frozen=True, gc=False):
    """One record of a station's batch, decoded and raw.

    `record`: the decoded record, or the identity of one that cannot be decoded; `raw` the whole record, byte for byte;
    `arrived` microseconds UTC, which dates a record that its station could not date.
    """

    station: str
    record: Record | Strange
    raw: bytes
    arrived: int


class PictureRow(msgspec.Struct, frozen=True):
    """A part of a picture, committed after its file is complete, synced and renamed, so each row has its file."""

    header: ChunkHeader
    file: str


class Note(msgspec.Struct, frozen=True):
    """An event that is no record: a change of status, unknown keys of a message."""

    station: str
    kind: str
    arrived: int
    raw: bytes


class Announced(msgspec.Struct, frozen=True):
    """The ranges that a station's hello announced: they show what has not been received yet."""

    station: str
    epochs: tuple[Span, ...]


class Delivery(msgspec.Struct, frozen=True):
    """What is committed in one transaction. Rows are in order of arrival; a sink sorts them where its locks need it."""

    rows: tuple[Row, ...] = ()
    pictures: tuple[PictureRow, ...] = ()
    notes: tuple[Note, ...] = ()
    announced: tuple[Announced, ...] = ()


class RowFate(Enum):
    """The outcome of a row. All but REFUSED are stored and receipted."""

    NEW = "new"
    DOUBLE = "double"  # this version of the record, or a later one, is stored already
    OTHER = "other"  # different content under a stored identity: stored beside the first, for people
    REFUSED = "refused"  # it cannot be stored: the receiver sets it aside and gives no receipt


class CommitOutcome(msgspec.Struct, frozen=True):
    """The fate of each row of the delivery, in its order, and the reasons of those REFUSED, by their index."""

    fates: tuple[RowFate, ...]
    why: dict[int, str] = {}


class SinkError(StorageError):
    """Nothing was committed, or the outcome is unknown: the same delivery must be committed again. `reason` says why.

    The receiver leaves the messages unacknowledged, disconnects and retries: a broker redelivers nothing on the same
    connection. A data error of one row is not reported so: the sink finds that row and refuses it alone.
    """


class Sink(Protocol):
    """A store of records and their ledger; used from one lane. All methods raise SinkError."""

    @property
    def id(self) -> str:
        """The ledger's permanent id: stations trust one ledger. "" where nothing is proven."""

    @property
    def generation(self) -> int:
        """A number that changes when the ledger may have lost entries (restored, lines gone): stations ask again."""

    def commit(self, delivery: Delivery) -> CommitOutcome:
        """Commit a delivery. On return, all rows that are not REFUSED and the ledger are on the disk."""

    def held(self, station: str, epochs: frozenset[str]) -> list[Span]:
        """Return the committed spans of these epochs of a station, merged, in order."""

    def kept(self, station: str, has: list[Span]) -> list[Span]:
        """Return the parts of `has` that are committed, merged, in order."""

    def revised(self, station: str, has: list[Span]) -> list[Revised]:
        """Return the parts of `has` that are stored in a revision above 0."""

    def look(self) -> bool:
        """Return whether records were lost since the last look, so that stations must be asked."""

    def speaks(self) -> bool:
        """Return whether this receiver answers stations: of several on one database, exactly one does."""

    def fall_silent(self) -> None:
        """Let another receiver answer from now on. Raise nothing."""

    def close(self) -> None:
        """Close it; what was not committed is discarded."""
