"""Repairs that no loss record reports yet: kept in the table `untold`, so that a power cut does not lose them.

A repair is written with the change that it is about. It is handed out once, for its loss record, and struck off
in the transaction that puts that record on the disk.
"""

from __future__ import annotations

import apsw
import msgspec

from drivers.reason import Reason, joined
from edge.records.bodies import plain_value, restore
from edge.records.spans import Span
from edge.store import rows

WHAT = "store"  # "what" in the body of a loss record about a repair


class Repair(msgspec.Struct, frozen=True):
    """What was done about damage, and what it cost.

    `set_aside`: the damaged file's name, None where none was; `salvaged` records; `lost`: those that are known to
    be lost, epoch "" where it is unknown, None where none is known; `unknown`: others may be lost too, and which is
    unknown; `cause`: what was found.
    """

    set_aside: str | None
    salvaged: int
    lost: list[Span] | None
    cause: Reason
    unknown: bool = False


def write(connection: apsw.Connection, done: Repair) -> int:
    """Write a repair down, in the caller's transaction; its number."""
    number = 1 + int(connection.execute("SELECT coalesce(max(id), 0) FROM untold").get)
    note = msgspec.json.encode(done, enc_hook=plain_value)
    connection.execute("INSERT INTO untold VALUES (?,?,?)", (number, note, rows.crc_of((number, note))))
    return number


class UnreportedRepairs:
    """The repairs of the table, and which of them were handed out. Works on the caller's connection."""

    def __init__(self) -> None:
        self._notes: dict[int, Repair] = {}
        self._taken: frozenset[int] = frozenset()

    @property
    def repaired(self) -> Repair | None:
        """What was done and is not handed out, as one; None where nothing had to be."""
        waiting = [note for number, note in sorted(self._notes.items()) if number not in self._taken]
        if not waiting:
            return None
        lost = [span for note in waiting for span in note.lost or ()]
        unknown = any(note.unknown for note in waiting)
        cause = joined(dict.fromkeys(note.cause for note in waiting))
        set_aside = next((note.set_aside for note in reversed(waiting) if note.set_aside), None)
        return Repair(set_aside, sum(n.salvaged for n in waiting), lost or (None if unknown else []), cause, unknown)

    def take(self) -> Repair | None:
        """Return the same, and count it as handed out."""
        found = self.repaired
        self._taken = frozenset(self._notes)
        return found

    def add(self, connection: apsw.Connection, done: Repair) -> None:
        """Write a repair down, in the caller's transaction."""
        self._notes[write(connection, done)] = done

    def reported(self, connection: apsw.Connection) -> None:
        """Remove the repairs that were handed out, in the transaction that appends their loss record."""
        connection.executemany("DELETE FROM untold WHERE id=?", [(number,) for number in self._taken])
        self._notes = {number: note for number, note in self._notes.items() if number not in self._taken}
        self._taken = frozenset()

    def load(self, connection: apsw.Connection) -> None:
        """Read the table."""
        found: dict[int, Repair] = {}
        for number, note, crc in connection.execute("SELECT id, note, crc FROM untold"):
            if crc != rows.crc_of((number, note)):
                raise apsw.CorruptError(Reason("repairs_damaged", "the repaired data differ from what was written"))
            found[int(number)] = msgspec.json.decode(note, type=Repair, dec_hook=restore)
        self._notes = found

    def write(self, connection: apsw.Connection) -> None:
        """Do nothing: each change is written where it happens."""

    def committed(self) -> None:
        """Take over the changes of a transaction that is on the disk."""

    def snapshot(self) -> tuple[dict[int, Repair], frozenset[int]]:
        """Return what `restore` takes to undo the changes of a transaction that failed."""
        return dict(self._notes), self._taken

    def restore(self, before: tuple[dict[int, Repair], frozenset[int]]) -> None:
        """Go back to what `snapshot` returned."""
        self._notes, self._taken = before
