"""The daemon's wait for the result of a request."""

from __future__ import annotations

from types import TracebackType

from drivers.clock import Clock
from edge.pictures.folder_watch import FolderWatch
from edge.pictures.reasons import AWAY, not_within
from edge.pictures.spool import CaptureResult, Spool


class Waiting:
    """The daemon's wait for one answer, in real time. It always ends with an answer, if need be one of its own.

    It waits for a camera process that is not running: once restarted, that finds the requests it has not begun.
    """

    def __init__(self, spool: Spool, world: Clock, request_id: str, patience: float, absence: float) -> None:
        self._spool, self._world, self._request_id = spool, world, request_id
        self._patience, self._absence = patience, absence
        self._began = self._seen = world.now()
        self._watch = FolderWatch(spool.folder)

    def __enter__(self) -> Waiting:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.close()

    def slice(self, seconds: float) -> CaptureResult | None:
        """Return the answer; None if there is none after so many seconds."""
        until = self._world.now() + seconds
        while (answer := self._spool.answer(self._request_id)) is None:
            now = self._world.now()
            attended = self._spool.attended()
            if attended:
                self._seen = now
            if now >= self._began + self._patience:  # the same sum as in the wait below
                return CaptureResult(self._request_id, False, not_within(self._patience))
            if now >= self._seen + self._absence:
                return CaptureResult(self._request_id, False, AWAY)
            if now >= until:
                return None
            ends = self._began + self._patience
            self._watch.wait(self._world, min(until, ends if attended else min(ends, self._seen + self._absence)))
        return answer
