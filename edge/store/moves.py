"""Which records were re-dated, stored with the change itself, for everything computed from records by their time.

A consumer remembers how many re-datings it has processed, and asks for those since.
"""

from __future__ import annotations

import apsw
import msgspec

from edge.store.notes import keep_note, note

KIND, NAME = "moves", ""  # of the note
MOST = 16  # re-datings kept apart; older ones are merged


class Moves(msgspec.Struct, frozen=True):
    """`count`: number of re-datings; `firsts`: the lowest seq of each of the last ones, oldest first."""

    count: int = 0
    firsts: tuple[int, ...] = ()

    def since(self, count: int) -> int | None:
        """Return the lowest seq re-dated after the first `count` re-datings; None if none was."""
        return min(self.firsts[count - self.count :], default=None) if count < self.count else None

    def and_from(self, first: int) -> Moves:
        """Return the same with one more re-dating, of records from `first` on."""
        firsts = (*self.firsts, first)
        if len(firsts) > MOST:
            firsts = (min(firsts[:2]), *firsts[2:])
        return Moves(self.count + 1, firsts)


def moves(connection: apsw.Connection) -> Moves:
    """Return the stored re-datings; none if their note is damaged."""
    value = note(connection, KIND, NAME)
    return Moves() if value is None else msgspec.json.decode(value, type=Moves)


def moved(connection: apsw.Connection, first: int) -> None:
    """Note, in the current transaction, that records from `first` on were re-dated."""
    keep_note(connection, KIND, NAME, msgspec.json.encode(moves(connection).and_from(first)))
