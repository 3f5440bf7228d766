"""A file that passes a demo's simulated time to its hub, another process."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

WRITTEN_S = 0.02  # real s between two updates: 12 simulated s at 600 times real speed
INSTANT = struct.Struct("<q")  # microseconds since 1970


class TimeFile:
    """The writer of the file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._file, INSTANT.pack(0), 0)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, utc: Callable[[], int]) -> None:
        """Write the time of `utc` regularly, until `close`."""
        os.pwrite(self._file, INSTANT.pack(utc()), 0)
        self._thread = threading.Thread(target=self._write, args=(utc,), name="hub-time", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop writing and close the file."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        os.close(self._file)

    def _write(self, utc: Callable[[], int]) -> None:
        while not self._ended.wait(WRITTEN_S):
            os.pwrite(self._file, INSTANT.pack(utc()), 0)


def told_by(path: Path) -> Callable[[], int]:
    """Return a function that reads the time from such a file, microseconds since 1970."""
    file = os.open(path, os.O_RDONLY)
    return lambda: int(INSTANT.unpack(os.pread(file, INSTANT.size, 0))[0])
