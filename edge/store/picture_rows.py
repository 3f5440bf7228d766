"""The rows of pictures: which parts there are (`piece`), and how much of each a destination has (`delivery`).

A picture has two parts, "thumbnail" and "full", each a file in the store's folder `pictures`, named by the
picture's SHA-256. The files are the shelf's; the rows are here. A destination has rows of its own, so that none
waits for another. A part without one (the destination is new, or its rows were lost) is unsent there: it gets its
row with the first change after the tables were read.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw
import msgspec

THUMBNAIL, FULL = "thumbnail", "full"
STATES = UNSENT, SENT, CLOSED, HELD = "unsent", "sent", "closed", "held"  # held: it goes when somebody asks for it
INSERT_PIECE = "INSERT OR IGNORE INTO piece (picture, part, epoch, seq, camera, size, sha256) VALUES (?,?,?,?,?,?,?)"
INSERT_MISSING = (
    "INSERT OR IGNORE INTO delivery (destination, picture, part, seq) SELECT ?, picture, part, seq FROM piece"
)
WHOLE = 2**63 - 1  # an offset behind the end of any part
Key = tuple[str, str, str]  # destination, picture, part


def file_name(picture: str, part: str) -> str:
    """Return the name of a part's file: HASH.jpg, HASH.thumb.jpg."""
    return f"{picture}.thumb.jpg" if part == THUMBNAIL else f"{picture}.jpg"


class PicturePart(msgspec.Struct, frozen=True):
    """A part of a new picture: `size` in bytes, `sha256` of its file."""

    size: int
    sha256: str


class NewPicture(msgspec.Struct, frozen=True):
    """A picture whose files are on the disk; `picture` is the SHA-256 of the full one."""

    picture: str
    camera: str
    full: PicturePart
    thumbnail: PicturePart | None = None


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
    """Both tables. Offsets are written with the next change of the store: lost, a chunk goes twice."""

    def __init__(self, folder: Path, destinations: Iterable[str]) -> None:
        self.folder = folder
        self.destinations = tuple(destinations)
        self._offsets: dict[Key, int] = {}
        self._complete = False  # every part has a row for each destination

    def add(self, connection: apsw.Connection, new: NewPicture, epoch: str, seq: int) -> None:
        """Add the rows of a new picture, unsent everywhere; one that is there already keeps its rows."""
        for name, part in ((THUMBNAIL, new.thumbnail), (FULL, new.full)):
            if part is not None:
                row = (new.picture, name, epoch, seq, new.camera, part.size, part.sha256)
                connection.execute(INSERT_PIECE, row)
                found = "SELECT ?, picture, part, seq FROM piece WHERE picture=? AND part=?"
                connection.executemany(
                    f"INSERT OR IGNORE INTO delivery (destination, picture, part, seq) {found}",
                    [(destination, new.picture, name) for destination in self.destinations],
                )

    def due(self, connection: apsw.Connection, destination: str, limit: int) -> list[PieceRow]:
        """Return the next parts to send there: thumbnails before full pictures, the newest first."""
        rows = connection.execute(
            "SELECT picture, part, d.sent, size, sha256, camera, p.epoch, d.seq, start "
            "FROM delivery d JOIN piece p USING (picture, part) LEFT JOIN record r ON r.seq = d.seq "
            "WHERE destination = ? AND d.state = 'unsent' ORDER BY part DESC, d.seq DESC LIMIT ?",
            (destination, limit),
        )
        return [self._piece(destination, row) for row in rows]

    def _piece(self, destination: str, row: tuple[Any, ...]) -> PieceRow:
        picture, part, offset, size, sha256, camera, epoch, seq, time = row
        offset = self._offsets.get((destination, picture, part), offset)
        path = self.folder / file_name(picture, part)
        return PieceRow(picture, part, offset, size, sha256, camera, epoch, seq, time, path)

    def progress(self, key: Key, offset: int) -> None:
        """Note that the destination's broker has the part's first `offset` bytes."""
        self._offsets[key] = offset

    def set_state(self, connection: apsw.Connection, key: Key, state: str) -> bool:
        """Put a part into a state; False where there is no such part, or it is so already."""
        connection.execute(
            "UPDATE delivery SET state=? WHERE destination=? AND picture=? AND part=? AND state<>?",
            (state, *key, state),
        )
        return bool(connection.changes())

    def prove(self, connection: apsw.Connection, key: Key) -> bool:
        """Close a part of which the broker had all; have one that has only begun asked about, by a chunk at its end.

        Return whether there is one to ask about. One of which nothing went stays as it is.
        """
        row = "SELECT state, sent FROM delivery WHERE destination=? AND picture=? AND part=?"
        state, sent = connection.execute(row, key).get or (HELD, 0)
        if state in (SENT, CLOSED):
            self.set_state(connection, key, CLOSED)
            return False
        return self._offsets.get(key, sent) > 0 and self.again(connection, key, WHOLE)

    def again(self, connection: apsw.Connection, key: Key, offset: int) -> bool:
        """Send a part again from `offset` on; False where it is not there any more."""
        self._offsets.pop(key, None)
        connection.execute(
            "UPDATE delivery SET state='unsent', sent=min(?, size) FROM piece p "
            "WHERE delivery.destination=? AND delivery.picture=? AND delivery.part=? "
            "AND p.picture=delivery.picture AND p.part=delivery.part",
            (offset, *key),
        )
        return bool(connection.changes())

    def doubt(self, connection: apsw.Connection, destination: str) -> bool:
        """Make what is closed there sent and unproven again; False where nothing was."""
        connection.execute("UPDATE delivery SET state='sent' WHERE destination=? AND state='closed'", (destination,))
        return bool(connection.changes())

    def unproven(self, connection: apsw.Connection, destination: str) -> list[tuple[str, str]]:
        """Return (picture, part) of the parts sent there whole and not closed, oldest first."""
        rows = connection.execute(
            "SELECT picture, part FROM delivery WHERE destination=? AND state='sent' ORDER BY seq, part", (destination,)
        )
        return [(picture, part) for picture, part in rows]

    def went(self, connection: apsw.Connection, destination: str, camera: str, part: str, first: int, end: int) -> bool:
        """Return whether such a part of a picture from `first` on and before `end` (microseconds UTC) went there."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM delivery d JOIN piece p USING (picture, part) JOIN record r ON r.seq = p.seq "
            "WHERE destination=? AND d.state IN ('sent', 'closed') AND camera=? AND part=? AND start>=? AND start<?)"
        )
        return bool(connection.execute(query, (destination, camera, part, first, end)).get)

    def count(self, connection: apsw.Connection, destination: str) -> PictureCount:
        """Count what is not closed there yet."""
        rows = connection.execute(
            "SELECT sum(part='thumbnail'), sum(part='full'), sum(size - d.sent) "
            "FROM delivery d JOIN piece p USING (picture, part) WHERE destination=? AND d.state IN ('unsent', 'sent')",
            (destination,),
        ).get
        return PictureCount(*(value or 0 for value in rows))

    def load(self, connection: apsw.Connection) -> None:
        """Take it that rows may be missing; those that are there are read where they are asked for."""
        self._complete = False

    def snapshot(self) -> dict[Key, int]:
        """Return what `restore` takes to undo the changes of a transaction that failed."""
        return dict(self._offsets)

    def restore(self, before: dict[Key, int]) -> None:
        """Go back to what `snapshot` returned."""
        self._offsets = before

    def write(self, connection: apsw.Connection) -> None:
        """Write the offsets, and the rows that are missing; part of the caller's transaction."""
        if not self._complete:
            connection.executemany(INSERT_MISSING, [(destination,) for destination in self.destinations])
        connection.executemany(
            "UPDATE delivery SET sent=? WHERE destination=? AND picture=? AND part=?",
            [(offset, *key) for key, offset in self._offsets.items()],
        )

    def committed(self) -> None:
        """Take over what `write` wrote: its transaction is on the disk."""
        self._offsets.clear()
        self._complete = True
