"""The folder of photos: one for all hubs on a database, whose rows name files in it.

A mark file in the folder identifies it, and running hubs hold the mark as a lease in the database (`Lease`), renewed
regularly. A hub that finds another mark being renewed has a different folder than a running hub and refuses to start:
each hub would lack half of the photos. A mark that is no longer renewed belongs to a hub that is gone, and is replaced.
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
    """One hub's claim on its folder; `database` opens the database, for a connection of its own."""

    def __init__(self, folder: Path, database: Callable[[], Engine], clock: Clock) -> None:
        self._folder, self._engine, self._clock = folder, database(), clock
        self._first: Lease | None = None  # claimed at the start
        self._next = 0.0

    def claim(self) -> bool:
        """Return whether no running hub uses another folder; False: not known yet, to be asked again.

        Raise DatabaseRefusedError where one does, SinkError, OSError.
        """
        self._first = lease = self._first or self._lease()
        if lease.claim():
            return True
        if lease.is_anothers:
            self.close()
            raise DatabaseRefusedError(TWO_FOLDERS.having(folder=str(self._folder)))
        return False

    def tick(self) -> None:
        """Renew the claim where it is due."""
        if self._clock.now() >= self._next:
            self._next = self._clock.now() + BEAT_S
            with suppress(SinkError, OSError):
                self._lease().claim()

    def close(self) -> None:
        """Close the database."""
        self._engine.close()

    def _lease(self) -> Lease:
        """Return the lease of the folder that is mounted now."""
        return Lease(self._engine, mark_of(self._folder), self._clock, PICTURES)


def mark_of(folder: Path) -> str:
    """Return the folder's mark, created where there is none. Raise OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / MARK
    if not file.exists():
        beside = folder / f"{MARK}.{secrets.token_hex(4)}"
        beside.write_text(secrets.token_hex(8), "ascii")
        with suppress(FileExistsError):  # another hub was first
            os.link(beside, file)
        beside.unlink()
    return file.read_text("ascii").strip()
