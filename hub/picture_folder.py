"""The folder of photos: one for all hubs on a database, whose rows name files in it.

A mark in the folder tells it from others, and hubs that run keep the mark in the database with a word that changes. A
hub that finds another mark and sees its word change has another folder than a hub that runs, and refuses to start: half
of the photos would be in neither. A word that stands still is of a hub that is gone, whose folder is so no more.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from drivers.clock import Clock
from drivers.reason import Reason
from hub.database.engine import Engine
from hub.database.errors import DatabaseRefusedError
from hub.database.lease import BEAT_S, PICTURES, Lease
from hub.sink import SinkError

MARK = ".minshan-photos"
TWO_FOLDERS = Reason(
    "two_folders",
    "another hub on this database keeps the photos in another folder than {folder}: all of them need "
    "the same folder, mounted on each machine ([pictures] dir)",
    folder="",
)


class PictureFolder:
    """One hub's; `database` opens the database, for a connection of its own."""

    def __init__(self, folder: Path, database: Callable[[], Engine], clock: Clock) -> None:
        self._folder, self._engine, self._clock = folder, database(), clock
        self._first: Lease | None = None  # that is claimed at the start
        self._next = 0.0

    def claim(self) -> bool:
        """Return whether no hub that runs has another folder; where that is not known yet, ask again.

        Raise DatabaseRefusedError where one has, SinkError, OSError.
        """
        self._first = lease = self._first or self._lease()
        if lease.claim():
            return True
        if lease.is_anothers:
            self.close()
            raise DatabaseRefusedError(TWO_FOLDERS.having(folder=str(self._folder)))
        return False

    def tick(self) -> None:
        """Say now and then that a hub with this folder runs."""
        if self._clock.now() >= self._next:
            self._next = self._clock.now() + BEAT_S
            with suppress(SinkError, OSError):
                self._lease().claim()

    def close(self) -> None:
        """Let the database go."""
        self._engine.close()

    def _lease(self) -> Lease:
        """Return the lease of the folder that is there now."""
        return Lease(self._engine, mark_of(self._folder), self._clock, PICTURES)


def mark_of(folder: Path) -> str:
    """Return the folder's mark, made where there is none. Raise OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / MARK
    if not file.exists():
        beside = folder / f"{MARK}.{secrets.token_hex(4)}"
        beside.write_text(secrets.token_hex(8), "ascii")
        with suppress(FileExistsError):  # another hub was first
            os.link(beside, file)
        beside.unlink()
    return file.read_text("ascii").strip()
