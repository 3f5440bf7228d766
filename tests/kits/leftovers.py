"""What a session of tests leaves behind: processes that it started, and files beside pytest's own folders.

A session that is killed cannot tidy up: a process beside it (this module, run) waits for its end and does.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "MINSHAN_TEST_SESSION"  # in the environment of all that a session starts
ELSEWHERE = ("/tmp", "/dev/shm")  # where a test may need a folder beside pytest's own: another user's, one in memory
LET_GO_S = 10.0  # s in which what was told to end may still end
ROOT = Path(__file__).parents[2]


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


@contextmanager
def tidied_if_killed(mark: str) -> Iterator[None]:
    """Let what the session of that mark started end with this process, also where it is killed."""
    # It is no part of the session, nor of its terminal: neither a Ctrl-C nor the search for what is left finds it.
    words = [sys.executable, "-m", "tests.kits.leftovers", mark]
    with subprocess.Popen(words, cwd=ROOT, start_new_session=True) as beside:
        try:
            yield
        finally:
            beside.kill()


def wait_and_tidy(mark: str) -> None:
    """Wait until the process that started this one has ended, then end what it started and take its folders away."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)
    os.environ[MARK] = mark
    while found := processes():
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
    for folder in folders():
        shutil.rmtree(folder, ignore_errors=True)


def folders() -> list[Path]:
    """Return what is this session's beside pytest's own folders."""
    return sorted(path for place in ELSEWHERE for path in Path(place).glob(f"{prefix()}*"))


def files(folder: Path) -> list[str]:
    """Return what lies in the session's temporary folder, and what is this session's elsewhere: all that tests want to
    keep is in pytest's."""
    return [f"file {path}" for path in (*sorted(folder.iterdir()), *folders())]


if __name__ == "__main__":
    wait_and_tidy(sys.argv[1])
