"""A backup of a hub's database in one file, and putting it back; photos are files, and no part of it.

A backup is checked before it gets its name, so that what has it can be opened. What is put back gets another generation
in the same step: stations see by it that receipts may be forgotten, and send again what is lacking. The former file of
SQLite stays beside the new one. PostgreSQL is dumped and restored by its own programs, in one transaction.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import apsw

from drivers.reason import Reason
from edge.files import sync_folder
from hub.database import schema
from hub.database.engine import SQLITE, DatabaseRefusedError, Engine, file_of, opened, unusable
from hub.sink import SinkError

BEFORE = ".before-restore"  # what the former file is called
HUB_RUNS = Reason(
    "hub_runs", "{database} is in use: stop the hub (and whoever else has it open), then restore", database=""
)
NO_BACKUP = Reason("no_backup", "{file} is no backup of a hub: {why}", file="", why="")
NO_PROGRAM = Reason("no_program", "{name} is not installed: apt-get install postgresql-client", name="")
EMPTY = Reason("it_is_empty", "it has no tables of a hub")


def backup(engine: Engine, url: str, password: str | None, out: Path) -> None:
    """Write a backup of a database to a file, whole or not at all. Raise SinkError, OSError."""
    beside = out.with_name(f".{out.name}.part")
    beside.unlink(missing_ok=True)
    try:
        if engine.postgres:
            with beside.open("wb") as file:
                _ran(["pg_dump", "-Fc", "--no-owner", "--no-privileges", "-d", url], password, stdout=file)
            _ran(["pg_restore", "--list", str(beside)], None, stdout=subprocess.DEVNULL)
        else:
            engine.query("VACUUM INTO %s", (str(beside),))
            _check_sqlite(beside)
        _named(beside, out)
    finally:
        beside.unlink(missing_ok=True)


def restore(url: str, password: str | None, file: Path) -> None:
    """Put a backup in the place of a database, which nobody has open. Raise SinkError, OSError."""
    with file.open("rb"):
        pass  # a file that is not there, or may not be read, is said by its own name
    if url.startswith(SQLITE):
        _restore_sqlite(Path(file_of(url)), file)
    else:
        _restore_postgres(url, password, file)


def _restore_sqlite(database: Path, file: Path) -> None:
    beside = database.with_name(f".{database.name}.part")
    try:
        shutil.copyfile(file, beside)
        _check_sqlite(beside, file)
        engine = opened(f"{SQLITE}{beside}")
        try:
            schema.renew_generation(engine)
            engine.query("PRAGMA journal_mode=DELETE")  # all of it is in the one file then
        finally:
            engine.close()
        if database.exists():
            _close_sqlite(database)
            database.replace(database.with_name(database.name + BEFORE))
        for ending in ("-wal", "-shm"):  # of a file that was deleted by hand: they must not be played into this one
            database.with_name(database.name + ending).unlink(missing_ok=True)
        _named(beside, database)
    finally:
        for ending in ("", "-wal", "-shm", "-journal"):
            beside.with_name(beside.name + ending).unlink(missing_ok=True)


def _close_sqlite(database: Path) -> None:
    """Fold the log into the former file, which nobody may have open. Raise SinkError."""
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
    """See that a file is a whole database of a hub, and none of a newer one. Raise SinkError."""
    engine = opened(f"{SQLITE}{file.absolute()}", make=False)
    name = str(named or file)
    try:
        if not schema.version(engine):
            raise DatabaseRefusedError(NO_BACKUP.having(file=name, why=EMPTY))
        ((found, *_),) = engine.query("PRAGMA integrity_check(1)")
        if found != "ok":
            raise DatabaseRefusedError(NO_BACKUP.having(file=name, why=str(found)))
    finally:
        engine.close()


def _restore_postgres(url: str, password: str | None, file: Path) -> None:
    engine = opened(url, password)
    try:
        schema.version(engine)  # another program's database is refused
        ((schema_name, others),) = engine.query(
            "SELECT current_schema(), (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'minshan-hub' AND pid <> pg_backend_pid())"
        )
        if others:
            raise SinkError(HUB_RUNS.having(database=engine.shown))
        views = {name for (name,) in engine.query("SELECT viewname FROM pg_views WHERE schemaname = current_schema()")}
        kinds = {name: "VIEW" if name in views else "TABLE" for name in sorted(engine.tables())}
    finally:
        engine.close()
    own = f'"{schema_name}"'
    before = [f'DROP {kind} IF EXISTS {own}."{name}" CASCADE;' for name, kind in kinds.items()]
    table = f"{own}.{schema.PROGRAM}"
    after = [
        f"DO $$ BEGIN IF (SELECT version FROM {table}) > {len(schema.MIGRATIONS)} THEN "
        "RAISE EXCEPTION 'it was written by a newer hub'; END IF; END $$;",
        f"UPDATE {table} SET generation = {schema.new_generation()};",
    ]
    _played(url, password, file, before, after)


def _played(url: str, password: str | None, file: Path, before: Iterable[str], after: Iterable[str]) -> None:
    """Restore a dump between other statements, all of it or nothing. Raise SinkError."""
    script = file.with_name(f".{file.name}.sql")
    try:
        with script.open("wb") as out:
            out.write("\n".join([*before, ""]).encode())
            out.flush()
            try:
                _ran(["pg_restore", "--no-owner", "--no-privileges", "-f", "-", str(file)], None, stdout=out)
            except SinkError as error:
                raise DatabaseRefusedError(NO_BACKUP.having(file=str(file), why=error.reason)) from None
            out.seek(0, os.SEEK_END)
            out.write("\n".join(["", *after, ""]).encode())
        words = ["psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", str(script)]
        _ran(words, password, stdout=subprocess.DEVNULL)
    finally:
        script.unlink(missing_ok=True)


def _ran(words: list[str], password: str | None, stdout: IO[bytes] | int) -> None:
    """Run one of PostgreSQL's programs. Raise SinkError with its own words."""
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # where Debian keeps them
    program = shutil.which(words[0], path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, beside)]))
    if program is None:
        raise SinkError(NO_PROGRAM.having(name=words[0]))
    environment = os.environ | ({} if password is None else {"PGPASSWORD": password})
    ran = subprocess.run([program, *words[1:]], stdout=stdout, stderr=subprocess.PIPE, env=environment, check=False)
    if ran.returncode:
        lines = (ran.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {ran.returncode}"])[0]
        raise SinkError(Reason("said", "{text}", text=lines))


def _named(beside: Path, out: Path) -> None:
    """Give a file that is whole its name."""
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(out)
    sync_folder(out.parent)
