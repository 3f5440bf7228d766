"""Notification of changes in a folder by the kernel (inotify(7), through ctypes: Python has no interface to it)."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from types import TracebackType

from drivers.clock import Clock

# linux/inotify.h: a file renamed into the folder; a file that was open for writing closed (also by the end of the
# process that held it); the folder itself removed or renamed.
MOVED_TO, CLOSED_AFTER_WRITING, FOLDER_REMOVED, FOLDER_MOVED = 0x80, 0x8, 0x400, 0x800
WANTED = MOVED_TO | CLOSED_AFTER_WRITING | FOLDER_REMOVED | FOLDER_MOVED
EVENTS = 65536  # bytes; one event has 16 and its file's name


class FolderWatch:
    """A descriptor (`fd`) that becomes readable when a file is renamed into the folder or one in it is closed.

    Look into the folder once before the first wait: files already there are not reported. Raise OSError if the kernel
    refuses the watch.
    """

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(self.fd, os.fsencode(folder), WANTED) < 0:
            number = ctypes.get_errno()
            self.close()
            raise OSError(number, os.strerror(number), str(folder))

    def wait(self, clock: Clock, until: float) -> None:
        """Wait for an event since the last wait, or until the instant `until`."""
        if clock.wait_readable(self.fd, until):
            self.clear()

    def clear(self) -> None:
        """Discard the pending events."""
        try:
            while os.read(self.fd, EVENTS):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        """End the watch."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> FolderWatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
