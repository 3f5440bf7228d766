"""What the shelf and the uplink ask of the store about pictures."""

from __future__ import annotations

from pathlib import Path

from edge.store.database import Database
from edge.store.pictures import CLOSED, SENT, PictureCount, PictureRows, PieceRow, file_name


class PictureBook:
    """`store.pictures`: what the shelf and the uplink call. From any thread; StoreTrouble as the store."""

    def __init__(self, database: Database, rows: PictureRows) -> None:
        self._db = database
        self._rows = rows

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self._rows.folder

    def next_pieces(self, limit: int = 1) -> list[PieceRow]:
        """The next parts to send: thumbnails before full pictures, the newest first."""
        with self._db.reading() as connection:
            return self._rows.due(connection, limit)

    def progress(self, picture: str, part: str, offset: int) -> None:
        """The broker has the part's bytes up to `offset`. Written with the store's next change."""
        with self._db.reading():
            self._rows.progress(picture, part, offset)

    def sent(self, picture: str, part: str) -> bool:
        """The broker has all of the part; False where there is no such part, or it was so already."""
        with self._db.change() as connection:
            return self._rows.set_state(connection, picture, part, SENT)

    def closed(self, picture: str, part: str) -> bool:
        """The platform has all of the part; False where there is no such part, or it was so already."""
        with self._db.change() as connection:
            return self._rows.set_state(connection, picture, part, CLOSED)

    def again(self, picture: str, part: str, offset: int = 0) -> bool:
        """Send the part again from `offset` on; False where it is not kept any more."""
        with self._db.change() as connection:
            return self._rows.again(connection, picture, part, offset)

    def unproven(self) -> list[tuple[str, str]]:
        """(picture, part) of the parts sent whole and not closed, oldest first."""
        with self._db.reading() as connection:
            return self._rows.unproven(connection)

    def stray_files(self) -> list[Path]:
        """Files in the folder that no row tells of: a power cut came between file and row, or row and file."""
        with self._db.reading() as connection:
            names = {file_name(*row) for row in connection.execute("SELECT picture, part FROM piece")}
        return sorted(path for path in self.folder.iterdir() if path.name not in names)

    def count(self) -> PictureCount:
        """What is not closed yet."""
        with self._db.reading() as connection:
            return self._rows.count(connection)
