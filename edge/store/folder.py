"""The state folder: made where there is none, held by one process, its entries synced."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from edge.store.trouble import in_use, told

LOCK = "lock"
DATABASE = "records.db"
PICTURES = "pictures"
BALLAST = 4 * 1024 * 1024  # bytes: room for a whole log


class Hold:
    """The folder, made where there is none, locked for this process until `release`.

    The lock is the kernel's and goes with the process, however that ends; the pid in the file is for people.
    """

    def __init__(self, folder: Path) -> None:
        """StoreTrouble where it is held by another, is no folder or cannot be written."""
        with told(folder):
            (folder / PICTURES).mkdir(parents=True, exist_ok=True)
            fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 20, 0).strip()
            os.close(fd)
            raise in_use(folder, int(holder) if holder.isdigit() else None) from None
        self._fd = fd
        with suppress(OSError):  # a full disk must not keep the station from starting
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)

    def release(self) -> None:
        """Let another process have it. Twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Ballast:
    """A file that takes up room, thrown off where a full disk would not even let something be deleted."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"

    def take(self) -> None:
        """Make it where there is none and room enough for it."""
        if self._path.exists() or room(self._path.parent)[0] < 8 * BALLAST:
            return
        with suppress(OSError), self._path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST)

    def drop(self) -> bool:
        """Remove it; False where there is none."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def room(folder: Path) -> tuple[int, int]:
    """Bytes that the file system has left for us, and has at all."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
