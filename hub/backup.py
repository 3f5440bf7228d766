"""Back up a hub's database into one file, and restore it; photos are files, and not included.

A backup is checked before it is renamed to its final name, so a file of that name can be opened. A restored database
gets a new generation in the same step: it tells stations that receipts may be void, and they resend what is missing.
The former SQLite file stays beside the new one. PostgreSQL is dumped and restored by its own programs, in one
transaction.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from drivers.reason import Reason
from edge.files import give_to_owner_of_folder, sync_folder
from hub import dump
from hub.database import schema
from hub.database.engine import SQLITE, Engine, file_of, opened
from hub.database.errors import DatabaseRefusedError, unusable
from hub.database.sqlite import NO_ROOM, orphaned_log
from hub.dump import EMPTY, HUB_RUNS, NO_BACKUP
from hub.sink import SinkError

BEFORE = ".before-restore"  # suffix of the former file
LOGS = ("-wal", "-shm", "-journal")  # SQLite's own files beside one of its databases
DAMAGED = Reason("it_is_damaged", "it is damaged, or a part of it is missing")
NOT_OURS = (schema.OTHERS.code, "no_sqlite")  # of a whole file: no more detail is of use in a restore


def backup(engine: Engine, url: str, password: str | None, out: Path) -> None:
    """Write a backup of a database to a file, atomically. Raise SinkError, OSError."""
    beside = out.with_name(f".{out.name}.part")
    _remove(beside)
    try:
        with _room_for(out):
            if engine.postgres:
                dump.write(url, password, beside)
            else:
                engine.query("VACUUM INTO %s", (str(beside),))
                _check_sqlite(beside)
            _publish(beside, out)
    finally:
        _remove(beside)


@contextmanager
def _room_for(file: Path) -> Iterator[None]:
    """Report a full disk with the name of the target file, not of a temporary one or the source."""
    try:
        yield
    except SinkError as error:
        if error.reason.code != NO_ROOM.code:
            raise
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
    else:
        return
    raise SinkError(NO_ROOM.having(file=str(file)))


def restore(url: str, password: str | None, file: Path) -> Path | None:
    """Replace a database, which nobody may have open, with a backup. Raise SinkError, OSError.

    Return the path to which the log of a lost database was moved; None where there was none.
    """
    with file.open("rb"):
        pass  # a missing or unreadable file raises with its own name
    if url.startswith(SQLITE):
        return _restore_sqlite(Path(file_of(url)), file)
    dump.restore(url, password, file)
    return None


def _restore_sqlite(database: Path, file: Path) -> Path | None:
    _refuse_others(database)
    beside = database.with_name(f".{database.name}.part")
    _remove(beside)
    try:
        with _room_for(database):
            _copy(file, beside)
            _check_sqlite(beside, file)
            with closing(opened(f"{SQLITE}{beside}")) as engine:
                schema.renew_generation(engine)
                engine.query("PRAGMA journal_mode=DELETE")  # no data is left in a log then
            log = _keep_orphaned_log(database)
            if database.exists():
                _close_sqlite(database)
                _set_aside(database)
            for ending in LOGS:  # leftovers of others, which SQLite must not replay into this one
                _with(database, ending).unlink(missing_ok=True)
            give_to_owner_of_folder(beside)
            _publish(beside, database)
            return log
    finally:
        _remove(beside)


def _keep_orphaned_log(database: Path) -> Path | None:
    """Rename the log of a lost database: under its own name SQLite would delete it."""
    log = orphaned_log(database)
    return None if log is None else log.replace(log.with_name(log.name + BEFORE))


def _refuse_others(database: Path) -> None:
    """Raise DatabaseRefusedError where the file is another program's database; a damaged one may be replaced."""
    with closing(opened(f"{SQLITE}{database}", make=False)) as engine:
        try:
            schema.version(engine)
        except SinkError as error:
            if error.reason.code == schema.OTHERS.code:
                raise


def _copy(file: Path, beside: Path) -> None:
    """Copy an SQLite file, with its log if that was copied too: the newest data may be only there."""
    for ending in ("", "-wal"):
        if _with(file, ending).exists():
            shutil.copyfile(_with(file, ending), _with(beside, ending))


def _set_aside(database: Path) -> None:
    """Give the former file its second name, as a hard link, and move its log if it is damaged.

    The original name stays until it is replaced: a restore killed in between leaves the former database where the hub
    expects it, which would otherwise create a new one.
    """
    former = _with(database, BEFORE)
    spare = former.with_name(f".{former.name}")
    spare.unlink(missing_ok=True)
    try:
        spare.hardlink_to(database)
    except OSError:  # a file system without links
        database.replace(former)
    else:
        spare.replace(former)
        spare.unlink(missing_ok=True)  # rename does nothing where `former` is the same file already
    for ending in LOGS:
        _with(former, ending).unlink(missing_ok=True)
        if _with(database, ending).exists():
            _with(database, ending).replace(_with(former, ending))


def _remove(beside: Path) -> None:
    """Delete the incomplete file and its logs, also a killed run's: they would be replayed into the next file."""
    for ending in ("", *LOGS):
        _with(beside, ending).unlink(missing_ok=True)


def _with(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


def _close_sqlite(database: Path) -> None:
    """Checkpoint the log into the former file, which nobody may have open. Raise SinkError."""
    try:
        connection = apsw.Connection(str(database), apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(500)
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
        finally:
            connection.close()
    except (apsw.BusyError, apsw.LockedError):
        raise SinkError(HUB_RUNS.having(database=str(database))) from None
    except (apsw.NotADBError, apsw.CorruptError):
        return  # it is damaged, which is why somebody restores
    except apsw.Error as error:
        raise SinkError(unusable(str(database), str(error))) from None


def _check_sqlite(file: Path, named: Path | None = None) -> None:
    """Check that a file is an intact hub's database, and not of a newer version. Raise SinkError."""
    name = str(named or file)
    with closing(opened(f"{SQLITE}{file.absolute()}", make=False)) as engine:
        try:
            is_hubs = schema.version(engine) > 0
            is_whole = engine.query("PRAGMA integrity_check(1)") == [("ok",)]
        except DatabaseRefusedError as error:
            if error.reason.code not in NOT_OURS:  # a newer hub's
                raise DatabaseRefusedError(error.reason.having(database=name)) from None
            is_hubs, is_whole = False, True
        except SinkError as error:
            if error.reason.code == NO_ROOM.code:
                raise
            is_hubs, is_whole = True, False
    if not (is_hubs and is_whole):
        raise DatabaseRefusedError(NO_BACKUP.having(file=name, why=DAMAGED if is_hubs else EMPTY))


def _publish(beside: Path, out: Path) -> None:
    """Sync a complete file and rename it to its final name."""
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(out)
    sync_folder(out.parent)
