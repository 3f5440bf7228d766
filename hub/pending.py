"""Data received but not committed yet, collected message by message into one `Delivery`."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Raw

from drivers.reason import Reason
from edge.records.spans import Span
from edge.wire.contract import Hello, encode
from hub.intake import RawBatch, printable
from hub.jsonl import encoded
from hub.sink import Announced, Delivery, Note, PictureRow, Row


class Pending:
    """The parts of the next delivery; `full` once a commit is due."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: list[tuple[str, int, Row]] = []  # with the topic and version of each one's message
        self._notes: list[Note] = []
        self._announced: list[Announced] = []

    @property
    def full(self) -> bool:
        """Return whether a commit is due."""
        return len(self._rows) >= self._most

    def row(self, where: str, version: int, row: Row) -> None:
        """Add a record that came on a topic."""
        self._rows.append((where, version, row))

    def note(self, line: dict[str, object], arrived: int) -> None:
        """Add an event that is no record."""
        self._notes.append(Note(str(line["station"]), str(line["kind"]), arrived, encoded(line)))

    def hello(self, hello: Hello) -> None:
        """Add the ranges that a station announces."""
        self._announced.append(Announced(hello.station, tuple(hello.epochs)))

    def delivery(self, pictures: Iterable[PictureRow]) -> Delivery:
        """Return everything as one delivery."""
        rows = tuple(row for *_, row in self._rows)
        return Delivery(rows, tuple(pictures), tuple(self._notes), tuple(self._announced))

    def refused(self, why: dict[int, str]) -> Iterable[tuple[str, bytes, Reason]]:
        """Yield topic, message and reason of the rows that a sink refused, grouped by message."""
        messages: dict[tuple[str, int, str], list[int]] = {}
        for place in sorted(why):
            where, version, row = self._rows[place]
            messages.setdefault((where, version, row.station), []).append(place)
        for (where, version, station), places in messages.items():
            raws = [Raw(self._rows[place][2].raw) for place in places]
            reason = Reason("said", "{text}", text=printable(why[places[0]], 500))
            yield where, encode(RawBatch(version, station, raws)), of_records(station, reason, len(places))

    def clear(self) -> None:
        """Discard everything: it is committed, or will be redelivered."""
        self._rows.clear()
        self._notes.clear()
        self._announced.clear()


def span_of(row: Row) -> Span:
    """Return the span of a row's receipt."""
    return Span(row.record.epoch, row.record.seq, row.record.seq)


def of_records(station: str, why: Reason, count: int) -> Reason:
    """Return why `count` records of a station cannot be stored; `why`: the first one's reason."""
    if count == 1:
        return Reason("record_not_kept", "a record of {station}: {why}", station=station, why=why)
    return Reason(
        "records_not_kept", "a record of {station}: {why} (and {more} more)", station=station, why=why, more=count - 1
    )
