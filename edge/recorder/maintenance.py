"""Maintenance: somebody is working on the box, and nothing measured meanwhile counts as weather.

Who works on a box restarts it and takes its power. So what was asked for is kept beside the records, and goes on after
either: in the same boot until the same instant, in another one until the same UTC, or, while nobody knows the time,
for its whole length again.
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
    """What is kept of it: until when by the `boot`'s clock (s) and by UTC (microseconds), how long it lasts (s)."""

    boot: str
    until: float
    utc: int | None
    seconds: float
    what: Reason
    issued_by: str


class MaintenanceMark:
    """What is under way, over restarts. The recorder's lane alone."""

    def __init__(self, notes: Notes, boot: str, now: float, utc: int | None) -> None:
        self._notes, self._boot = notes, boot
        self._carried: MaintenanceState | None = None  # of another boot, its end not known by this one's clock
        self._since = float("-inf")  # s of this boot; a minute that ended before is weather, though it is still in hand
        self.present = self._resumed(now, utc)

    def begin(self, work: Maintenance, now: float, utc: int | None) -> None:
        """Begin it, or with an end that is not after `now` end it with the minute in hand. `utc`: of now, or None."""
        if self.present is None:
            self._since = now
        self.present, self._carried = work, None
        left = work.until - now
        until = None if utc is None else utc + round(left * 1e6)
        self._keep(encode(MaintenanceState(self._boot, work.until, until, left, work.what, work.issued_by)))

    def learn(self, now: float, utc: int | None) -> None:
        """Take in that the time is known: `utc` microseconds at the instant `now`."""
        kept = self._carried
        if kept is not None and kept.utc is not None and utc is not None:
            self._carried = None
            self.present = Maintenance(now + (kept.utc - utc) / 1e6, kept.what, kept.issued_by)

    def is_on(self, begin: float, end: float) -> bool:
        """Return whether somebody works on the station in the minute [begin, end)."""
        return self.present is not None and self.present.until >= begin and end > self._since

    def mark(self, body: dict[str, Any], begin: float, end: float) -> None:
        """Mark the minute [begin, end) in its body: values stay as they are, and none counts as weather."""
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
        """Return what was under way before this start, None where nothing was."""
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
        except StoreError as trouble:  # a disk that is full is no reason not to mark what is measured
            log.warning("%s", trouble)
