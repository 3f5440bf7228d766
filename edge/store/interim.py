"""Where records are stored while a damaged database is salvaged under a running station: a second database.

Whoever only adds goes on there, all others wait. The salvage takes in at its end what was added, while nothing can be;
after a cut the next start's does.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import apsw

from edge.store import schema
from edge.store.errors import StoreError
from edge.store.folder import INTERIM


class Interim:
    """The second database, and whether there is a salvage. The caller holds the store's lock, which `wait` lets go."""

    def __init__(self, folder: Path, vfs: str | None, lock: threading.RLock) -> None:
        self.salvaging = False
        self._folder, self._vfs = folder, vfs
        self._ended = threading.Condition(lock)
        self._failed: StoreError | None = None  # why the salvage came to nothing
        self._connection: apsw.Connection | None = None

    def begin(self) -> bool:
        """Let all wait from now on but those who add. False where a salvage is under way already."""
        begun, self.salvaging = not self.salvaging, True
        return begun

    def wait(self) -> None:
        """Wait until there is no salvage. Raise StoreError, once, where it came to nothing."""
        self._ended.wait_for(lambda: not self.salvaging)
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    def open(self) -> apsw.Connection:
        """Return the connection, made with its file where there is none. Raise apsw's errors."""
        if self._connection is None:
            self._connection = schema.connect(self._folder / INTERIM, self._vfs)
            schema.migrate(self._connection, self._folder)
        return self._connection

    def close(self) -> None:
        """Let go of the file, with all that was added."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(apsw.Error):  # what could not be folded in stays in its log
                connection.close(True)

    def end(self, failed: StoreError | None) -> None:
        """Let all go on with the database that is there now; the first of them is told what failed."""
        self.close()
        self.salvaging, self._failed = False, failed
        self._ended.notify_all()
