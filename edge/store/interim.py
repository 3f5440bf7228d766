"""Where records are stored while a damaged database is salvaged under a running station: a second database.

Calls that only append continue there, all others wait. At its end the salvage takes in the appended records, while
appending is blocked; after a power cut the salvage of the next start does.
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
    """The second database, and whether a salvage runs. The caller holds the store's lock, which `wait` releases."""

    def __init__(self, folder: Path, vfs: str | None, lock: threading.RLock) -> None:
        self.salvaging = False
        self._folder, self._vfs = folder, vfs
        self._ended = threading.Condition(lock)
        self._failed: StoreError | None = None  # why the salvage failed
        self._connection: apsw.Connection | None = None

    def begin(self) -> bool:
        """Block all calls from now on except those that append. False if a salvage is already running."""
        begun, self.salvaging = not self.salvaging, True
        return begun

    def wait(self) -> None:
        """Wait until no salvage is running. Raise StoreError, once, if it failed."""
        self._ended.wait_for(lambda: not self.salvaging)
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed

    def open(self) -> apsw.Connection:
        """Return the connection, created with its file if there is none. Raise apsw's errors."""
        if self._connection is None:
            self._connection = schema.connect(self._folder / INTERIM, self._vfs)
            schema.migrate(self._connection, self._folder)
        return self._connection

    def close(self) -> None:
        """Close the file, with everything that was appended."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(apsw.Error):  # whatever was not checkpointed stays in its log
                connection.close(True)

    def end(self, failed: StoreError | None) -> None:
        """Unblock all calls; they use the new database. The first of them raises `failed`, if given."""
        self.close()
        self.salvaging, self._failed = False, failed
        self._ended.notify_all()
