"""The hub of a demo, as a process of its own, in the demo's simulated time: `python -m provisioning.demo.hub_process`.

Stations are told no time: theirs is simulated too, and what a file says comes later than a station would believe.
"""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from hub.config import load
from hub.hub import serve
from hub.synchronised import ToldTime
from provisioning.commands.run import log_to_stderr

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


def main() -> None:
    """Run a hub on the file that is named first, in the time of the second, until it is told to end."""
    config, time = map(Path, sys.argv[1:])
    ending: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: ending.append(got))
    log_to_stderr()
    serve(load(config), lambda: bool(ending), told_by(time), ToldTime)


if __name__ == "__main__":
    main()
