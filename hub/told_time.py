"""The time that a receiver tells stations: its machine's, and none while nobody keeps that right."""

from __future__ import annotations

from typing import NamedTuple

from edge.clock.clock import boot_id, system_utc
from edge.clock.timekeeper import KernelTime, NotAllowedError


class ToldTime(NamedTuple):
    """What stations are told: microseconds UTC, 0 while it is not known, and by how many s it may be off."""

    utc: int = 0
    error: float = 0.0


class SynchronisedTime:
    """The system's time, while somebody disciplines its clock, with the kernel's own bound of its error."""

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
