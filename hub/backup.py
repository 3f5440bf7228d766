"""Back up a hub's database into one file, and restore it; photos are files, and not included.

A backup is checked before it gets its name, so that what has it can be opened. What is put back gets another generation
in the same step: stations see by it that receipts may be forgotten, and send again what is lacking. The former file of
SQLite stays beside the new one. PostgreSQL is dumped and restored by its own programs, in one transaction.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import apsw

from drivers.reason import Reason
from edge.files import sync_folder
from hub.database import schema
from hub.database.engine import SQLITE, Engine, file_of, opened
from hub.database.errors import DatabaseRefusedError, unusable
from hub.database.in_use import is_left_alone
from hub.database.sqlite import NO_ROOM
from hub.sink import SinkError

BEFORE = ".before-restore"  # what the former file is called
LOGS = ("-wal", "-shm", "-journal")  # SQLite's own files beside one of its databases
HUB_RUNS = Reason(
    "hub_runs", "{database} is in use: stop the hub (and any other program that has it open), then restore", database=""
)
NO_BACKUP = Reason("no_backup", "{file} is not a backup of a hub: {why}", file="", why="")
NO_PROGRAM = Reason("no_program", "{name} is not installed: apt-get install postgresql-client", name="")
EMPTY = Reason("it_is_empty", "it has no tables of a hub")


def backup(engine: Engine, url: str, password: str | None, out: Path) -> None:
    """Write a backup of a database to a file, whole or not at all. Raise SinkError, OSError."""
    beside = out.with_name(f".{out.name}.part")
    _cleared(beside)
    try:
        if engine.postgres:
            with beside.open("wb") as file:
                _ran(["pg_dump", "-Fc", "--no-owner", "--no-privileges", "-d", url], password, stdout=file)
            _ran(["pg_restore", "--list", str(beside)], None, stdout=subprocess.DEVNULL)
        else:
            _vacuumed(engine, beside, out)
        _named(beside, out)
    finally:
        _cleared(beside)


def _vacuumed(engine: Engine, beside: Path, out: Path) -> None:
    """Write all of a file of SQLite into another one, and look through it. Raise SinkError."""
    try:
        engine.query("VACUUM INTO %s", (str(beside),))
    except SinkError as error:
        if error.reason.code == NO_ROOM.code:  # SQLite names neither file, and it is the new one that grows
            raise SinkError(NO_ROOM.having(file=str(out))) from None
        raise
    _check_sqlite(beside)


def restore(url: str, password: str | None, file: Path) -> None:
    """Put a backup in the place of a database, which nobody has open. Raise SinkError, OSError."""
    with file.open("rb"):
        pass  # a file that is not there, or may not be read, is said by its own name
    if url.startswith(SQLITE):
        _restore_sqlite(Path(file_of(url)), file)
    else:
        _restore_postgres(url, password, file)


def _restore_sqlite(database: Path, file: Path) -> None:
    _refuse_others(database)
    beside = database.with_name(f".{database.name}.part")
    _cleared(beside)
    try:
        _copied(file, beside)
        _check_sqlite(beside, file)
        engine = opened(f"{SQLITE}{beside}")
        try:
            schema.renew_generation(engine)
            engine.query("PRAGMA journal_mode=DELETE")  # all of it is in the one file then
        finally:
            engine.close()
        if database.exists():
            _close_sqlite(database)
            _set_aside(database)
        for ending in LOGS:  # of a file that was deleted by hand: they must not be played into this one
            _with(database, ending).unlink(missing_ok=True)
        _named(beside, database)
    finally:
        _cleared(beside)


def _refuse_others(database: Path) -> None:
    """Raise DatabaseRefusedError where another program's database stands there; a damaged one may be replaced."""
    with closing(opened(f"{SQLITE}{database}", make=False)) as engine:
        try:
            schema.version(engine)
        except SinkError as error:
            if error.reason.code == schema.OTHERS.code:
                raise


def _copied(file: Path, beside: Path) -> None:
    """Copy a file of SQLite, with its log where somebody copied that too: the newest may be there alone."""
    for ending in ("", "-wal"):
        if not ending or _with(file, ending).exists():
            try:
                shutil.copyfile(_with(file, ending), _with(beside, ending))
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    error.filename = str(beside)  # Python names the file that is read
                raise


def _set_aside(database: Path) -> None:
    """Give the former file another name, and its log where it is damaged; its own names another file only later.

    A restore that is killed before that leaves the former one where a hub looks for it, which would make a new one.
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
        spare.unlink(missing_ok=True)  # where `former` was the same file already, nothing was renamed
    for ending in LOGS:
        _with(former, ending).unlink(missing_ok=True)
        if _with(database, ending).exists():
            _with(database, ending).replace(_with(former, ending))


def _cleared(beside: Path) -> None:
    """Take away what is not whole, also a killed run's: its log would be played into what comes under that name."""
    for ending in ("", *LOGS):
        _with(beside, ending).unlink(missing_ok=True)


def _with(file: Path, ending: str) -> Path:
    return file.with_name(file.name + ending)


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
    except SinkError as error:
        renamed = {key: name for key, value in error.reason.params.items() if value == engine.shown}
        raise DatabaseRefusedError(error.reason.having(**renamed)) from None
    finally:
        engine.close()


def _restore_postgres(url: str, password: str | None, file: Path) -> None:
    _check_dump(file)
    engine = opened(url, password)
    try:
        schema.version(engine)  # another program's database is refused
        if not is_left_alone(engine):
            raise SinkError(HUB_RUNS.having(database=engine.shown))
        ((schema_name,),) = engine.query("SELECT current_schema()")
        views = {name for (name,) in engine.query("SELECT viewname FROM pg_views WHERE schemaname = current_schema()")}
        kinds = {name: "VIEW" if name in views else "TABLE" for name in sorted(engine.tables())}
    finally:
        engine.close()
    own = f'"{schema_name}"'
    before = [f'DROP {kind} IF EXISTS {own}."{name}" CASCADE;' for name, kind in kinds.items()]
    table = f"{own}.{schema.PROGRAM}"
    after = [f"UPDATE {table} SET generation = {schema.new_generation()};"]
    _played(url, password, file, before, after)


def _check_dump(file: Path) -> None:
    """See that a file is a dump of a hub's database, and none of a newer one. Raise SinkError."""
    with tempfile.TemporaryFile() as one_table:
        _read_into(one_table, file, "--data-only", f"--table={schema.PROGRAM}")
        one_table.seek(0)
        lines = iter(one_table.read().decode(errors="replace").splitlines())
    head = next((line for line in lines if line.startswith("COPY ")), "")
    names = head.partition("(")[2].partition(")")[0].split(", ")
    found = dict(zip(names, next(lines, "").split("\t"), strict=False)).get("version", "")
    if not found.isdecimal():
        raise DatabaseRefusedError(NO_BACKUP.having(file=str(file), why=EMPTY))
    schema.refuse_newer(str(file), int(found))


def _played(url: str, password: str | None, file: Path, before: Iterable[str], after: Iterable[str]) -> None:
    """Restore a dump between other statements, all of it or nothing. Raise SinkError.

    It goes from one program into the other: written out it would take several times its room. The transaction ends with
    the last statement of all, so that whatever ends before it, this process too, undoes everything.
    """
    words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", "-"]
    with tempfile.TemporaryFile() as said:
        psql = subprocess.Popen(
            _command(words), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=_environment(password)
        )
        assert psql.stdin is not None
        try:
            with suppress(BrokenPipeError):  # it has ended, and said why
                psql.stdin.write("\n".join(["BEGIN;", *before, ""]).encode())
                psql.stdin.flush()
                _read_into(psql.stdin, file)
                psql.stdin.write("\n".join(["", *after, "COMMIT;", ""]).encode())
                psql.stdin.flush()
            with suppress(BrokenPipeError):
                psql.stdin.close()
            code = psql.wait()
        finally:
            psql.kill()
            psql.wait()
        if code:
            said.seek(0)
            raise _said(said.read(), code)


def _read_into(pipe: IO[bytes], file: Path, *which: str) -> None:
    """Write a dump, or `which` part of it, as statements.

    Raise SinkError where it is none, BrokenPipeError where nobody takes them any more.
    """
    words = ["pg_restore", "--no-owner", "--no-privileges", *which, "-f", "-", str(file)]
    ran = subprocess.run(_command(words), stdout=pipe, stderr=subprocess.PIPE, check=False)
    if ran.returncode == -signal.SIGPIPE:
        raise BrokenPipeError
    if ran.returncode:
        raise DatabaseRefusedError(NO_BACKUP.having(file=str(file), why=_said(ran.stderr, ran.returncode).reason))


def _ran(words: list[str], password: str | None, stdout: IO[bytes] | int) -> None:
    """Run one of PostgreSQL's programs. Raise SinkError with its own words."""
    ran = subprocess.run(
        _command(words), stdout=stdout, stderr=subprocess.PIPE, env=_environment(password), check=False
    )
    if ran.returncode:
        raise _said(ran.stderr, ran.returncode)


def _command(words: list[str]) -> list[str]:
    """Return the words with the program's whole path. Raise SinkError where it is not installed."""
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # where Debian keeps them
    program = shutil.which(words[0], path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, beside)]))
    if program is None:
        raise SinkError(NO_PROGRAM.having(name=words[0]))
    return [program, *words[1:]]


def _environment(password: str | None) -> dict[str, str]:
    return os.environ | ({} if password is None else {"PGPASSWORD": password})


def _said(words: bytes, code: int) -> SinkError:
    """Return the failure of a program in its own words."""
    lines = words.decode(errors="replace").strip().splitlines() or [f"exit code {code}"]
    line = next((line for line in lines if "error:" in line.lower()), lines[0])  # before it stand notices
    return SinkError(Reason("said", "{text}", text=line))


def _named(beside: Path, out: Path) -> None:
    """Give a file that is whole its name."""
    with beside.open("rb") as file:
        os.fsync(file.fileno())
    beside.replace(out)
    sync_folder(out.parent)
