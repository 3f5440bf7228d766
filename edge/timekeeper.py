"""Is the time known? A lane that looks for anchors and hands them to the recorder.

A Pi without a real-time clock boots with yesterday's time. The kernel knows whether somebody disciplines its
clock (chrony by NTP, GNSS or RTC; systemd-timesyncd): until it says so, the system's time is no time.
"""

from __future__ import annotations

import ctypes
import logging
from typing import Protocol

from drivers.clock import Clock, Inbox
from edge.anchors import Anchor
from edge.clock import system_utc

log = logging.getLogger("minshan.time")
SEEK_S = 5.0  # between two looks while the time is unknown
KEEP_S = 600.0  # between two anchors once it is known: 50 ppm are 30 ms in that time
ADJTIMEX_BYTES = 208  # struct timex on 64-bit Linux
TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
MAXERROR_OFFSET = 24  # bytes into struct timex: long maxerror, microseconds


class TimeSource(Protocol):
    """Somebody who may know the time."""

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """An anchor for this instant of the boot (s), or None while the time is not known."""


class KernelTime:
    """The kernel's clock, where somebody disciplines it (adjtimex(2)).

    `trusted`: take it as it is though nobody does; its error is then not known and given as 1 s.
    """

    def __init__(self, trusted: bool = False) -> None:
        self._trusted = trusted
        self._libc = ctypes.CDLL(None, use_errno=True)

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """The system's UTC with the kernel's own bound of its error, s."""
        timex = ctypes.create_string_buffer(ADJTIMEX_BYTES)
        state = self._libc.adjtimex(timex)
        if state == TIME_ERROR or state < 0:
            return Anchor(boot, boottime, system_utc(), "system", 1.0) if self._trusted else None
        maxerror = int.from_bytes(timex.raw[MAXERROR_OFFSET : MAXERROR_OFFSET + 8], "little", signed=True)
        return Anchor(boot, boottime, system_utc(), "ntp", max(maxerror, 1) / 1e6)


class Timekeeper:
    """The lane that probes the sources, first one first, and hands what it finds to the recorder."""

    def __init__(self, sources: list[TimeSource], boot: str, clock: Clock, inbox: Inbox) -> None:
        self._sources = sources
        self._boot = boot
        self._clock = clock
        self._inbox = inbox

    def run(self) -> None:
        """Look for ever; ends by `Stopped`."""
        known = False
        while True:
            now = self._clock.now()
            for source in self._sources:
                anchor = source.probe(self._boot, now)
                if anchor is not None:
                    self._inbox.offer(anchor)
                    known = True
                    break
            self._clock.sleep_until(now + (KEEP_S if known else SEEK_S))
