"""What a session of tests leaves behind: processes that it started, and files beside pytest's own folders."""

from __future__ import annotations

import os
import time
from pathlib import Path

MARK = "MINSHAN_TEST_SESSION"  # in the environment of all that a session starts
ELSEWHERE = ("/tmp", "/dev/shm")  # where a test may need a folder beside pytest's own: another user's, one in memory
LET_GO_S = 10.0  # s in which what was told to end may still end


def prefix() -> str:
    """Return what the name of a folder beside pytest's own begins with: it says whose it is."""
    return f"minshan-{os.environ.get(MARK, 'no-session')}-"


def processes() -> dict[int, str]:
    """Return the processes that this session started, whoever is their parent by now, with their command lines."""
    mark = f"{MARK}={os.environ[MARK]}".encode()
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                ours = mark in (folder / "environ").read_bytes().split(b"\0")
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:  # it has ended, or is another user's
                continue
            if ours and words and "multiprocessing.resource_tracker" not in words:
                found[int(folder.name)] = words.strip()
    return found


def after_a_while() -> list[str]:
    """Return the command lines of those that do not end by themselves."""
    until = time.monotonic() + LET_GO_S
    while (found := processes()) and time.monotonic() < until:
        time.sleep(0.1)
    return [f"process {pid}: {words}" for pid, words in found.items()]


def files(folder: Path) -> list[str]:
    """Return what lies in the session's temporary folder, and what is this session's elsewhere: all that tests want to
    keep is in pytest's."""
    others = (path for place in ELSEWHERE for path in Path(place).glob(f"{prefix()}*"))
    return [f"file {path}" for path in (*sorted(folder.iterdir()), *sorted(others))]
