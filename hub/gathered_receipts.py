"""When a stored record gets its receipt: at once, or combined with others if the station said that it waits for that.

A receipt of its own for each live minute costs a SIM as many bytes a month as the minutes. So the receipts of what
comes live wait for each other, as long as the station said in its hello; all else, and they with it, goes at once:
a backlog, an alert, pictures, a hello. Nothing is lost by it: what no receipt named the answer to a hello names.
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
    """What is kept and not receipted yet, by station; a station that said nothing waits for nothing."""

    def __init__(self) -> None:
        self._spans: dict[str, list[Span]] = {}
        self._due: dict[str, float] = {}  # when the first of them is to be receipted
        self._waits: dict[str, float] = {}  # s, of the stations that said so

    def note_waits(self, hellos: Iterable[Hello]) -> None:
        """Take in for how long stations wait."""
        for hello in hellos:
            self._waits[hello.station] = wait_of(hello)

    def keep(self, row: Row, span: Span, now: float) -> None:
        """Take in that a record is on the disk; `now` in seconds."""
        waiting = self._spans.setdefault(row.station, [])
        waiting.append(span)
        presses = isinstance(row.record, Record) and row.record.kind == Kind.ALERT
        wait = 0.0 if presses or len(waiting) >= MOST else self._waits.get(row.station, 0.0)
        self._due[row.station] = min(self._due.get(row.station, now + wait), now + wait)

    def press(self, messages: Iterable[Incoming]) -> None:
        """Let nothing wait of the stations that sent anything else than what is live."""
        for message in messages:
            if intake.channel(message.topic) not in WAITING and message.topic.count("/") > 1:
                self._due[message.topic.split("/")[2]] = 0.0

    def due(self, now: float) -> set[str]:
        """Return the stations that are to be told now; `now` infinite: all of them."""
        self._due = {station: due for station, due in self._due.items() if station in self._spans}
        return {station for station, due in self._due.items() if due <= now}

    def take(self, station: str) -> list[Span]:
        """Return what waits of a station; it does no longer."""
        self._due.pop(station, None)
        return self._spans.pop(station, [])

    def forget(self) -> None:
        """Let go of it all: hellos are to tell what is here."""
        self._spans.clear()
        self._due.clear()


def wait_of(hello: Hello) -> int:
    """Return the seconds for which the receipts of a station's live minutes are gathered."""
    return min(hello.gather, GATHER)
