"""Repairs that no loss record reports yet: stored in the table `untold`, so that a power cut does not lose them.

A repair is written in the transaction that makes it. It is handed out once, for its loss record, and deleted in the
transaction that stores that record.
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
    """What was done about damage, and what was lost.

    `set_aside`: the name given to the damaged file, None if there was none; `salvaged`: number of records; `lost`: the
    records known to be lost, epoch "" if it is unknown, None if none are known; `unknown`: others may be lost, which
    ones is unknown; `cause`: what was found.
    """

    set_aside: str | None
    salvaged: int
    lost: list[Span] | None
    cause: Reason
    unknown: bool = False


def write(connection: apsw.Connection, done: Repair) -> int:
    """Store a repair, in the caller's transaction. Return its number."""
    number = 1 + int(connection.execute("SELECT coalesce(max(id), 0) FROM untold").get)
    note = msgspec.json.encode(done, enc_hook=plain_value)
    connection.execute("INSERT INTO untold VALUES (?,?,?)", (number, note, rows.crc_of((number, note))))
    return number


class UnreportedRepairs:
    """The repairs in the table, and which of them were handed out. Works on the caller's connection."""

    def __init__(self) -> None:
        self._notes: dict[int, Repair] = {}
        self._taken: frozenset[int] = frozenset()

    @property
    def repaired(self) -> Repair | None:
        """The repairs not handed out yet, as one; None if there are none."""
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
        """Store a repair, in the caller's transaction."""
        self._notes[write(connection, done)] = done

    def reported(self, connection: apsw.Connection) -> None:
        """Delete the repairs that were handed out, in the transaction that appends their loss record."""
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
        """Do nothing: each change has already been made in memory."""

    def snapshot(self) -> tuple[dict[int, Repair], frozenset[int]]:
        """Return the state that `restore` needs to roll back a failed transaction."""
        return dict(self._notes), self._taken

    def restore(self, before: tuple[dict[int, Repair], frozenset[int]]) -> None:
        """Restore the state that `snapshot` returned."""
        self._notes, self._taken = before
