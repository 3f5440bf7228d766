"""What can be wrong with the store: one error, its causes, and the messages that people read.

StoreError
  .cause  IN_USE      another process holds the folder
          NO_FOLDER   the path is not a folder, or the folder cannot be created
          READ_ONLY   nothing can be written there
          FULL        no space: nothing was written, the same call may be retried
          DISK        the disk gave an error: nothing was written, the same call may be retried
          DAMAGED     the database was damaged: it has been set aside and salvaged, retry
          NEWER       the database was made by a newer version
          CLOSED      the store was closed
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import apsw

from drivers.reason import Reason, system_reason
from edge.errors import StorageError
from edge.files import TURNED_READ_ONLY, refusal


class StoreCause(StrEnum):
    """Why a call failed (see the module's docstring)."""

    IN_USE = "in use"
    NO_FOLDER = "no folder"
    READ_ONLY = "read-only"
    FULL = "full"
    DISK = "disk"
    DAMAGED = "damaged"
    NEWER = "newer"
    CLOSED = "closed"


class StoreError(StorageError):
    """`reason` is one sentence and a remedy; `cause` is for programs. `mended`: a repair was started for it already."""

    mended = False

    def __init__(self, cause: StoreCause, reason: Reason) -> None:
        super().__init__(reason)
        self.cause = cause

    @property
    def why(self) -> Reason:
        """The finding of SQLite, the system or the store itself, without the folder and the remedy."""
        return self.reason.inner("why") or self.reason


_REASONS = {
    StoreCause.NO_FOLDER: Reason(
        "store_no_folder",
        "state folder {folder} is not a usable folder ({why}): name a folder",
        folder="",
        why="",
    ),
    StoreCause.READ_ONLY: Reason(
        "store_read_only",
        "state folder {folder} cannot be written ({why}): give its owner the right to write, or mount it read-write",
        folder="",
        why="",
    ),
    StoreCause.FULL: Reason(
        "store_full",
        "state folder {folder} is on a full disk ({why}): free some space, or lower the limits in [state]",
        folder="",
        why="",
    ),
    StoreCause.DISK: Reason(
        "store_disk",
        "state folder {folder} is on a disk that gives errors ({why}): look at the kernel's log and replace the card",
        folder="",
        why="",
    ),
    StoreCause.DAMAGED: Reason(
        "store_damaged",
        "state folder {folder} contained a damaged database ({why}): it was set aside and is being recovered",
        folder="",
        why="",
    ),
    StoreCause.CLOSED: Reason("store_closed", "state folder {folder} is closed ({why})", folder="", why=""),
}


def store_error(cause: StoreCause, folder: Path, why: Reason) -> StoreError:
    """Return the error of that cause for a state folder."""
    return StoreError(cause, _REASONS[cause].having(folder=str(folder), why=why))


_ERRNO = {
    errno.ENOSPC: StoreCause.FULL,
    errno.EDQUOT: StoreCause.FULL,
    errno.EROFS: StoreCause.READ_ONLY,
    errno.EACCES: StoreCause.READ_ONLY,
    errno.EPERM: StoreCause.READ_ONLY,
    errno.ENOTDIR: StoreCause.NO_FOLDER,
    errno.EEXIST: StoreCause.NO_FOLDER,
    errno.ENOENT: StoreCause.NO_FOLDER,
    errno.ELOOP: StoreCause.NO_FOLDER,
    errno.ENAMETOOLONG: StoreCause.NO_FOLDER,
}

# SQLite's errors, by apsw's classes, and what each means for the store.
_SQLITE: tuple[tuple[type[apsw.Error], StoreCause, Reason], ...] = (
    (apsw.FullError, StoreCause.FULL, Reason("database_full", "database or disk is full")),
    (apsw.ReadOnlyError, StoreCause.READ_ONLY, Reason("database_read_only", "attempt to write a readonly database")),
    (apsw.PermissionsError, StoreCause.READ_ONLY, Reason("database_not_permitted", "access permission denied")),
    (apsw.CorruptError, StoreCause.DAMAGED, Reason("database_malformed", "database disk image is malformed")),
    (apsw.NotADBError, StoreCause.DAMAGED, Reason("no_database", "file is not a database")),
    # the SQL is fixed, so an error in it means that the tables differ
    (apsw.SQLError, StoreCause.DAMAGED, Reason("other_tables", "the tables are not as they were created")),
    (apsw.ConstraintError, StoreCause.DAMAGED, Reason("constraint_broken", "a table violates its own constraints")),
    (apsw.MismatchError, StoreCause.DAMAGED, Reason("datatype_mismatch", "a table contains a value of the wrong type")),
    # a broken page's lengths demand it
    (apsw.NoMemError, StoreCause.DAMAGED, Reason("database_asks_memory", "a page asks for more memory than there is")),
    (apsw.CantOpenError, StoreCause.READ_ONLY, Reason("database_not_opened", "unable to open database file")),
    (apsw.ConnectionClosedError, StoreCause.CLOSED, Reason("database_closed", "the database was closed")),
    (apsw.IOError, StoreCause.DISK, Reason("disk_io_error", "disk I/O error")),
    (apsw.Error, StoreCause.DISK, Reason("database_error", "the database gives an error")),
)


@contextmanager
def as_store_error(folder: Path) -> Iterator[None]:
    """Convert errors of SQLite and the system inside the block. Raise StoreError about `folder`."""
    try:
        yield
    except OSError as error:
        cause = _ERRNO.get(error.errno or 0, StoreCause.DISK)
        why = system_reason(error)
        if cause is StoreCause.FULL and _has_all_files(folder):
            why = NO_FILES
        elif isinstance(error, FileExistsError) and folder.is_symlink():
            why = LINK_TO_NOTHING
        raise store_error(cause, folder, why) from error
    except UnicodeDecodeError as error:
        raise store_error(StoreCause.DAMAGED, folder, Reason("text_is_none", "a text in it is not valid")) from error
    except apsw.BusyError as error:
        raise in_use(folder, None) from error
    except apsw.Error as error:
        _, cause, words = next(known for known in _SQLITE if isinstance(error, known[0]))
        refused = refusal(folder) if cause is StoreCause.DISK else 0
        if refused == errno.EROFS:
            words = TURNED_READ_ONLY
        elif refused == errno.EDQUOT:
            cause, words = StoreCause.FULL, QUOTA_REACHED
        if isinstance(error, apsw.CantOpenError) and _has_all_files(folder):  # it does not say why
            cause, words = StoreCause.FULL, NO_FILES
        found = error.args[0] if error.args else None  # the store's own checks raise apsw's errors with a reason
        raise store_error(cause, folder, found if isinstance(found, Reason) else words) from error


def _has_all_files(folder: Path) -> bool:
    """Return whether the file system has no inode left, though it may have free bytes."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    return found.f_files > 0 and found.f_favail == 0


def in_use(folder: Path, pid: int | None) -> StoreError:
    """Return the error for a second daemon on one folder."""
    by = Reason("another_minshan", "another minshan (pid {pid})", pid=pid) if pid else ANOTHER_PROGRAM
    return StoreError(
        StoreCause.IN_USE,
        Reason(
            "store_in_use",
            "state folder {folder} is in use by {by}: stop that one first, or name another folder",
            folder=str(folder),
            by=by,
        ),
    )


NO_FILES = Reason("no_more_files", "it has no room for another file: `df -i` shows 100 %")
QUOTA_REACHED = Reason("quota_reached", "the disk quota of its user is used up")
LINK_TO_NOTHING = Reason("link_to_nothing", "it is a link to a folder that is not there: is its disk mounted?")
ANOTHER_PROGRAM = Reason("another_program", "another program")
