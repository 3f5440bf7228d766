"""The stored aggregates of each hour's minutes: long curves are read from them, and they outlive the minutes.

A row is one hour of the station's local time with all its channels: `first` and `last` are the lowest and highest seq
of the minutes in it. The progress of counting is written with the rows.
"""

from __future__ import annotations

import apsw
import msgspec

from edge.store import rows
from edge.store.database import Database
from edge.store.notes import keep_note, note

KIND, NAME = "hourly", ""  # of the note of the progress of counting; a salvage omits it
MOST_HOURS = 5 * 366 * 24  # the newest are kept: with 20 channels 2 kB each
SLICE = 500  # rows read at once
INSERT = "INSERT OR REPLACE INTO hourly VALUES (?,?,?,?,?,?)"


class HourRow(msgspec.Struct, frozen=True):
    """One hour: its begin (microseconds UTC), its offset from UTC (s), `counts` as their maker packed them."""

    start: int
    utc_offset_s: int
    first: int
    last: int
    counts: bytes


class Reached(msgspec.Struct, frozen=True):
    """Which records the rows include: those up to seq `through`, after the first `moves` re-datings.

    `moves` below 0: unknown, so all records must be counted.
    """

    through: int = 0
    moves: int = -1


class HourTable:
    """`store.hours`. Thread-safe; its methods raise StoreError."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def reached(self) -> Reached:
        """Return how far the records are counted."""
        with self._db.reading() as connection:
            return _reached(connection)

    def keep(self, hours: list[HourRow], reached: Reached) -> None:
        """Write hours and the progress of counting in one transaction; delete the oldest beyond MOST_HOURS."""
        with self._db.change() as connection:
            connection.executemany(INSERT, [_row(hour) for hour in hours])
            keep_note(connection, KIND, NAME, msgspec.json.encode(reached))
            oldest = "SELECT start FROM hourly ORDER BY start DESC LIMIT 1 OFFSET ?"
            connection.execute(f"DELETE FROM hourly WHERE start <= ({oldest})", (MOST_HOURS,))

    def forget(self, first: int, moves: int) -> None:
        """Delete the hours with re-dated records (from `first` on), so that they are counted again."""
        with self._db.change() as connection:
            found = connection.execute("SELECT min(first) FROM hourly WHERE last >= ?", (first,)).get
            connection.execute("DELETE FROM hourly WHERE last >= ?", (first,))
            through = min(_reached(connection).through, first - 1, *(() if found is None else (int(found) - 1,)))
            keep_note(connection, KIND, NAME, msgspec.json.encode(Reached(through, moves)))

    def get(self, start: int, utc_offset_s: int) -> HourRow | None:
        """Return one hour; None if it is not stored."""
        found = self.between(start, start + 1)
        return next((hour for hour in found if hour.utc_offset_s == utc_offset_s), None)

    def between(self, first_us: int, last_us: int) -> list[HourRow]:
        """Return the hours that begin from `first_us` to before `last_us`, by time, without damaged ones."""
        query = (
            "SELECT * FROM hourly WHERE (start, utc_offset_s) > (?, ?) AND start < ? "
            f"ORDER BY start, utc_offset_s LIMIT {SLICE}"
        )
        found: list[HourRow] = []
        after = first_us - 1, 1 << 40
        while True:
            with self._db.reading() as connection:
                part: list[rows.Row] = list(connection.execute(query, (*after, last_us)))
            found += [HourRow(*row[:5]) for row in part if row[5] == rows.crc_of(row[:5])]
            if len(part) < SLICE:
                return found
            after = part[-1][0], part[-1][1]


def _reached(connection: apsw.Connection) -> Reached:
    value = note(connection, KIND, NAME)
    return Reached() if value is None else msgspec.json.decode(value, type=Reached)


def _row(hour: HourRow) -> rows.Row:
    row = msgspec.structs.astuple(hour)
    return (*row, rows.crc_of(row))
