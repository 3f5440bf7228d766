"""The lane that asks the sources of the time for anchors and hands them to the recorder.

A Pi without a real-time clock boots with yesterday's time. The kernel knows whether its clock is disciplined (chrony by
NTP, GNSS or RTC; systemd-timesyncd): until it says so, the system's time is not used. A sandbox may forbid asking it;
that is distinguished from an undisciplined clock, because the remedy is another person's.
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
LOOK_S = 1.0  # s between two checks whether the system's clock was set
SEEK_S = 5.0  # s between two probes while the time is unknown or doubted, or no source knows it
CLOSE = 0.25  # s; during a slow slew an anchor with at most this error makes carrying the time unnecessary
KEEP_S = 600.0  # s between two probes once a source knows the time: 50 ppm are 30 ms in that time
TIME_ERROR, STA_NANO = 5, 0x2000  # adjtimex(2): the clock is not synchronised; `offset` is in nanoseconds
# At the begin of a second the kernel subtracts from `offset` what that second corrects: at most a quarter (SHIFT_PLL).
UNDER_WAY = 4 / 3
UNSYNCHRONISED = Reason("clock_not_synchronised", "the system's clock is not synchronised")
MAY_NOT_ASK = "may_not_ask_time"  # NotAllowedError's code


class NotAllowedError(Exception):
    """The system forbids asking whether its clock is right; `number` is its errno."""

    def __init__(self, number: int) -> None:
        why = system_reason(OSError(number, os.strerror(number)))
        self.reason = Reason(
            "may_not_ask_time", "the system does not let this program ask whether its clock is right ({why})", why=why
        )
        super().__init__(self.reason)


class TimeSource(Protocol):
    """A source that may know the time."""

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """Return an anchor for this instant of the boot (s), None while the time is unknown. Raise NotAllowedError.

        The time may be read at any moment of the call: the caller adds half the call's duration to the error.
        """


class Timex(ctypes.Structure):
    """The beginning of the kernel's struct timex; `rest` is space for its other fields, on any processor."""

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
        """By how much the clock may be off, s: the stated bound plus the known offset that is not corrected yet.

        systemd-timesyncd gives the kernel up to 0.4 s to correct within minutes, together with a bound of zero.
        """
        uncorrected = abs(self.offset) / (1e9 if self.status & STA_NANO else 1e6)
        return float(max(self.maxerror, 1) / 1e6 + UNDER_WAY * uncorrected)


class KernelTime:
    """The kernel's clock, if it is disciplined (adjtimex(2)).

    `trusted`: use it even if it is not; its error is then unknown and stated as 1 s.
    """

    def __init__(self, trusted: bool = False) -> None:
        self._trusted = trusted
        self._libc = ctypes.CDLL(None, use_errno=True)

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """Return the system's UTC with the kernel's error; None if undisciplined. Raise NotAllowedError."""
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
    """The lane that probes the sources, in order, and hands their anchors to the recorder.

    `settled` returns whether the recorder knows the time without an unconfirmed contradiction; `watch`, if given,
    detects that the system's clock is set or slewed. `snapshot`: why no source knew the time at the last probe; None if
    one did.
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
        self._set = False  # the system's clock was set, and no source has known the time since
        self._slewed: Slewed | None = None  # since the last probe

    def run(self) -> None:
        """Probe until `Stopped`. Raise Stopped."""
        while True:
            now = self._clock.now()
            anchors = self.look()
            slewed = self._slewed
            if slewed is not None and (slewed.fast or not any(anchor.error <= CLOSE for anchor in anchors)):
                self._inbox.put(slewed)  # lost, the time across it would be wrong
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
            if anchor is not None:  # a slow card or a suspended machine may have delayed its answer
                took = self._clock.now() - begin
                anchors.append(replace(anchor, boottime=begin + took / 2, error=anchor.error + took / 2))
        self._note_trouble(None if anchors else refused or UNSYNCHRONISED)
        return anchors

    def _wait(self, until: float) -> None:
        """Wait until an instant, or until the system's clock is set or slewed: then it is probed soon."""
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

    def _note_trouble(self, trouble: Reason | None) -> None:
        """Publish why no source knows the time, and log each change once."""
        if trouble not in (None, self.snapshot):
            log.warning("no time from this box: %s", trouble)
        self.snapshot = trouble
