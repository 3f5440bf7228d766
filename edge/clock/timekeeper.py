"""Is the time known? A lane that looks for anchors and hands them to the recorder.

A Pi without a real-time clock boots with yesterday's time. The kernel knows whether somebody disciplines its
clock (chrony by NTP, GNSS or RTC; systemd-timesyncd): until it says so, the system's time is no time. A sandbox may
forbid to ask it; that is told apart from a clock that nobody disciplines, because another person has to mend it.
"""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from drivers.clock import Clock, Inbox
from drivers.reason import Reason, system_reason
from edge.clock.anchors import DISCIPLINED, UNDISCIPLINED, Anchor, Slewed
from edge.clock.clock import system_utc
from edge.clock.watch import ClockSet, ClockWatch

log = logging.getLogger("minshan.time")
LOOK_S = 1.0  # between two looks whether the system's clock was set
SEEK_S = 5.0  # between two looks while the time is unknown or doubted, or no source tells it: one may come and go
CLOSE = 0.25  # s; a source that tells the time so well while the boot's clock is slewed slowly says all that is needed
KEEP_S = 600.0  # between two looks once a source tells it: 50 ppm are 30 ms in that time
TIME_ERROR, STA_NANO = 5, 0x2000  # adjtimex(2): the clock is not synchronised; `offset` is in nanoseconds
# When a second begins, the kernel takes off `offset` what that second corrects: a quarter at most (SHIFT_PLL).
UNDER_WAY = 4 / 3
UNSYNCHRONISED = Reason("clock_not_synchronised", "the system's clock is not synchronised")
MAY_NOT_ASK = "may_not_ask_time"  # NotAllowedError's code


class NotAllowedError(Exception):
    """The system refuses to tell whether its clock is right; `number` is its error's."""

    def __init__(self, number: int) -> None:
        why = system_reason(OSError(number, os.strerror(number)))
        self.reason = Reason(
            "may_not_ask_time", "the system does not let this program ask whether its clock is right ({why})", why=why
        )
        super().__init__(self.reason)


class TimeSource(Protocol):
    """Somebody who may know the time."""

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """Return an anchor for this instant of the boot (s), None while the time is unknown. Raise NotAllowedError.

        The time may be asked at any moment of the call: the caller adds how long that took to the error.
        """


class Timex(ctypes.Structure):
    """The head of the kernel's struct timex; the rest is room for what it writes behind, on any processor."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),  # microseconds
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )

    @property
    def error(self) -> float:
        """By how much the clock may be off, s: the bound, and what is known of it and not corrected yet.

        systemd-timesyncd hands the kernel up to 0.4 s to correct in the course of minutes, and a bound of zero with it.
        """
        uncorrected = abs(self.offset) / (1e9 if self.status & STA_NANO else 1e6)
        return float(max(self.maxerror, 1) / 1e6 + UNDER_WAY * uncorrected)


class KernelTime:
    """The kernel's clock, where somebody disciplines it (adjtimex(2)).

    `trusted`: take it as it is though nobody does; its error is then not known and given as 1 s.
    """

    def __init__(self, trusted: bool = False) -> None:
        self._trusted = trusted
        self._libc = ctypes.CDLL(None, use_errno=True)

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """Return the system's UTC and by how much the kernel knows it may be off. Raise NotAllowedError."""
        timex = Timex()
        state = self._libc.adjtimex(ctypes.byref(timex))
        number = ctypes.get_errno()
        if 0 <= state != TIME_ERROR:
            return Anchor(boot, boottime, system_utc(), DISCIPLINED, timex.error)
        if self._trusted:
            return Anchor(boot, boottime, system_utc(), UNDISCIPLINED, 1.0)
        if state < 0:
            raise NotAllowedError(number)
        return None


class Timekeeper:
    """The lane that probes the sources, first one first, and hands what they say to the recorder.

    `settled` says whether the recorder knows the time and nobody contradicts it; `watch` looks at the system's clock,
    where it is to be noticed that this is set or slewed. `snapshot`: why no source told anything at the last look; None
    where one did.
    """

    def __init__(
        self,
        sources: list[TimeSource],
        boot: str,
        clock: Clock,
        inbox: Inbox,
        settled: Callable[[], bool],
        watch: ClockWatch | None = None,
    ) -> None:
        self.snapshot: Reason | None = None
        self._sources = sources
        self._boot = boot
        self._clock = clock
        self._inbox = inbox
        self._settled = settled
        self._watch = watch
        self._set = False  # the system's clock was set, and no source has told anything since
        self._slewed: Slewed | None = None  # since the last look

    def run(self) -> None:
        """Look for ever; ends by `Stopped`."""
        while True:
            now = self._clock.now()
            anchors = self.look()
            slewed = self._slewed
            if slewed is not None and (slewed.fast or not any(anchor.error <= CLOSE for anchor in anchors)):
                self._inbox.offer(slewed)
            for anchor in anchors:
                self._inbox.offer(anchor)
            self._set = self._set and not anchors
            self._wait(now + (KEEP_S if anchors and self._settled() and not self._set else SEEK_S))

    def look(self) -> list[Anchor]:
        """Return an anchor of each source that knows the time now."""
        refused: Reason | None = None
        anchors = []
        for source in self._sources:
            begin = self._clock.now()
            try:
                anchor = source.probe(self._boot, begin)
            except NotAllowedError as error:
                refused = error.reason
                continue
            if anchor is not None:  # a slow card or a suspended machine may have kept it from its answer
                took = self._clock.now() - begin
                anchors.append(replace(anchor, boottime=begin + took / 2, error=anchor.error + took / 2))
        self._says(None if anchors else refused or UNSYNCHRONISED)
        return anchors

    def _wait(self, until: float) -> None:
        """Wait until an instant, or until something is done to the system's clock: what it says then is heard soon."""
        self._slewed = None
        if self._watch is None:
            self._clock.sleep_until(until)
            return
        self._watch.begin()
        while (now := self._clock.now()) < until:
            self._clock.sleep_until(min(now + LOOK_S, until))
            match self._watch.look():
                case ClockSet(seconds):
                    log.warning(
                        "%s",
                        Reason("system_clock_set", "the system's clock was set by {seconds:+.3f} s", seconds=seconds),
                    )
                    self._set = True
                    return
                case Slewed() as slewed:
                    self._slewed = slewed
                    return

    def _says(self, trouble: Reason | None) -> None:
        """Log what is new of it, once."""
        if trouble not in (None, self.snapshot):
            log.warning("no time from this box: %s", trouble)
        self.snapshot = trouble
