"""The time that a receiver tells stations: its machine's, and none while nobody keeps that right."""

from __future__ import annotations

from edge.clock.clock import boot_id, system_utc
from edge.clock.timekeeper import KernelTime, NotAllowedError


class SynchronisedTime:
    """The time that stations are told, microseconds UTC: 0, which none believes, while nobody disciplines our clock."""

    def __init__(self, kernel: KernelTime | None = None) -> None:
        self._kernel = kernel or KernelTime()
        self._boot = boot_id()

    def __call__(self) -> int:
        """Return it."""
        try:
            known = self._kernel.probe(self._boot, 0.0) is not None
        except NotAllowedError:
            known = False
        return system_utc() if known else 0
