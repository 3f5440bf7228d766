"""Read records. A damaged one is omitted and remembered, so that the store can give it up."""

from __future__ import annotations

from typing import Any

import apsw

from edge.records import ranges
from edge.records.ranges import Ranges
from edge.records.record import Kind, Record
from edge.store import rows


class RowReader:
    """Reads on the caller's connection, inside its lock. `bad`: seqs of the damaged rows found so far."""

    def __init__(self) -> None:
        self.bad: set[int] = set()

    def select(self, connection: apsw.Connection, where: str, *args: Any) -> list[Record]:
        """Return the records that meet a condition, without damaged ones."""
        found = []
        for row in connection.execute(f"{rows.SELECT} {where}", args):
            try:
                found.append(rows.from_row(row))
            except rows.RowError:
                self.bad.add(row[0])
        return found

    def pick(self, connection: apsw.Connection, seqs: Ranges, limit: int, newest_first: bool) -> list[Record]:
        """Return at most `limit` of the records `seqs`, all of which should exist, in the given order."""
        found: list[Record] = []
        order = "DESC" if newest_first else "ASC"
        where = f"WHERE seq BETWEEN ? AND ? ORDER BY seq {order} LIMIT ?"
        for first, last in reversed(seqs) if newest_first else seqs:
            if len(found) >= limit:
                break
            room = limit - len(found)
            part = self.select(connection, where, first, last, room)
            found += part
            end = part[-1].seq if len(part) == room else (first if newest_first else last)
            looked_at = (end, last) if newest_first else (first, end)
            self._miss(looked_at, part)
        return found

    def _miss(self, looked_at: tuple[int, int], found: list[Record]) -> None:
        """Note as bad the records that should exist and do not: a broken tree hides rows without an error."""
        if len(found) < looked_at[1] - looked_at[0] + 1:
            missing = ranges.without((looked_at,), ranges.of(record.seq for record in found))
            self.bad.update(ranges.numbers(missing))


def newest_of(kind: str | None) -> tuple[str, ...]:
    """Return the condition, followed by its argument, that selects the newest record (of a kind)."""
    if kind is None:
        return ("ORDER BY seq DESC LIMIT 1",)
    if kind == Kind.MINUTE:
        return ("WHERE kind = 'minute' ORDER BY seq DESC LIMIT 1",)
    # the second term lets it use the index of events
    return "WHERE kind = ? AND kind <> 'minute' ORDER BY seq DESC LIMIT 1", str(kind)
