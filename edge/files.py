"""Writing files that survive a power cut: write, sync, rename, then sync the folder."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.reason import Reason

TURNED_READ_ONLY = Reason("turned_read_only", "the system has made the file system read-only")


def sync_folder(folder: Path) -> None:
    """Sync a folder's entries (new, renamed, removed files) to the disk. Raise OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_whole(path: Path, data: bytes, mode: int = 0o600, synced: bool = True) -> None:
    """Write the file atomically: readers find the old one or the new one, never a part. Raise OSError.

    Not `synced`, that holds if the process is killed, but not for a power cut. Each file has one writer. A temporary
    file left by a power cut (`.NAME.part`) is overwritten by the next call.
    """
    beside = path.with_name(f".{path.name}.part")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if synced:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        error.filename = error.filename or str(path)  # a full disk names no file
        raise
    if synced:
        sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Create a folder and its parents if missing. Raise OSError; NotADirectoryError if a file has its place."""
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(folder)) from error
    for each in reversed(new):
        give_to_owner_of_folder(each)


def give_to_owner_of_folder(path: Path) -> None:
    """Give a file or folder that root creates to the owner of its folder: a service must be able to write it.

    Raise OSError.
    """
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """Hold a lock file, which is not deleted. Raise BlockingIOError if another process holds it, OSError."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def identity(file: Path | int) -> tuple[int, int] | None:
    """Return the device and inode of a file or descriptor, which identify it; None if there is none."""
    try:
        found = os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino


def refusal(folder: Path) -> int:
    """Return the errno with which the system refuses to write a block there, 0 if it does not: SQLite hides it."""
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)  # on ext4 the mount's flags do not show it
        try:
            os.pwrite(descriptor, bytes(4096), 0)
        finally:
            os.close(descriptor)
    except OSError as error:
        return error.errno or 0
    return 0


class NoPasswordError(OSError):
    """A file does not contain a password in the expected form, which `reason` states."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.filename = str(path)
        self.reason = Reason("no_password_line", "must contain one line of UTF-8 text, only the password")


def read_password(path: Path) -> str:
    """Return the password in a file: one line of UTF-8, without surrounding blanks and line ends.

    Windows editors add a byte order mark, its shell writes UTF-16: both are accepted. Raise OSError, NoPasswordError.
    """
    raw = path.read_bytes()
    try:
        found = raw.decode("utf-16" if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig").strip()
    except UnicodeDecodeError:
        raise NoPasswordError(path) from None
    if re.search(r"[\0\r\n]", found):
        raise NoPasswordError(path)
    return found
