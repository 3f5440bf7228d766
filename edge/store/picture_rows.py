"""The rows of pictures: which parts there are, how much of each the platform has.

A picture has two parts, "thumbnail" and "full", each a file in the store's folder `pictures`, named by the
picture's SHA-256. The files are the shelf's; the rows, and what goes first when room runs out, are here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw
import msgspec

THUMBNAIL, FULL = "thumbnail", "full"
STATES = UNSENT, SENT, CLOSED, HELD = "unsent", "sent", "closed", "held"  # held: it goes when somebody asks for it


def file_name(picture: str, part: str) -> str:
    """Return the name of a part's file: HASH.jpg, HASH.thumb.jpg."""
    return f"{picture}.thumb.jpg" if part == THUMBNAIL else f"{picture}.jpg"


class Part(msgspec.Struct, frozen=True):
    """A part of a new picture: `size` in bytes, `sha256` of its file."""

    size: int
    sha256: str


class NewPicture(msgspec.Struct, frozen=True):
    """A picture whose files are on the disk; `picture` is the SHA-256 of the full one."""

    picture: str
    camera: str
    full: Part
    thumbnail: Part | None = None


class PieceRow(msgspec.Struct, frozen=True):
    """A part that is to be sent: from `offset` on, of `size` bytes. `time`: microseconds UTC or None."""

    picture: str
    part: str
    offset: int
    size: int
    sha256: str
    camera: str
    epoch: str
    seq: int
    time: int | None
    path: Path


class PictureCount(msgspec.Struct, frozen=True):
    """How many parts are unsent (or sent and unproven) and how many bytes of them are left."""

    thumbnails: int
    full: int
    bytes_left: int


class PictureRows:
    """The table `piece`. Offsets are written with the next change of the store: lost, a chunk goes twice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._offsets: dict[tuple[str, str], int] = {}

    def add(self, connection: apsw.Connection, new: NewPicture, epoch: str, seq: int) -> None:
        """Add the rows of a new picture; one that is there already keeps its rows."""
        for name, part in ((THUMBNAIL, new.thumbnail), (FULL, new.full)):
            if part is not None:
                connection.execute(
                    "INSERT OR IGNORE INTO piece (picture, part, epoch, seq, camera, size, sha256) "
                    "VALUES (?,?,?,?,?,?,?)",
                    (new.picture, name, epoch, seq, new.camera, part.size, part.sha256),
                )

    def due(self, connection: apsw.Connection, limit: int) -> list[PieceRow]:
        """Return the next parts to send: thumbnails before full pictures, the newest first."""
        rows = connection.execute(
            "SELECT picture, part, p.sent, size, sha256, camera, p.epoch, p.seq, start FROM piece p "
            "LEFT JOIN record r ON r.seq = p.seq WHERE p.state = 'unsent' "
            "ORDER BY part DESC, p.seq DESC LIMIT ?",
            (limit,),
        )
        return [self._piece(row) for row in rows]

    def _piece(self, row: tuple[Any, ...]) -> PieceRow:
        picture, part, offset, size, sha256, camera, epoch, seq, time = row
        offset = self._offsets.get((picture, part), offset)
        path = self.folder / file_name(picture, part)
        return PieceRow(picture, part, offset, size, sha256, camera, epoch, seq, time, path)

    def progress(self, picture: str, part: str, offset: int) -> None:
        """Note that the platform's broker has the part's first `offset` bytes."""
        self._offsets[picture, part] = offset

    def set_state(self, connection: apsw.Connection, picture: str, part: str, state: str) -> bool:
        """Put a part into a state; False where there is no such part."""
        connection.execute(
            "UPDATE piece SET state=? WHERE picture=? AND part=? AND state<>?", (state, picture, part, state)
        )
        return bool(connection.changes())

    def again(self, connection: apsw.Connection, picture: str, part: str, offset: int) -> bool:
        """Send a part again from `offset` on; False where it is not there any more."""
        self._offsets.pop((picture, part), None)
        connection.execute(
            "UPDATE piece SET state='unsent', sent=min(?, size) WHERE picture=? AND part=?",
            (offset, picture, part),
        )
        return bool(connection.changes())

    def unproven(self, connection: apsw.Connection) -> list[tuple[str, str]]:
        """Return (picture, part) of the parts sent whole and not closed, oldest first."""
        rows = connection.execute("SELECT picture, part FROM piece WHERE state='sent' ORDER BY seq, part")
        return [(picture, part) for picture, part in rows]

    def went(self, connection: apsw.Connection, camera: str, part: str, first: int, end: int) -> bool:
        """Return whether such a part of a picture from `first` on and before `end` (microseconds UTC) was sent."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM piece p JOIN record r ON r.seq = p.seq WHERE p.state IN ('sent', 'closed') "
            "AND camera=? AND part=? AND start >= ? AND start < ?)"
        )
        return bool(connection.execute(query, (camera, part, first, end)).get)

    def count(self, connection: apsw.Connection) -> PictureCount:
        """Count what is not closed yet."""
        rows = connection.execute(
            "SELECT sum(part='thumbnail'), sum(part='full'), sum(size - sent) FROM piece "
            "WHERE state NOT IN ('closed', 'held')"
        ).get
        return PictureCount(*(value or 0 for value in rows))

    def load(self, connection: apsw.Connection) -> None:
        """Do nothing: the rows are read where they are asked for."""

    def snapshot(self) -> dict[tuple[str, str], int]:
        """Return what `restore` takes to undo the changes of a transaction that failed."""
        return dict(self._offsets)

    def restore(self, before: dict[tuple[str, str], int]) -> None:
        """Go back to what `snapshot` returned."""
        self._offsets = before

    def write(self, connection: apsw.Connection) -> None:
        """Write the offsets; part of the caller's transaction."""
        connection.executemany(
            "UPDATE piece SET sent=? WHERE picture=? AND part=?",
            [(offset, *key) for key, offset in self._offsets.items()],
        )

    def committed(self) -> None:
        """Take over what `write` wrote: its transaction is on the disk."""
        self._offsets.clear()
