"""A file by which a demo tells its hub, another process, the simulated time."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path

WRITTEN_S = 0.02  # real s between two looks at simulated time: at 600 times the speed of life 12 s
INSTANT = struct.Struct("<q")  # microseconds since 1970


class TimeFile:
    """A file that tells another process the simulated time."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._file, INSTANT.pack(0), 0)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, utc: Callable[[], int]) -> None:
        """Write what `utc` says from now on, until `close`."""
        os.pwrite(self._file, INSTANT.pack(utc()), 0)
        self._thread = threading.Thread(target=self._write, args=(utc,), name="hub-time", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let it stand still."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        os.close(self._file)

    def _write(self, utc: Callable[[], int]) -> None:
        while not self._ended.wait(WRITTEN_S):
            os.pwrite(self._file, INSTANT.pack(utc()), 0)


def told_by(path: Path) -> Callable[[], int]:
    """Return what reads such a file: the time, microseconds since 1970."""
    file = os.open(path, os.O_RDONLY)
    return lambda: int(INSTANT.unpack(os.pread(file, INSTANT.size, 0))[0])
