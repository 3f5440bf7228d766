"""The rows of pictures: which parts there are (`piece`), and how much of each a destination has (`delivery`).

A picture has two parts, "thumbnail" and "full", each a file in the store's folder `pictures`, named by the picture's
SHA-256. The shelf manages the files, this module the rows. Each destination has its own rows, so that none waits for
another. A part without a row for a destination (the destination is new, or its rows were lost) is unsent there: the
row is made with the first change after the tables were loaded.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw
import msgspec

THUMBNAIL, FULL = "thumbnail", "full"
STATES = UNSENT, SENT, CLOSED, HELD = "unsent", "sent", "closed", "held"  # held: sent only on request
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
    """A part to send, from `offset` on, of `size` bytes. `time`: microseconds UTC or None."""

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
    """How many parts are unsent (or sent and unproven), and how many of their bytes are left to send."""

    thumbnails: int
    full: int
    bytes_left: int


class PictureRows:
    """Both tables. Offsets are written with the next change of the store: if they are lost, a chunk is sent twice."""

    def __init__(self, folder: Path, destinations: Iterable[str]) -> None:
        self.folder = folder
        self.destinations = tuple(destinations)
        self._offsets: dict[Key, int] = {}
        self._complete = False  # whether every part has a row for each destination

    def add(self, connection: apsw.Connection, new: NewPicture, epoch: str, seq: int) -> None:
        """Add the rows of a new picture, unsent everywhere; existing rows stay."""
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
        """Return the next parts to send to the destination: thumbnails before full pictures, the newest first."""
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
        """Set the state of a part; False if there is no such part, or it has that state already."""
        connection.execute(
            "UPDATE delivery SET state=? WHERE destination=? AND picture=? AND part=? AND state<>?",
            (state, *key, state),
        )
        return bool(connection.changes())

    def prove(self, connection: apsw.Connection, key: Key) -> bool:
        """Close a part that was sent whole; have one sent in part probed by a chunk at its end.

        Return whether there is one to probe. A part of which nothing was sent is left unchanged.
        """
        row = "SELECT state, sent FROM delivery WHERE destination=? AND picture=? AND part=?"
        state, sent = connection.execute(row, key).get or (HELD, 0)
        if state in (SENT, CLOSED):
            self.set_state(connection, key, CLOSED)
            return False
        return self._offsets.get(key, sent) > 0 and self.again(connection, key, WHOLE)

    def again(self, connection: apsw.Connection, key: Key, offset: int) -> bool:
        """Make a part unsent again from `offset` on; False if it no longer exists."""
        self._offsets.pop(key, None)
        connection.execute(
            "UPDATE delivery SET state='unsent', sent=min(?, size) FROM piece p "
            "WHERE delivery.destination=? AND delivery.picture=? AND delivery.part=? "
            "AND p.picture=delivery.picture AND p.part=delivery.part",
            (offset, *key),
        )
        return bool(connection.changes())

    def doubt(self, connection: apsw.Connection, destination: str) -> bool:
        """Set the closed parts of a destination back to sent and unproven; False if there were none."""
        connection.execute("UPDATE delivery SET state='sent' WHERE destination=? AND state='closed'", (destination,))
        return bool(connection.changes())

    def unproven(self, connection: apsw.Connection, destination: str) -> list[tuple[str, str]]:
        """Return (picture, part) of the parts sent completely and not closed, oldest first."""
        rows = connection.execute(
            "SELECT picture, part FROM delivery WHERE destination=? AND state='sent' ORDER BY seq, part", (destination,)
        )
        return [(picture, part) for picture, part in rows]

    def went(self, connection: apsw.Connection, destination: str, camera: str, part: str, first: int, end: int) -> bool:
        """Return whether such a part of a picture of that camera from `first` to before `end` (µs UTC) was sent."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM delivery d JOIN piece p USING (picture, part) JOIN record r ON r.seq = p.seq "
            "WHERE destination=? AND d.state IN ('sent', 'closed') AND camera=? AND part=? AND start>=? AND start<?)"
        )
        return bool(connection.execute(query, (destination, camera, part, first, end)).get)

    def count(self, connection: apsw.Connection, destination: str) -> PictureCount:
        """Count the parts that are not closed yet."""
        rows = connection.execute(
            "SELECT sum(part='thumbnail'), sum(part='full'), sum(size - d.sent) "
            "FROM delivery d JOIN piece p USING (picture, part) WHERE destination=? AND d.state IN ('unsent', 'sent')",
            (destination,),
        ).get
        return PictureCount(*(value or 0 for value in rows))

    def load(self, connection: apsw.Connection) -> None:
        """Note that rows may be missing. Existing rows are read on demand."""
        self._complete = False

    def snapshot(self) -> dict[Key, int]:
        """Return the state that `restore` needs to roll back a failed transaction."""
        return dict(self._offsets)

    def restore(self, before: dict[Key, int]) -> None:
        """Restore the state that `snapshot` returned."""
        self._offsets = before

    def write(self, connection: apsw.Connection) -> None:
        """Write the offsets and missing rows; part of the caller's transaction."""
        if not self._complete:
            connection.executemany(INSERT_MISSING, [(destination,) for destination in self.destinations])
        connection.executemany(
            "UPDATE delivery SET sent=? WHERE destination=? AND picture=? AND part=?",
            [(offset, *key) for key, offset in self._offsets.items()],
        )

    def committed(self) -> None:
        """Mark what `write` wrote as persisted: its transaction has been committed."""
        self._offsets.clear()
        self._complete = True
