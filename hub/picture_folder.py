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
from hub.database.lease import BEAT_S, ENDS_S, PICTURES
from hub.sink import SinkError

MARK = ".minshan-photos"
LOOK_S = 1.0
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
        self._next = 0.0

    def claim(self, ended: Callable[[], bool]) -> None:
        """Wait until no hub that runs has another folder, or until `ended`. Raise DatabaseRefusedError, OSError."""
        first: tuple[str, str] | None = None
        since = self._clock.now()
        while not ended():
            try:
                other = self._said()
                if other is None or (self._clock.now() - since >= ENDS_S and other == first and self._take(*other)):
                    return
            except SinkError:  # the receiver will tell of it, and wait as this does
                other = first
            first = first or other
            if other != first:
                self.close()
                raise DatabaseRefusedError(TWO_FOLDERS.having(folder=str(self._folder)))
            self._clock.sleep_until(self._clock.now() + LOOK_S)

    def tick(self) -> None:
        """Say now and then that a hub with this folder runs."""
        if self._clock.now() >= self._next:
            with suppress(SinkError, OSError):
                self._said()

    def close(self) -> None:
        """Let the database go."""
        self._engine.close()

    def _said(self) -> tuple[str, str] | None:
        """Say that this is the folder. Return the mark and the word of another one that stands there instead."""
        self._next = self._clock.now() + BEAT_S
        mark = mark_of(self._folder)
        self._engine.query("INSERT INTO alarm_lease VALUES (%s, %s, '') ON CONFLICT (id) DO NOTHING", (PICTURES, mark))
        ((holder, beat),) = self._engine.query("SELECT holder, beat FROM alarm_lease WHERE id = %s", (PICTURES,))
        return None if holder == mark and self._take(holder, beat) else (holder, beat)

    def _take(self, holder: str, beat: str) -> bool:
        """Put our mark in the place of another, or a new word behind our own; another hub may have been first."""
        mark = mark_of(self._folder)
        sql = (
            "UPDATE alarm_lease SET holder = %s, beat = %s WHERE id = %s AND holder = %s AND (beat = %s OR holder = %s)"
        )
        values = (mark, secrets.token_hex(8), PICTURES, holder, beat, mark)
        return bool(self._engine.query(f"{sql} RETURNING id", values))


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
