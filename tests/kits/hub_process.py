"""`minshan hub` as a process with its file: started, ended, killed, asked."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.kits.command import minshan
from tests.kits.sink_kit import query


class Hub:
    """One hub with its file; started again, it is the same one."""

    def __init__(self, folder: Path, broker: str, database: str, name: str = "", http: int = 0) -> None:
        self.url, self.http = database, http
        self.config = folder / f"hub{name}.toml"
        self._out = folder / "hub.out"
        words: tuple[str, ...] = ("--broker", broker, "--database", database, "--pictures", f"{folder}/pictures")
        words += ("--http", f"127.0.0.1:{http}") if http else ()
        made = minshan("hub", "init", *words, "--out", str(self.config))
        assert made.code == 0, made.err
        if name:
            self.config.write_text(self.config.read_text().replace('name = ""', f'name = "{name}"'))
        self._process: subprocess.Popen[bytes] | None = None

    def add_people(self, password: str, **names: str) -> None:
        """Give an account to each, by the role, and all the same password."""
        file = self.config.with_name("password")
        file.write_text(password + "\n")
        for role, name in names.items():
            words = ("user", "add", name, "--role", role, "--password-file", str(file))
            added = minshan("hub", *words, "--config", str(self.config))
            assert added.code == 0, added.err

    def start(self) -> Hub:
        """Start it."""
        command = [sys.executable, "-m", "provisioning.main", "hub", "run", "--config", str(self.config)]
        with self._out.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out)
        return self

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal. Return its exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(60)

    def awaited(self) -> int:
        """Wait for its own end. Return its exit code."""
        assert self._process is not None
        return self._process.wait(60)

    @property
    def pid(self) -> int | None:
        """Its process; None where it was not started."""
        return None if self._process is None else self._process.pid

    def kill(self) -> None:
        """End it at once, whatever it has in hand; nothing happens where it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(15)

    @property
    def said(self) -> str:
        """What it has printed."""
        return self._out.read_text()

    def seqs(self) -> list[int]:
        """Return the numbers of the minutes in the database."""
        return [seq for (seq,) in query(self.url, "SELECT seq FROM minute WHERE epoch = 'e1' ORDER BY seq")]

    def asked(self, *words: str, within: float = 60) -> tuple[int, str]:
        """Run another command on its file, which may take so many seconds."""
        said = minshan("hub", words[0], "--config", str(self.config), *words[1:], timeout=within)
        return said.code, said.out + said.err
