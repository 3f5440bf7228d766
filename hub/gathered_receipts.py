"""When a stored record gets its receipt: at once, or combined with others if the station's hello allows that.

A separate receipt for each live minute costs a SIM as many bytes a month as the minutes do. So receipts of live data
are delayed for as long as the station said in its hello; anything else (a backlog, an alert, pictures, a hello) flushes
them at once. Nothing is lost: the answer to a hello names what no receipt named.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.records.record import Kind, Record
from edge.records.spans import Span
from edge.wire.contract import GATHER, Hello, Topic
from edge.wire.session import Incoming
from hub import intake
from hub.sink import Row

MOST = 100  # records that wait for one receipt
WAITING = (Topic.LIVE, Topic.STATUS)  # topics whose messages need no immediate answer


class GatheredReceipts:
    """Spans stored and not receipted yet, by station; without a stated delay a station gets its receipts at once."""

    def __init__(self) -> None:
        self._spans: dict[str, list[Span]] = {}
        self._due: dict[str, float] = {}  # when the first of them is due
        self._waits: dict[str, float] = {}  # delay (s) of the stations that stated one

    def note_waits(self, hellos: Iterable[Hello]) -> None:
        """Store the delays that hellos state."""
        for hello in hellos:
            self._waits[hello.station] = wait_of(hello)

    def keep(self, row: Row, span: Span, now: float) -> None:
        """Add a record that is on the disk; `now` in seconds."""
        waiting = self._spans.setdefault(row.station, [])
        waiting.append(span)
        urgent = isinstance(row.record, Record) and row.record.kind == Kind.ALERT
        wait = 0.0 if urgent or len(waiting) >= MOST else self._waits.get(row.station, 0.0)
        self._due[row.station] = min(self._due.get(row.station, now + wait), now + wait)

    def press(self, messages: Iterable[Incoming]) -> None:
        """Make receipts due at once for stations that sent anything but live data."""
        for message in messages:
            if intake.channel(message.topic) not in WAITING and message.topic.count("/") > 1:
                self._due[message.topic.split("/")[2]] = 0.0

    def due(self, now: float) -> set[str]:
        """Return the stations whose receipts are due; `now` infinite: all of them."""
        self._due = {station: due for station, due in self._due.items() if station in self._spans}
        return {station for station, due in self._due.items() if due <= now}

    def take(self, station: str) -> list[Span]:
        """Remove and return a station's pending spans."""
        self._due.pop(station, None)
        return self._spans.pop(station, [])

    def forget(self) -> None:
        """Discard everything: answers to hellos will name what is stored."""
        self._spans.clear()
        self._due.clear()


def wait_of(hello: Hello) -> int:
    """Return how long receipts of a station's live minutes may be delayed, s."""
    return min(hello.gather, GATHER)
