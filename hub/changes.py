"""Notes about things other than records: a station's status, and unknown keys in its messages.

Each is written only when it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Raw

from edge.wire.contract import Status, Topic
from hub import intake, jsonl


class Changes:
    """The last status and keys seen; `note` takes a line and its arrival, `utc` returns microseconds since 1970."""

    def __init__(self, note: Callable[[dict[str, object], int], None], utc: Callable[[], int]) -> None:
        self._note, self._utc = note, utc
        self._statuses: dict[str, Status] = {}
        self._said: dict[str, dict[str, bytes]] = {}  # by topic

    def status(self, status: Status) -> None:
        """Note a station's status if it changed."""
        if self._statuses.get(status.station) == status:
            return
        self._statuses[status.station] = status
        self._line(status.station, "status", {"state": status.state, "running": status.epoch})

    def more(self, topic: str, channel: Topic, fields: Mapping[str, Raw]) -> None:
        """Note a message's unknown keys if they changed."""
        more = {key: bytes(value) for key, value in fields.items()}
        if more and more != self._said.get(topic):
            self._said[topic] = more
            unknown = {key: Raw(value) for key, value in more.items()}
            self._line(intake.station(topic), "message", {"topic": channel, "unknown": unknown})

    def forget(self) -> None:
        """Forget what was seen: it was not committed and will be redelivered."""
        self._statuses.clear()
        self._said.clear()

    def _line(self, station: str, kind: str, fields: dict[str, object]) -> None:
        arrived = self._utc()
        self._note({"station": station, "kind": kind, "time": jsonl.rfc3339(arrived), **fields}, arrived)
