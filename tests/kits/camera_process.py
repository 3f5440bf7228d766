"""The camera process on a spool, for tests that lay requests down and kill it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge.clock.clock import SystemClock
from edge.pictures.spool import CaptureRequest, CaptureResult, CaptureTarget, Spool, new_id
from edge.records.record import ClockMark, Stamp

T = TypeVar("T")
NOON = 1_784_347_200_000_000


class Process:
    """A camera process on a spool, restarted by hand."""

    def __init__(self, spool: Path) -> None:
        self.spool = Spool(spool)
        self.start()

    def start(self) -> None:
        """Start it (again)."""
        command = [sys.executable, "-m", "edge.pictures.worker", "--spool", str(self.spool.folder)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)

    def end(self, number: int) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Return its exit code, once it has ended."""
        code = self.process.wait(20)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def ask(self, target: CaptureTarget, deadline: float = 25.0, previous: str = "") -> CaptureRequest:
        """Lay a request down."""
        request = CaptureRequest(
            new_id(),
            "min-1",
            target,
            Stamp("b", 1.0),
            NOON,
            ClockMark("ntp", 0.5),
            deadline,
            previous=previous,
            laid=SystemClock().now(),
        )
        self.spool.put(request)
        return request

    def answer(self, request: CaptureRequest, seconds: float = 40.0) -> CaptureResult:
        """Await the request's answer."""
        answer = until(lambda: self.spool.answer(request.id), seconds)
        assert answer is not None, "no answer"
        return answer

    def taken(self, request: CaptureRequest) -> bool:
        """Return whether the process has begun on the request."""
        return until((self.spool.folder / f"taken-{request.id}.json").exists, 20.0)


def until(call: Callable[[], T], seconds: float) -> T:
    """Return what the call gives, once it gives something."""
    ends = time.monotonic() + seconds
    while not (found := call()) and time.monotonic() < ends:
        time.sleep(0.02)
    return found
