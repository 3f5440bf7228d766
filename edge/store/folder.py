"""The state folder: created if missing, locked by one process; the traces that show it has held records before.

lock             locked by the daemon, contains its pid; followed by "new" until the first record is stored, so that
                 an interrupted first start is distinguished from a lost database
records.db       the database, records.db-wal its log
pictures/        picture files; strays/ those that no row names
ballast          reserve space, deleted when the disk is full
records.salvage.db, records.salvaged.db, records.damaged-N.db, records.interim.db: see salvage.py
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from edge.files import identity
from edge.store.errors import as_store_error, in_use

LOCK = "lock"
DATABASE = "records.db"
LOG, JOURNAL = "-wal", "-journal"  # what SQLite adds to a database's name
PICTURES = "pictures"
STRAYS = "strays"
DAMAGED = "records.damaged-*.db"
SALVAGED = "records.salvaged.db"
INTERIM = "records.interim.db"
OTHERS = 0o007  # permissions removed from pictures
ALL_BUT_US = 0o077  # permissions removed from records, which contain the page's token: the page is in our group
NEW = b" new"
WIDTH = 20  # bytes of the lock's text
BALLAST = 4 * 1024 * 1024  # bytes: space for a whole log


class FolderLock:
    """The folder, created if missing, locked for this process until `release`.

    The kernel holds the lock and releases it when the process ends in any way; the pid in the file is for people.
    """

    def __init__(self, folder: Path) -> None:
        """Lock the folder. Raise StoreError if another process holds it, it is no folder or cannot be written."""
        self._folder = folder
        self._fd = _locked(folder)
        self._marked = is_marked_used(folder)
        self._write()

    def renew(self) -> None:
        """Lock again if the folder was replaced or its lock file deleted. Raise StoreError."""
        if identity(self._folder / LOCK) == identity(self._fd):
            return
        fd = _locked(self._folder)
        self.release()
        self._fd = fd
        self._write()

    def mark_used(self) -> None:
        """Note that a record was stored: from now on an empty folder is damage."""
        if not self._marked:
            self._marked = True
            self._write()

    def _write(self) -> None:
        text = b"%d" % os.getpid() + (b"" if self._marked else NEW)
        with suppress(OSError):  # a full disk must not keep the station from starting
            os.pwrite(self._fd, text.ljust(WIDTH - 1) + b"\n", 0)  # no truncation: a power cut would lose the mark
            os.fdatasync(self._fd)

    def release(self) -> None:
        """Release the lock. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _locked(folder: Path) -> int:
    """Return the file descriptor of the folder's lock, locked. Raise StoreError."""
    with as_store_error(folder):
        make(folder)
        fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(fd, WIDTH, 0).split()[:1]
        os.close(fd)
        raise in_use(folder, int(holder[0]) if holder and holder[0].isdigit() else None) from None
    return fd


def make(folder: Path) -> None:
    """Create the folder and that of the pictures if missing. Raise OSError.

    Others get no write permission: they could replace the files. Parent folders are not restricted.
    """
    for each in (folder, folder / PICTURES):
        each.mkdir(0o750, parents=True, exist_ok=True)


class Ballast:
    """A reserve file, removed when the disk is so full that even deletions fail."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"

    def fill(self) -> None:
        """Create it if it is missing and there is enough space."""
        if self._path.exists() or room(self._path.parent)[0] < 8 * BALLAST:
            return
        with suppress(OSError):
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                os.posix_fallocate(fd, 0, BALLAST)
            finally:
                os.close(fd)

    def release(self) -> bool:
        """Remove it; False if there is none."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def used_before(folder: Path) -> bool:
    """Return whether a station has stored records here: then a missing or empty database is damage."""
    return is_marked_used(folder) or (folder / "ballast").exists() or has_traces(folder)


def is_marked_used(folder: Path) -> bool:
    """Return whether the lock file notes that a record was stored here."""
    try:
        text = (folder / LOCK).read_bytes()
    except FileNotFoundError:
        return False
    return bool(text) and NEW not in text


def has_traces(folder: Path) -> bool:
    """Return whether there are files that only a store with records leaves: pictures, or a database set aside."""
    traces = (*(folder / PICTURES).glob("*.jpg"), *(folder / STRAYS).glob("*"), *folder.glob(DAMAGED))
    return bool(traces) or (folder / SALVAGED).exists()


def count_strays(folder: Path) -> tuple[int, int]:
    """Return the number and the total bytes of the picture files set aside because no row names them."""
    sizes = [size(path) for path in (folder / STRAYS).glob("*")]
    return len(sizes), sum(sizes)


def size(path: Path) -> int:
    """Return the bytes of a file; 0 if there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def restrict_permissions(folder: Path) -> None:
    """Remove other users' permissions from records and pictures; a database's log has those of its database."""
    path = folder / DATABASE
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for name, rights in ((path, ALL_BUT_US), (folder / (DATABASE + LOG), ALL_BUT_US), (folder / PICTURES, OTHERS)):
        with suppress(OSError):  # another owner's file: being able to read and write it is enough
            os.chmod(name, os.stat(name).st_mode & ~rights)


def room(folder: Path) -> tuple[int, int]:
    """Return the bytes of the file system that are free for this user, and its total bytes."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
