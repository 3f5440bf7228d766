"""Maintenance: somebody is working on the box, and nothing measured meanwhile counts as weather.

People who work on a box restart it and cut its power. So maintenance is saved in the store and continues after both:
in the same boot until the same instant, in another boot until the same UTC, or, while the time is unknown, for its
whole length again.
"""

import logging
from typing import Any

import msgspec

from drivers.reason import Reason
from edge.measure.quality import Flag
from edge.records.bodies import encode, restore
from edge.store.errors import StoreError
from edge.store.notes import Notes

log = logging.getLogger("minshan.recorder")
KIND, NAME = "maintenance", "now"


class Maintenance(msgspec.Struct, frozen=True):
    """Readings until the instant `until` (s of this boot) are kept and flagged: somebody works on the box."""

    until: float
    what: Reason
    issued_by: str = ""


class MaintenanceState(msgspec.Struct, frozen=True):
    """Its saved form: its end by the `boot`'s clock (s) and by UTC (microseconds), and its length (s)."""

    boot: str
    until: float
    utc: int | None
    seconds: float
    what: Reason
    issued_by: str


class MaintenanceMark:
    """The current maintenance, across restarts. Only the recorder's lane uses it."""

    def __init__(self, notes: Notes, boot: str, now: float, utc: int | None) -> None:
        self._notes, self._boot = notes, boot
        self._carried: MaintenanceState | None = None  # of another boot, its end by this boot's clock still unknown
        self._since = float("-inf")  # s of this boot; a minute that ended earlier is weather, even if closed later
        self.present = self._resumed(now, utc)

    def begin(self, work: Maintenance, now: float, utc: int | None) -> None:
        """Begin it, or, if its end is not after `now`, end it with the current minute. `utc`: of now, or None."""
        if self.present is None:
            self._since = now
        self.present, self._carried = work, None
        left = work.until - now
        until = None if utc is None else utc + round(left * 1e6)
        self._keep(encode(MaintenanceState(self._boot, work.until, until, left, work.what, work.issued_by)))

    def learn(self, now: float, utc: int | None) -> None:
        """Process that the time is known: `utc` microseconds at the instant `now`."""
        kept = self._carried
        if kept is not None and kept.utc is not None and utc is not None:
            self._carried = None
            self.present = Maintenance(now + (kept.utc - utc) / 1e6, kept.what, kept.issued_by)

    def is_on(self, begin: float, end: float) -> bool:
        """Return whether somebody works on the station in the minute [begin, end)."""
        return self.present is not None and self.present.until >= begin and end > self._since

    def mark(self, body: dict[str, Any], begin: float, end: float) -> None:
        """Flag the values of the minute [begin, end) as FAIL if it is under maintenance, and end one that is over."""
        work = self.present
        if work is None:
            return
        if self.is_on(begin, end):
            reason = Reason("maintenance", "maintenance: {text}", text=work.what, issued_by=work.issued_by).builtins()
            for channel, value in body["values"].items():
                if value is not None:
                    body["quality"][channel] = int(Flag.FAIL)
                    body["reasons"][channel] = reason
        if end >= work.until:
            self.present = self._carried = None
            self._keep(b"")

    def _resumed(self, now: float, utc: int | None) -> Maintenance | None:
        """Return the maintenance in progress before this start; None if there was none."""
        value = self._notes.get(KIND, NAME)
        if not value:
            return None
        try:
            kept = msgspec.json.decode(value, type=MaintenanceState, dec_hook=restore)
        except (msgspec.MsgspecError, ValueError):
            return None
        until = kept.until
        if kept.boot != self._boot:
            self._carried, until = kept, now + kept.seconds
        work = Maintenance(until, kept.what, kept.issued_by)
        self.present = work
        self.learn(now, utc)
        return self.present

    def _keep(self, value: bytes) -> None:
        try:
            self._notes.put(KIND, NAME, value)
        except StoreError as trouble:  # minutes must be flagged even if the disk is full
            log.warning("%s", trouble)
