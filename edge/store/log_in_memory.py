"""The database's log in memory, for a card that has become read-only or gives errors under a running station.

SQLite writes into its log alone until that is folded in, so what is on the card stays as it is and the log goes on in
memory: records are appended, judged, sent and proven as ever. Without power, what was added would be gone. Once the
disk takes something in again, the log takes the place of the one on it, by one rename.
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
        """Take in so many frames of the log that is on the disk, which `base` reads. Raise OSError.

        Behind them may be a commit that failed because it could not be synced: its records come again.
        """
        self._path = folder / (DATABASE + LOG)
        self._base = base or ""
        self.log = bytearray(self._path.read_bytes()[: WAL_HEADER + frames * FRAME] if frames else b"")
        self.vfs_name = f"minshan-log-in-memory-{id(self)}"
        super().__init__(self.vfs_name, self._base)

    def put_on_disk(self) -> None:
        """Let the log take the place of the one on the disk. Raise OSError."""
        write_whole(self._path, bytes(self.log))

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        """Open a file."""
        asked = flags[0]
        flags[1] = asked
        if asked & apsw.SQLITE_OPEN_WAL:
            return LogFile(self.log)
        if asked & apsw.SQLITE_OPEN_MAIN_DB:
            return UntouchedFile(self._base, name, [apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY, 0])
        return super().xOpen(name, flags)

    def xAccess(self, pathname: str, flags: int) -> bool:
        """Return whether a file is there."""
        return bool(self.log) if pathname.endswith(LOG) else super().xAccess(pathname, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        """Delete a file; the log is only emptied."""
        if filename.endswith(LOG):
            self.log.clear()
        else:
            super().xDelete(filename, syncdir)


class UntouchedFile(apsw.VFSFile):
    """The database on the disk, of which SQLite believes that it could write it. The folder's lock is held."""

    def xWrite(self, data: bytes, offset: int) -> None:
        """Refuse it."""
        raise apsw.ReadOnlyError(f"{len(data)} bytes at {offset} were to be folded in")

    def xTruncate(self, size: int) -> None:
        """Refuse it."""
        raise apsw.ReadOnlyError(f"it was to be cut to {size} bytes")

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
        """Return so many bytes, fewer at the end."""
        return bytes(self._log[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        """Take bytes in. Raise apsw.IOError: no room on the disk would help, records wait in the journal."""
        if offset + len(data) > MOST:
            raise apsw.IOError("the log takes no more memory")
        self._log.extend(bytes(max(0, offset - len(self._log))))
        self._log[offset : offset + len(data)] = data

    def xTruncate(self, size: int) -> None:
        """Cut it."""
        del self._log[size:]

    def xFileSize(self) -> int:
        """Return its bytes."""
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
        """Return False: none is known."""
        return False

    def xSectorSize(self) -> int:
        """Return the least that is written at a time."""
        return 512

    def xDeviceCharacteristics(self) -> int:
        """Return that nothing special is known."""
        return 0

    def xClose(self) -> None:
        """Do nothing: it stays in memory."""
