"""PostgreSQL's part of a backup: its own programs write a dump and restore it, in one transaction."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

from drivers.reason import Reason
from edge.clock.clock import SystemClock
from hub.database import schema
from hub.database.engine import Engine, opened
from hub.database.errors import DatabaseRefusedError
from hub.database.sqlite import NO_ROOM
from hub.sink import SinkError

HUB_RUNS = Reason(
    "hub_runs", "{database} is in use: stop the hub (and any other program that has it open), then restore", database=""
)
NO_BACKUP = Reason("no_backup", "{file} is not a backup of a hub: {why}", file="", why="")
NO_PROGRAM = Reason("no_program", "{name} is not installed: apt-get install postgresql-client", name="")
EMPTY = Reason("it_is_empty", "it has no tables of a hub")

OTHERS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'minshan-hub' "
    "AND pid <> pg_backend_pid()"
)
ENDING_S = 3.0  # s for which a closed connection may still be listed
PAUSE_S = 0.1  # s
FULL = "could not write to output file: No space left on device"  # pg_dump's message


def write(url: str, password: str | None, out: Path) -> None:
    """Write a dump to a file, and check that it can be listed. Raise SinkError, OSError."""
    with out.open("wb") as file:
        try:
            _run(["pg_dump", "-Fc", "--no-owner", "--no-privileges", "-d", url], password, stdout=file)
        except SinkError as error:
            raise SinkError(NO_ROOM.having(file=str(out))) if FULL in str(error) else error from None
    _run(["pg_restore", "--list", str(out)], None, stdout=subprocess.DEVNULL)


def restore(url: str, password: str | None, file: Path) -> None:
    """Replace a database, which no hub may have open, with a dump. Raise SinkError."""
    _check_dump(file)
    engine = opened(url, password)
    try:
        schema.version(engine)  # another program's database is refused
        if not is_unused(engine):
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
    _play(url, password, file, before, after)


def is_unused(engine: Engine) -> bool:
    """Return whether no hub has the database open, waiting ENDING_S for closing connections. Raise SinkError."""
    clock = SystemClock()
    ends = clock.now() + ENDING_S
    while engine.query(OTHERS):
        if clock.now() >= ends:
            return False
        clock.sleep_until(clock.now() + PAUSE_S)
    return True


def _check_dump(file: Path) -> None:
    """Check that a file is a dump of a hub's database, and not of a newer version. Raise SinkError."""
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


def _play(url: str, password: str | None, file: Path, before: Iterable[str], after: Iterable[str]) -> None:
    """Restore a dump between other statements, all of it or nothing. Raise SinkError.

    The SQL is piped from pg_restore to psql: as a file it would take several times the room of the dump. COMMIT is the
    very last statement, so if either program or this process ends earlier, everything is rolled back.
    """
    words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", "-"]
    with tempfile.TemporaryFile() as said:
        psql = subprocess.Popen(
            _command(words), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said, env=_environment(password)
        )
        assert psql.stdin is not None
        try:
            with suppress(BrokenPipeError):  # psql has ended; its error is read below
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
            raise _failure(said.read(), code)


def _read_into(pipe: IO[bytes], file: Path, *which: str) -> None:
    """Write a dump, or the part that the options `which` select, as SQL.

    Raise SinkError where the file is no dump, BrokenPipeError where the reader has ended.
    """
    words = ["pg_restore", "--no-owner", "--no-privileges", *which, "-f", "-", str(file)]
    ran = subprocess.run(_command(words), stdout=pipe, stderr=subprocess.PIPE, env=_environment(None), check=False)
    if ran.returncode == -signal.SIGPIPE:
        raise BrokenPipeError
    if ran.returncode:
        raise DatabaseRefusedError(NO_BACKUP.having(file=str(file), why=_failure(ran.stderr, ran.returncode).reason))


def _run(words: list[str], password: str | None, stdout: IO[bytes] | int) -> None:
    """Run one of PostgreSQL's programs. Raise SinkError with its error message."""
    ran = subprocess.run(
        _command(words), stdout=stdout, stderr=subprocess.PIPE, env=_environment(password), check=False
    )
    if ran.returncode:
        raise _failure(ran.stderr, ran.returncode)


def _command(words: list[str]) -> list[str]:
    """Return the command with the program's full path. Raise SinkError where it is not installed."""
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # where Debian keeps them
    program = shutil.which(words[0], path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, beside)]))
    if program is None:
        raise SinkError(NO_PROGRAM.having(name=words[0]))
    return [program, *words[1:]]


def _environment(password: str | None) -> dict[str, str]:
    """Return the environment of the programs: in English, so that their messages can be matched."""
    found = {name: value for name, value in os.environ.items() if name != "LANGUAGE"} | {"LC_ALL": "C.UTF-8"}
    return found | ({} if password is None else {"PGPASSWORD": password})


def _failure(words: bytes, code: int) -> SinkError:
    """Return an error with the program's own message."""
    lines = words.decode(errors="replace").strip().splitlines() or [f"exit code {code}"]
    line = next((line for line in lines if "error:" in line.lower()), lines[0])  # before it stand notices
    return SinkError(Reason("said", "{text}", text=line))
