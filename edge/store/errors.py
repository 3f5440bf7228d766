"""What can be wrong with the store: one error, its causes, and the sentences that people read.

StoreError
  .cause  IN_USE      another process holds the folder
          NO_FOLDER   the folder is none, or cannot be made
          READ_ONLY   nothing can be written there
          FULL        no room: nothing was written, the same call may be tried again
          DISK        the disk gave an error: nothing was written, the same call may be tried again
          DAMAGED     the database was damaged: it has been set aside and salvaged, try again
          NEWER       the database was made by a newer version
          CLOSED      the store was closed
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import apsw


class Cause(StrEnum):
    """Why the store cannot do what was asked (see the head of this file)."""

    IN_USE = "in use"
    NO_FOLDER = "no folder"
    READ_ONLY = "read-only"
    FULL = "full"
    DISK = "disk"
    DAMAGED = "damaged"
    NEWER = "newer"
    CLOSED = "closed"


class StoreError(Exception):
    """One sentence and a remedy; `cause` for programs. `mended`: something was done about it already."""

    mended = False

    def __init__(self, cause: Cause, text: str) -> None:
        super().__init__(text)
        self.cause = cause


_REMEDIES = {
    Cause.NO_FOLDER: "is no folder that can be used ({why}): name a folder",
    Cause.READ_ONLY: "cannot be written ({why}): give its owner the right to write, or mount it read-write",
    Cause.FULL: "is on a full disk ({why}): free some space, or lower the limits in [state]",
    Cause.DISK: "is on a disk that gives errors ({why}): look at the kernel's log and replace the card",
    Cause.DAMAGED: "held a damaged database ({why}): it is set aside and salvaged at once",
    Cause.CLOSED: "is closed ({why})",
}


def store_error(cause: Cause, folder: Path, why: str) -> StoreError:
    """Return the error of that cause for a state folder."""
    return StoreError(cause, f"state folder {folder} " + _REMEDIES[cause].format(why=why))


_ERRNO = {
    errno.ENOSPC: Cause.FULL,
    errno.EDQUOT: Cause.FULL,
    errno.EROFS: Cause.READ_ONLY,
    errno.EACCES: Cause.READ_ONLY,
    errno.EPERM: Cause.READ_ONLY,
    errno.ENOTDIR: Cause.NO_FOLDER,
    errno.EEXIST: Cause.NO_FOLDER,
    errno.ENOENT: Cause.NO_FOLDER,
    errno.ELOOP: Cause.NO_FOLDER,
    errno.ENAMETOOLONG: Cause.NO_FOLDER,
}

_SQLITE: tuple[tuple[type[apsw.Error], Cause], ...] = (
    (apsw.FullError, Cause.FULL),
    (apsw.ReadOnlyError, Cause.READ_ONLY),
    (apsw.PermissionsError, Cause.READ_ONLY),
    (apsw.CorruptError, Cause.DAMAGED),
    (apsw.NotADBError, Cause.DAMAGED),
    (apsw.SQLError, Cause.DAMAGED),  # our SQL is fixed: the tables are not what it was written for
    (apsw.ConstraintError, Cause.DAMAGED),
    (apsw.MismatchError, Cause.DAMAGED),
    (apsw.NoMemError, Cause.DAMAGED),  # what a broken page's lengths ask for
    (apsw.CantOpenError, Cause.READ_ONLY),
    (apsw.BusyError, Cause.IN_USE),
    (apsw.ConnectionClosedError, Cause.CLOSED),
)


@contextmanager
def as_store_error(folder: Path) -> Iterator[None]:
    """Turn what SQLite or the system says inside into a StoreError about `folder`."""
    try:
        yield
    except OSError as error:
        cause = _ERRNO.get(error.errno or 0, Cause.DISK)
        raise store_error(cause, folder, (error.strerror or str(error)).lower()) from error
    except UnicodeDecodeError as error:
        raise store_error(Cause.DAMAGED, folder, "a text in it is none") from error
    except apsw.BusyError as error:
        raise in_use(folder, None) from error
    except apsw.Error as error:
        cause = next((cause for kind, cause in _SQLITE if isinstance(error, kind)), Cause.DISK)
        raise store_error(cause, folder, str(error)) from error


def in_use(folder: Path, pid: int | None) -> StoreError:
    """Return the error of a second daemon on one folder."""
    by = f"another minshan (pid {pid})" if pid else "another program"
    return StoreError(
        Cause.IN_USE, f"state folder {folder} is in use by {by}: stop that one first, or name another folder"
    )
