"""A real pgbouncer in front of a PostgreSQL, which gives a server's connection for one transaction at a time."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.kits.broker import PATH, free_port, until
from tests.kits.postgres import USER, Cluster
from tests.kits.real_parts import missing


@contextmanager
def pooled(cluster: Cluster, database: str, connections: int = 2) -> Iterator[str]:
    """Give the address of a database behind a pooler that has so many connections to the server."""
    program = shutil.which("pgbouncer", path=PATH)
    if program is None:
        missing("pgbouncer")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="minshan-pooler-") as name:
        file = Path(name, "pgbouncer.ini")
        file.write_text(
            f"[databases]\n{database} = host=127.0.0.1 port={cluster.port} user=minshan\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            f"pool_mode = transaction\ndefault_pool_size = {connections}\n"
        )
        words = [program, str(file)]
        if os.geteuid() == 0:  # it refuses to run as root
            os.chown(name, pwd.getpwnam(USER).pw_uid, -1)
            words += ["-u", USER]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"postgresql://minshan@127.0.0.1:{port}/{database}"
        try:
            until(lambda: _answers(url))
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True
