"""Running the real `minshan` command in a process of its own, and what it said."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

ENGLISH = {"LC_ALL": "C.UTF-8", "LANGUAGE": "", "COLUMNS": "100"}


@dataclass(frozen=True)
class Said:
    """What a command ended with and printed."""

    code: int
    out: str
    err: str


def minshan(*words: str, stdin: str | bytes = b"", env: dict[str, str] | None = None, timeout: float = 60) -> Said:
    """Run the command with those words; English and no terminal unless `env` says otherwise."""
    raw = stdin.encode() if isinstance(stdin, str) else stdin
    ran = subprocess.run(
        [sys.executable, "-m", "provisioning.main", *words],
        input=raw,
        capture_output=True,
        env={**os.environ, **ENGLISH, **(env or {})},
        timeout=timeout,
        check=False,
    )
    said = Said(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
    assert "Traceback" not in said.out + said.err, "a traceback reached a person"
    return said
