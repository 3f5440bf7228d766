"""Lines about what is no record: a station's status, what its messages say in words of a later version.

Each is written when it changes: once as long as it says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Raw

from edge.wire.contract import Status, Topic
from hub import intake, jsonl
from hub.record_files import RecordFiles


class Changes:
    """What was said last; `utc` tells the time, microseconds since 1970."""

    def __init__(self, records: RecordFiles, utc: Callable[[], int]) -> None:
        self._records, self._utc = records, utc
        self._statuses: dict[str, Status] = {}
        self._said: dict[str, dict[str, bytes]] = {}  # by topic

    def status(self, status: Status) -> None:
        """Take a station's status in."""
        if self._statuses.get(status.station) == status:
            return
        self._statuses[status.station] = status
        line = {"station": status.station, "kind": "status", "time": jsonl.rfc3339(self._utc())}
        self._records.note(line | {"state": status.state, "running": status.epoch})

    def more(self, topic: str, channel: Topic, said: Mapping[str, Raw]) -> None:
        """Take in what a message says in keys that are not known here."""
        more = {key: bytes(value) for key, value in said.items()}
        if more and more != self._said.get(topic):
            self._said[topic] = more
            line = {"station": intake.station(topic), "kind": "message", "time": jsonl.rfc3339(self._utc())}
            self._records.note(line | {"topic": channel, "unknown": {key: Raw(value) for key, value in more.items()}})
