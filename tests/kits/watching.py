"""`minshan watch` as a process with its files: started, killed, ended, read."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.kits.broker import until
from tests.kits.uplink_kit import Box


class Watch:
    """One receiver with its files; started again, it is the same one."""

    def __init__(self, folder: Path, url: str, *words: str) -> None:
        self.minutes, self.events, self.pictures = folder / "m.jsonl", folder / "e.jsonl", folder / "pictures"
        self._command = [
            sys.executable,
            "-m",
            "provisioning.main",
            "watch",
            "--broker",
            url,
            "--jsonl",
            str(self.minutes),
            "--events",
            str(self.events),
            "--pictures",
            str(self.pictures),
            *words,
        ]
        self._out = folder / "watch.out"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Watch:
        """Start it; it is there when its file is."""
        with self._out.open("ab") as out:
            self._process = subprocess.Popen(self._command, stdout=out, stderr=out)
        until(self.minutes.exists, 20)
        return self

    def kill(self) -> None:
        """End it in the middle of whatever it does; nothing happens where it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def end(self) -> str:
        """End it by Ctrl-C. Return what it printed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(15) == 0, self._out.read_text()
        return self._out.read_text()

    def lines(self, file: Path | None = None) -> list[dict[str, Any]]:
        """Return the objects of a file (the minutes' without one)."""
        text = (file or self.minutes).read_text() if (file or self.minutes).exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def seqs(self) -> list[int]:
        """Return the seqs in the minutes' file, in its order."""
        return [line["seq"] for line in self.lines()]


Parts = list[Box | Watch]
