"""The daemon's captures: a few lanes, each of which has the camera process take one picture at a time.

The camera process runs outside simulated time, and waiting for it is real I/O (`Clock.outside`). On a station a stop
ends that wait at once. In a simulation the lane waits in short slices of real time and yields between them, and the
picture takes no simulated time at all, at every speed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from drivers.cameras.camera import NoPictureError
from drivers.clock import Clock, Inbox, Lane, Stopped
from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.pictures.reasons import ENDED, not_kept
from edge.pictures.spool import CaptureRequest, CaptureResult, CaptureTarget, Spool
from edge.pictures.waiting import Waiting
from edge.store.picture_files import PictureRefusedError, Shelf, Shelved

log = logging.getLogger("minshan.pictures")
AT_ONCE = 4  # lanes; as many as the camera process has children, one of them for commands alone
SLICE = 0.25  # real s in a simulation
FOREVER = float("inf")


class CaptureListener(Protocol):
    """Called with the outcome of a requested picture: whether it was taken, the reason, the data."""

    def __call__(self, done: bool, why: Reason, data: dict[str, Any], /) -> object: ...


class PictureOrder(msgspec.Struct, frozen=True):
    """A requested picture: the camera, the command's id and issuer, and the callback for the outcome."""

    camera: str
    command: str
    issued_by: str
    done: CaptureListener


class CaptureJob(msgspec.Struct, frozen=True):
    """A picture to take, for an order or (None) by schedule."""

    camera: CaptureTarget
    order: PictureOrder | None


class Captured(msgspec.Struct, frozen=True):
    """The outcome of a job: its request, and the picture with its `pixels`, or why there is none.

    `logged_in`: the camera required the login for it.
    """

    job: CaptureJob
    request: CaptureRequest
    found: Shelved | Reason
    pixels: str = ""
    logged_in: bool = False


class Captures:
    """The lanes and their queue of jobs; each outcome is put into the inbox `ended`."""

    def __init__(
        self,
        clock: Clock,
        spool: Spool,
        shelf: Shelf,
        make_request: Callable[[CaptureTarget], CaptureRequest],
        ended: Inbox,
        patience: float,
        absence: float,
    ) -> None:
        self._clock, self._spool, self._shelf = clock, spool, shelf
        self._make_request, self._ended = make_request, ended
        self._patience, self._absence = patience, absence
        self._jobs = clock.inbox(AT_ONCE)
        # A stop interrupts waits on the station's own clock; in a simulation real time is needed, in slices.
        self._world, self._slice = (clock, FOREVER) if isinstance(clock, SystemClock) else (SystemClock(), SLICE)

    def lanes(self) -> list[Lane]:
        """Start the lanes. Return them; they end when they are stopped."""
        return [self._clock.lane(f"capture {number}", self._run) for number in range(1, AT_ONCE + 1)]

    def begin(self, job: CaptureJob) -> None:
        """Queue a job; a lane is free for it if fewer than `AT_ONCE` are running."""
        self._jobs.put(job)

    def _run(self) -> None:
        while True:
            job = self._jobs.get(FOREVER)
            if job is not None:
                self._ended.put(self._captured(job))

    def _captured(self, job: CaptureJob) -> Captured:
        """Return the outcome of a job. One with an order is retried once if its process crashed."""
        captured = self._once(job)
        crashed = isinstance(captured.found, Reason) and captured.found.code == ENDED.code
        return self._once(job) if crashed and job.order is not None else captured

    def _once(self, job: CaptureJob) -> Captured:
        request = self._make_request(job.camera)
        try:
            answer = self._ask(request)
            if not answer.ok:
                return Captured(job, request, answer.reason or NoPictureError.kind)
            shelved = self._clock.outside(lambda: self._shelf.take(answer, self._spool, job.camera.name))
            return Captured(job, request, shelved, answer.pixels, answer.logged_in)
        except PictureRefusedError as error:
            return Captured(job, request, NoPictureError(error.detail).reason)
        except OSError as error:
            return Captured(job, request, not_kept(error))
        except Stopped:
            raise
        except Exception:  # the caller must get an outcome, and the next picture must be taken
            log.exception("a picture of %s caused an unexpected error", job.camera.name)
            return Captured(job, request, NoPictureError.kind)
        finally:
            self._clock.outside(lambda: self._spool.drop(request.id))

    def _ask(self, request: CaptureRequest) -> CaptureResult:
        """Write the request to the spool and wait for its answer."""
        with Waiting(self._spool, self._world, request.id, self._patience, self._absence) as wait:
            stamped = msgspec.structs.replace(request, laid=self._world.now())
            self._clock.outside(lambda: self._spool.put(stamped))
            while (answer := self._clock.outside(lambda: wait.slice(self._slice))) is None:
                self._clock.sleep_until(self._clock.now())  # yield; raises Stopped here
            return answer
