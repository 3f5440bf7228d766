"""The camera process of a simulated station: a thread that answers the spool's requests at once, by seed.

It speaks through the real spool, as the real one does. Pictures are no pictures, but bytes of a size that takes a few
chunks; some have a fault, and some requests have no picture.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
from pathlib import Path

from drivers.cameras.camera import UnreachableError
from edge.clock.clock import SystemClock
from edge.pictures.folder_watch import FolderWatch
from edge.pictures.reasons import FAULTS
from edge.pictures.spool import CaptureRequest, CaptureResult, FilePart, Spool
from edge.sim.picture_checkers import PictureTruth

FULL, THUMBNAIL = (8_000, 120_000), (1_500, 9_000)  # bytes
MISSED, FAULTY = 0.08, 0.15  # shares
LOOK_S = 1.0  # real s between two looks at a spool from which no word came


class CameraThread:
    """`taken`: the SHA-256 of each picture that was given, and what is true of it."""

    def __init__(self, spool: Path, seed: int) -> None:
        self.taken: dict[str, PictureTruth] = {}
        self._spool, self._seed = Spool(spool), seed
        self._ended = threading.Event()
        self._lock = self._spool.attend()
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End it."""
        self._ended.set()
        (self._spool.folder / "wake").write_bytes(b"")
        self._thread.join()
        if self._lock is not None:
            os.close(self._lock)

    def _run(self) -> None:
        clock = SystemClock()
        with FolderWatch(self._spool.folder) as watch:
            while not self._ended.is_set():
                while (request := self._spool.take()) is not None:
                    self._answer(request)
                watch.wait(clock, clock.now() + LOOK_S)

    def _answer(self, request: CaptureRequest) -> None:
        rng = random.Random(f"{self._seed} {request.camera.name} {request.stamp.boot} {request.stamp.boottime}")
        if rng.random() < MISSED:
            self._spool.finish(CaptureResult(request.id, False, UnreachableError.kind))
            return
        full, thumbnail = (rng.randbytes(rng.randint(*size)) for size in (FULL, THUMBNAIL))
        faults = [rng.choice(sorted(FAULTS))] if rng.random() < FAULTY else []
        whole, small = (FilePart(hashlib.sha256(data).hexdigest(), len(data)) for data in (full, thumbnail))
        self.taken[whole.sha256] = PictureTruth(request.camera.name, tuple(faults))
        answer = CaptureResult(request.id, True, None, whole, small, width=640, height=480, faults=faults)
        self._spool.finish(answer, full, thumbnail)
