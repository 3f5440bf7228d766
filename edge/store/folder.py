"""The state folder: created if there is none, held by one process; the traces that it has held records before.

lock             held by the daemon, with its pid; with "new" behind it as long as no record was ever kept, so
                 that a first start that was cut off is distinguished from a database that was lost
records.db       the database, records.db-wal its log
pictures/        picture files; strays/ those that no row names
ballast          room to throw off
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
OTHERS = 0o007  # rights that no other user has on pictures
ALL_BUT_US = 0o077  # and that nobody has on records, among which the page's token lies: the page is of our group
NEW = b" new"
WIDTH = 20  # bytes of the lock's text
BALLAST = 4 * 1024 * 1024  # bytes: room for a whole log


class FolderLock:
    """The folder, made where there is none, locked for this process until `release`.

    The lock is the kernel's and goes with the process, however that ends; the pid in the file is for people.
    """

    def __init__(self, folder: Path) -> None:
        """Lock the folder. Raise StoreError where it is held by another, is no folder or cannot be written."""
        self._folder = folder
        self._fd = _locked(folder)
        self._marked = is_marked_used(folder)
        self._write()

    def renew(self) -> None:
        """Lock what stands in the folder's place where that is another one, or its lock was deleted. StoreError."""
        if identity(self._folder / LOCK) == identity(self._fd):
            return
        fd = _locked(self._folder)
        self.release()
        self._fd = fd
        self._write()

    def mark_used(self) -> None:
        """Note that a record was kept: from now on an empty folder is damage."""
        if not self._marked:
            self._marked = True
            self._write()

    def _write(self) -> None:
        text = b"%d" % os.getpid() + (b"" if self._marked else NEW)
        with suppress(OSError):  # a full disk must not keep the station from starting
            os.pwrite(self._fd, text.ljust(WIDTH - 1) + b"\n", 0)  # never emptied first: a cut would forget the sign
            os.fdatasync(self._fd)

    def release(self) -> None:
        """Let another process have it. Twice does no harm."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _locked(folder: Path) -> int:
    """Return a descriptor of the folder's lock, held. StoreError."""
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
    """Make the folder, with that of the pictures, where there is none. OSError.

    Whoever may write in it could put other files in the place of ours; what stands above it is not ours.
    """
    for each in (folder, folder / PICTURES):
        each.mkdir(0o750, parents=True, exist_ok=True)


class Ballast:
    """A reserve file, removed if the disk is so full that even deleting something fails."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "ballast"

    def fill(self) -> None:
        """Make it where there is none and room enough for it."""
        if self._path.exists() or room(self._path.parent)[0] < 8 * BALLAST:
            return
        with suppress(OSError):
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
            try:
                os.posix_fallocate(fd, 0, BALLAST)
            finally:
                os.close(fd)

    def release(self) -> bool:
        """Remove it; False where there is none."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def used_before(folder: Path) -> bool:
    """Return whether a station has kept records here: a database that is missing or empty is damage then."""
    return is_marked_used(folder) or (folder / "ballast").exists() or has_traces(folder)


def is_marked_used(folder: Path) -> bool:
    """Return whether the lock file notes that a record was kept here."""
    try:
        text = (folder / LOCK).read_bytes()
    except FileNotFoundError:
        return False
    return bool(text) and NEW not in text


def has_traces(folder: Path) -> bool:
    """Return whether there is something that only a store with records leaves: pictures, or a database set aside."""
    traces = (*(folder / PICTURES).glob("*.jpg"), *(folder / STRAYS).glob("*"), *folder.glob(DAMAGED))
    return bool(traces) or (folder / SALVAGED).exists()


def count_strays(folder: Path) -> tuple[int, int]:
    """Count the picture files that lie aside because no row names them. Return how many, and their bytes."""
    sizes = [size(path) for path in (folder / STRAYS).glob("*")]
    return len(sizes), sum(sizes)


def size(path: Path) -> int:
    """Return the bytes of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def restrict_permissions(folder: Path) -> None:
    """Remove other users' permissions from records and pictures; a database's log has those of its database."""
    path = folder / DATABASE
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for name, rights in ((path, ALL_BUT_US), (folder / (DATABASE + LOG), ALL_BUT_US), (folder / PICTURES, OTHERS)):
        with suppress(OSError):  # another owner's: what the daemon may read and write is all it needs
            os.chmod(name, os.stat(name).st_mode & ~rights)


def room(folder: Path) -> tuple[int, int]:
    """Return the free bytes of the file system for us, and its total size."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
