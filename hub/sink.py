"""The storage interface between the receiver and a database, or files of JSON lines.

    sink.commit(Delivery(...)) -> CommitOutcome       one transaction; only then receipts, then acknowledgements

One delivery is what lay in the inbox (at most 200 ms, or 5,000 records). All of it, its rows, the ledger's ranges and
the pictures' rows, is committed together or not at all: a receipt is true because nothing stands between the two. The
same delivery may be committed again, when nobody knows whether a COMMIT got through or when a broker hands it over
again, and changes nothing then.

What a record tells is kept as the bytes in which it came (BLOB, bytea, the value in a line). A JSON column is a view
beside it, of the values that can be read: databases reorder keys, drop doubled ones, and refuse U+0000 and half a
surrogate pair, which JSON may carry. Time is microseconds UTC as a whole number, and a type of the database's own is a
view too: one year 10000 in a column of timestamps makes each reader fail.
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
    """One record of a station's batch: what was understood of it, and all of it as it came.

    `record` is a view where it was understood, else what it says of which one it is; `raw` the whole record, byte for
    byte; `arrived` microseconds UTC, which dates a record that its station could not date.
    """

    station: str
    record: Record | Strange
    raw: bytes
    arrived: int


class PictureRow(msgspec.Struct, frozen=True):
    """A part of a picture whose file is whole, synced and named: committed after the file, so a row has its file."""

    header: ChunkHeader
    file: str


class Note(msgspec.Struct, frozen=True):
    """A fact that is no record: a change of status, keys of a message that are not known here."""

    station: str
    kind: str
    arrived: int
    raw: bytes


class Announced(msgspec.Struct, frozen=True):
    """What a station says in its hello that it has: this shows what has not been received yet."""

    station: str
    epochs: tuple[Span, ...]


class Delivery(msgspec.Struct, frozen=True):
    """What is committed together. The order of rows is that of their arrival; a sink sorts where its locks need it."""

    rows: tuple[Row, ...] = ()
    pictures: tuple[PictureRow, ...] = ()
    notes: tuple[Note, ...] = ()
    announced: tuple[Announced, ...] = ()


class RowFate(Enum):
    """What became of a row. All but REFUSED are kept, and receipted."""

    NEW = "new"
    DOUBLE = "double"  # this version of the record, or a later one, was here
    OTHER = "other"  # another content under a name that is here: kept beside the first, for people
    REFUSED = "refused"  # it cannot be stored: the receiver sets it aside and gives no receipt


class CommitOutcome(msgspec.Struct, frozen=True):
    """What a commit did: the fate of each row of the delivery, in its order, and why those REFUSED were."""

    fates: tuple[RowFate, ...]
    why: dict[int, str] = {}


class SinkError(StorageError):
    """Nothing was committed, or nobody knows: the same delivery is to be committed again. `reason` says why.

    The receiver holds what it has not acknowledged, asks for no more and tries again: a broker hands nothing over
    twice on one connection. A data error of one row is none of these: the sink finds that row and refuses it alone.
    """


class Sink(Protocol):
    """A place for records and the ledger of what is there; used from one lane. All methods raise SinkError."""

    @property
    def id(self) -> str:
        """The ledger's name, for ever: stations believe one ledger. "" where nothing is proven."""

    @property
    def generation(self) -> int:
        """Another number when the ledger may have lost something (restored, lines gone): stations ask anew."""

    def commit(self, delivery: Delivery) -> CommitOutcome:
        """Keep a delivery. When this returns, all of it that is not REFUSED is on the disk, and so is the ledger."""

    def held(self, station: str, epochs: frozenset[str]) -> list[Span]:
        """Return what is committed of these epochs of a station, as few spans as can be, in order."""

    def kept(self, station: str, has: list[Span]) -> list[Span]:
        """Return what of `has` is committed, as few spans as can be, in order."""

    def revised(self, station: str, has: list[Span]) -> list[Revised]:
        """Return what of `has` is here in a revision above 0."""

    def look(self) -> bool:
        """Return whether something that was here has gone since the last look, so that stations are to be asked."""

    def speaks(self) -> bool:
        """Return whether this receiver answers stations: of several on one database, exactly one does."""

    def fall_silent(self) -> None:
        """Let another of them answer from now on. Raise nothing."""

    def close(self) -> None:
        """Let go; what was not committed is not there."""
