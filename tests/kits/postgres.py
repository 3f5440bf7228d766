"""A real PostgreSQL for tests: a cluster of its own in a temporary folder; started, killed, frozen, filled.

It refuses to run as root, and pytest's folders are root's alone then: the cluster lies in a folder of its own, which
belongs to the unprivileged user that it runs as.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.kits import leftovers
from tests.kits.broker import free_port

READY = 300.0  # s: after a kill it goes through its log first
USER = "nobody"  # whom it runs as where the tests are root's
QUICK = (
    "dynamic_shared_memory_type = mmap",  # in its own folder: one that is killed leaves nothing elsewhere
    "shared_buffers=16MB",
    "max_connections=30",
    "jit=off",
)


def program(name: str) -> str:
    """Return the path of one of PostgreSQL's programs; Debian keeps them beside the PATH. Fails where it is not."""
    beside = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, beside)]))
    if found is None:
        pytest.fail(f"PostgreSQL is not installed ({name} is not found): apt-get install postgresql")
    return found


class Cluster:
    """One PostgreSQL; its port stays the same over restarts. `settings`: as "work_mem=1MB"."""

    def __init__(self, *settings: str, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix=leftovers.prefix(), dir="/tmp"))
        self.port = free_port()
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._data = self.folder / "data"
        self._log = self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        words = [program("initdb"), "-D", self._data, "-U", "minshan", "-A", "trust", "-E", "UTF8", "--no-locale"]
        words += ["--wal-segsize", "1"]
        ran = subprocess.run(
            [*map(str, words), "--no-sync"], cwd=self.folder, capture_output=True, check=False, **self._who
        )
        assert ran.returncode == 0, ran.stderr.decode()
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in (*QUICK, *settings))

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://minshan@127.0.0.1:{self.port}/{database}"

    def start(self, largest_file: int | None = None) -> Cluster:
        """Start it and wait until it answers; no file of its may grow beyond `largest_file` bytes."""
        words = [program("postgres"), "-D", self._data, "-p", self.port, "-c", "listen_addresses=127.0.0.1"]
        words += ["-c", f"unix_socket_directories={self.folder}"]
        if largest_file is not None:
            words = ["prlimit", f"--fsize={largest_file}:", *words]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*map(str, words)], stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._who
            )
        deadline = time.monotonic() + READY
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return self
            except psycopg.OperationalError:
                assert self._process.poll() is None and time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.05)

    def database(self) -> str:
        """Make a database of its own. Return its address."""
        name = f"t{secrets.token_hex(6)}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def emptied(self) -> str:
        """Take everything out of one database, which costs less than a new one. Return its address."""
        if not self.run("SELECT 1 FROM pg_database WHERE datname = 'shared'"):
            self.run("CREATE DATABASE shared")
        self.run("DROP SCHEMA IF EXISTS public CASCADE", "shared")
        self.run("CREATE SCHEMA public", "shared")
        return self.url("shared")

    def run(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement outside any transaction. Return its rows."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def pids(self) -> list[int]:
        """Return its processes; none where it does not run."""
        return [] if self._process is None else [self._process.pid, *self._children()]

    def stop(self) -> None:
        """End it in order; nothing happens where it does not run."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End all its processes at once, whatever they have in hand."""
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hold its connections and answer nothing."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGSTOP)
        for child in self._children():
            os.kill(child, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        for pid in (*self._children(), self._process.pid):
            os.kill(pid, signal.SIGCONT)

    def remove(self) -> None:
        """End it and take its folder away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        if self._process is None:
            return
        if number == signal.SIGKILL:
            self._process.send_signal(signal.SIGSTOP)  # or it makes one more child, which would hold what it shared
            for pid in self._children():  # each has a session of its own
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        self._process.send_signal(number)
        self._process.wait(READY)
        self._process = None

    def _children(self) -> list[int]:
        assert self._process is not None
        pid = self._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def running_cluster(*settings: str, folder: Path | None = None) -> Iterator[Cluster]:
    """Give a cluster that is taken away at the end."""
    cluster = Cluster(*settings, folder=folder)
    try:
        yield cluster.start()
    finally:
        cluster.remove()
