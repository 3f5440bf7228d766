"""The database's log in memory, for a card that becomes read-only or gives errors under a running station.

Until a checkpoint SQLite writes only to its log, so the card stays unchanged while the log continues in memory:
records are appended, judged, sent and proven as usual. A power cut would lose what was added. Once the disk accepts
writes again, the log replaces the one on it by a single rename.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apsw

from edge.files import write_whole
from edge.store.carve import FRAME, WAL_HEADER
from edge.store.folder import DATABASE, LOG

MOST = 48 * 1024 * 1024  # bytes of the log: a week of minutes; more would cost the daemon its memory


class LogInMemory(apsw.VFS):
    """A file system that reads the database of a folder from its disk and keeps the log in memory."""

    def __init__(self, folder: Path, base: str | None, frames: int) -> None:
        """Load the first `frames` frames of the log on the disk, which the VFS `base` reads. Raise OSError.

        They may be followed by a commit whose sync failed: its records are appended again.
        """
        self._path = folder / (DATABASE + LOG)
        self._base = base or ""
        self.log = bytearray(self._path.read_bytes()[: WAL_HEADER + frames * FRAME] if frames else b"")
        self.vfs_name = f"minshan-log-in-memory-{id(self)}"
        super().__init__(self.vfs_name, self._base)

    def put_on_disk(self) -> None:
        """Replace the log on the disk by this one. Raise OSError."""
        write_whole(self._path, bytes(self.log))

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        """Open a file: the log in memory, the database read-only, others as usual."""
        asked = flags[0]
        flags[1] = asked
        if asked & apsw.SQLITE_OPEN_WAL:
            return LogFile(self.log)
        if asked & apsw.SQLITE_OPEN_MAIN_DB:
            return UntouchedFile(self._base, name, [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
        return super().xOpen(name, flags)

    def xAccess(self, pathname: str, flags: int) -> bool:
        """Return whether a file exists; the log does unless it is empty."""
        return bool(self.log) if pathname.endswith(LOG) else super().xAccess(pathname, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Delete a file; the log is only emptied."""
        if filename.endswith(LOG):
            self.log.clear()
        else:
            super().xDelete(filename, syncdir)


class UntouchedFile(apsw.VFSFile):
    """The database on the disk, opened read-only although SQLite believes it writable. The folder's lock is held."""

    def xWrite(self, data: bytes, offset: int) -> None:
        """Refuse to write. Raise apsw.ReadOnlyError."""
        raise apsw.ReadOnlyError(f"refused to write {len(data)} bytes at {offset}")

    def xTruncate(self, size: int) -> None:
        """Refuse to truncate. Raise apsw.ReadOnlyError."""
        raise apsw.ReadOnlyError(f"refused to truncate to {size} bytes")

    def xSync(self, flags: int) -> None:
        """Do nothing: there is nothing to sync."""

    def xLock(self, level: int) -> None:
        """Do nothing: a file that is only read cannot be locked for writing."""

    def xUnlock(self, level: int) -> None:
        """Do nothing."""

    def xCheckReservedLock(self) -> bool:
        """Return False: there is one process."""
        return False


class LogFile:
    """The log."""

    def __init__(self, log: bytearray) -> None:
        self._log = log

    def xRead(self, amount: int, offset: int) -> bytes:
        """Return `amount` bytes, fewer at the end."""
        return bytes(self._log[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        """Write bytes. Raise apsw.IOError beyond MOST: no disk space would help, records wait in the journal."""
        if offset + len(data) > MOST:
            raise apsw.IOError("the log in memory is full")
        self._log.extend(bytes(max(0, offset - len(self._log))))
        self._log[offset : offset + len(data)] = data

    def xTruncate(self, size: int) -> None:
        """Truncate it."""
        del self._log[size:]

    def xFileSize(self) -> int:
        """Return its size in bytes."""
        return len(self._log)

    def xSync(self, flags: int) -> None:
        """Do nothing."""

    def xLock(self, level: int) -> None:
        """Do nothing."""

    def xUnlock(self, level: int) -> None:
        """Do nothing."""

    def xCheckReservedLock(self) -> bool:
        """Return False."""
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:
        """Return False: no operation is known."""
        return False

    def xSectorSize(self) -> int:
        """Return the smallest unit that is written, in bytes."""
        return 512

    def xDeviceCharacteristics(self) -> int:
        """Return 0: no special characteristics."""
        return 0

    def xClose(self) -> None:
        """Do nothing: the log stays in memory."""
