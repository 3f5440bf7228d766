"""The time that a receiver tells stations: the system's, but none while it is unsynchronised or contradicted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

from drivers.reason import Reason
from edge.clock.clock import boot_id, system_utc
from edge.clock.timekeeper import KernelTime, NotAllowedError
from hub.database.engine import Engine
from hub.sink import SinkError
from hub.station_clocks import clock_offset, is_same_offset

log = logging.getLogger("minshan.hub")
ASK_S = 10.0  # s between two checks whether stations contradict the clock
STEADY_S = 150.0  # s of a constant offset before it is logged: messages queued at the broker catch up
UNSYNCHRONISED = Reason(
    "hub_unsynchronised", "this hub's clock is not synchronised: stations are told no time until NTP sets it"
)
CONTRADICTED = Reason(
    "hub_contradicted",
    "the clocks of several stations contradict this hub's: stations are told no time; check its date",
)


class ToldTime(NamedTuple):
    """The time told: microseconds UTC, 0 while it is not known, and its possible error, s."""

    utc: int = 0
    error: float = 0.0


class SynchronisedTime:
    """The system's time while its clock is synchronised, with the kernel's bound of its error."""

    def __init__(self, kernel: KernelTime | None = None) -> None:
        self._kernel = kernel or KernelTime()
        self._boot = boot_id()

    def __call__(self) -> ToldTime:
        """Return it."""
        try:
            known = self._kernel.probe(self._boot, 0.0)
        except NotAllowedError:
            known = None
        return ToldTime() if known is None else ToldTime(system_utc(), known.error)


class UncontradictedTime:
    """The time of `told`; no time while the clocks of several stations contradict it. For one thread.

    The database is queried every ASK_S at most: after an outage a thousand stations send a hello at once.
    """

    def __init__(
        self,
        told: Callable[[], ToldTime],
        database: Callable[[], Engine],
        utc: Callable[[], int],
        now: Callable[[], float],
    ) -> None:
        self._told, self._utc, self._database, self._now = told, utc, database, now
        self._engine: Engine | None = None
        self._asked_at = float("-inf")
        self._off_us, self._off_since = 0, float("-inf")  # the stations' offset from the clock, and since when
        self._why: Reason | None = None  # why no time is told, as it was logged last

    def __call__(self) -> ToldTime:
        """Return it."""
        now = self._now()
        if now >= self._asked_at + ASK_S:
            try:
                self._engine = self._engine or self._database()
                off_us = clock_offset(self._engine, self._utc()) or 0
            except SinkError:  # the receiver logs it
                return ToldTime()
            self._asked_at = now
            if not is_same_offset(off_us, self._off_us):
                self._off_us, self._off_since = off_us, now
        if self._off_us:
            if now - self._off_since >= STEADY_S:
                self._log_change(CONTRADICTED)
            return ToldTime()
        told = self._told()
        self._log_change(None if told.utc else UNSYNCHRONISED)
        return told

    def _log_change(self, why: Reason | None) -> None:
        """Log once why no time is told, and once when that is over."""
        if why is not None and why != self._why:
            log.warning("%s", why)
        elif why is None and self._why is not None:
            log.info("stations are told the time again")
        self._why = why

    def close(self) -> None:
        """Close the database."""
        if self._engine is not None:
            self._engine.close()
