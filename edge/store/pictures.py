"""The store's interface for the shelf and the uplinks about pictures. `dest` is the name of a destination."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw

from edge.store.database import Database
from edge.store.folder import STRAYS, count_strays
from edge.store.picture_rows import CLOSED, HELD, SENT, PictureCount, PictureRows, PieceRow, file_name
from edge.store.recovery import Recovery

STRAYS_BYTES = 512 * 1024 * 1024  # of files that no row names, which are kept: some 500 full pictures
T = TypeVar("T")


class PictureBook:
    """`store.pictures`, for the shelf and the uplink. Thread-safe; its methods raise StoreError."""

    def __init__(self, database: Database, recovery: Recovery, rows: PictureRows) -> None:
        self._db = database
        self._recovery = recovery
        self._rows = rows

    def _read(self, read: Callable[[apsw.Connection], T]) -> T:
        def attempt() -> T:
            with self._db.reading() as connection:
                return read(connection)

        return self._recovery.twice(attempt)

    def _change(self, change: Callable[[apsw.Connection], T]) -> T:
        def attempt() -> T:
            with self._db.change() as connection:
                return change(connection)

        return self._recovery.twice(attempt)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._rows.folder

    def next_pieces(self, dest: str, limit: int = 1) -> list[PieceRow]:
        """Return the next parts to send: thumbnails before full pictures, the newest first."""
        return self._read(lambda connection: self._rows.due(connection, dest, limit))

    def progress(self, dest: str, picture: str, part: str, offset: int) -> None:
        """Note that the broker has the part's first `offset` bytes. Written with the store's next change."""
        with self._db.reading():
            self._rows.progress((dest, picture, part), offset)

    def sent(self, dest: str, picture: str, part: str) -> bool:
        """Mark a part as sent: the broker has all of it. Return False if there is no such part, or it is so already."""
        return self._change(lambda connection: self._rows.set_state(connection, (dest, picture, part), SENT))

    def closed(self, dest: str, picture: str, part: str) -> bool:
        """Mark a part as closed: `dest` has all of it. Return False if there is no such part, or it is so already."""
        return self._change(lambda connection: self._rows.set_state(connection, (dest, picture, part), CLOSED))

    def proven(self, dest: str, picture: str, part: str) -> bool:
        """Close a part that `dest` says it has. Return whether it must be probed first, as it was not sent there whole.

        A part of which nothing was sent is left unchanged: `dest` has another station's, or none.
        """
        return self._change(lambda connection: self._rows.prove(connection, (dest, picture, part)))

    def hold(self, dest: str, picture: str, part: str) -> bool:
        """Hold a part back until it is requested. Return False if there is no such part, or it is so already."""
        return self._change(lambda connection: self._rows.set_state(connection, (dest, picture, part), HELD))

    def went(self, dest: str, camera: str, part: str, first: int, end: int) -> bool:
        """Return whether such a part of a picture of that camera from `first` to before `end` (µs UTC) was sent."""
        return self._read(lambda connection: self._rows.went(connection, dest, camera, part, first, end))

    def again(self, dest: str, picture: str, part: str, offset: int = 0) -> bool:
        """Make the part unsent again from `offset` on; False if it no longer exists."""
        return self._change(lambda connection: self._rows.again(connection, (dest, picture, part), offset))

    def doubt(self, dest: str) -> bool:
        """Set what `dest` has proven to have back to sent and unproven; False if there was nothing."""
        return self._change(lambda connection: self._rows.doubt(connection, dest))

    def unproven(self, dest: str) -> list[tuple[str, str]]:
        """Return (picture, part) of the parts sent completely and not closed, oldest first."""
        return self._read(lambda connection: self._rows.unproven(connection, dest))

    def count(self, dest: str) -> PictureCount:
        """Count the parts that are not closed yet."""
        return self._read(lambda connection: self._rows.count(connection, dest))

    # -- strays -----------------------------------------------------------------------------------------------

    @property
    def strays(self) -> Path:
        """The folder of the files that no row names."""
        return self.folder.with_name(STRAYS)

    def stray_files(self) -> list[Path]:
        """Return the files in the folder of pictures that no row names."""
        names = self._read(lambda c: {file_name(*row) for row in c.execute("SELECT picture, part FROM piece")})
        return sorted(path for path in self.folder.iterdir() if path.name not in names)

    def set_strays_aside(self) -> list[str]:
        """Move files that no row names into `strays`. Return their names.

        A power cut came between a file and its row, or the row was lost. Only a person can judge what such a file is
        worth, so it stays until there are STRAYS_BYTES of newer ones. Raise OSError if the disk refuses.
        """
        found = self.stray_files()
        if not found:
            return []
        self.strays.mkdir(0o750, exist_ok=True)
        for path in found:
            os.replace(path, self.strays / path.name)
        kept = 0
        for path in sorted(self.strays.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True):
            kept += path.stat().st_size
            if kept > STRAYS_BYTES:
                path.unlink()
        return [path.name for path in found]

    def count_strays(self) -> tuple[int, int]:
        """Return the number and the total bytes of the files in `strays`."""
        return count_strays(self.strays.parent)
