"""Lines about things other than records: a station's status, and what its messages say in terms of a later version.

Each is written when it changes: once as long as it says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Raw

from edge.wire.contract import Status, Topic
from hub import intake, jsonl


class Changes:
    """What was said last; `note` takes a line and when it arrived, `utc` tells the time, microseconds since 1970."""

    def __init__(self, note: Callable[[dict[str, object], int], None], utc: Callable[[], int]) -> None:
        self._note, self._utc = note, utc
        self._statuses: dict[str, Status] = {}
        self._said: dict[str, dict[str, bytes]] = {}  # by topic

    def status(self, status: Status) -> None:
        """Take a station's status in."""
        if self._statuses.get(status.station) == status:
            return
        self._statuses[status.station] = status
        self._line(status.station, "status", {"state": status.state, "running": status.epoch})

    def more(self, topic: str, channel: Topic, fields: Mapping[str, Raw]) -> None:
        """Take in what a message says in keys that are not known here."""
        more = {key: bytes(value) for key, value in fields.items()}
        if more and more != self._said.get(topic):
            self._said[topic] = more
            unknown = {key: Raw(value) for key, value in more.items()}
            self._line(intake.station(topic), "message", {"topic": channel, "unknown": unknown})

    def forget(self) -> None:
        """Take it that nothing was said: what was is not kept, and comes again."""
        self._statuses.clear()
        self._said.clear()

    def _line(self, station: str, kind: str, fields: dict[str, object]) -> None:
        arrived = self._utc()
        self._note({"station": station, "kind": kind, "time": jsonl.rfc3339(arrived), **fields}, arrived)
