"""Which records were re-dated: kept with the change itself, for whatever was computed from them by their time.

Whoever makes something of records remembers how many such changes it knows, and asks for those since.
"""

from __future__ import annotations

import apsw
import msgspec

from edge.store.notes import keep_note, note

KIND, NAME = "moves", ""  # of the note
MOST = 16  # changes told apart; older ones are taken together


class Moves(msgspec.Struct, frozen=True):
    """`count`: how often records got another time; `firsts`: the lowest seq of each of the last times, oldest first."""

    count: int = 0
    firsts: tuple[int, ...] = ()

    def since(self, count: int) -> int | None:
        """Return the lowest seq that got another time after the first `count` changes; None where none did."""
        return min(self.firsts[count - self.count :], default=None) if count < self.count else None

    def and_from(self, first: int) -> Moves:
        """Return them with one more, of records from `first` on."""
        firsts = (*self.firsts, first)
        if len(firsts) > MOST:
            firsts = (min(firsts[:2]), *firsts[2:])
        return Moves(self.count + 1, firsts)


def moves(connection: apsw.Connection) -> Moves:
    """Return what is kept of them; none where that is damaged."""
    value = note(connection, KIND, NAME)
    return Moves() if value is None else msgspec.json.decode(value, type=Moves)


def moved(connection: apsw.Connection, first: int) -> None:
    """Keep, in the transaction under way, that records from `first` on got another time."""
    keep_note(connection, KIND, NAME, msgspec.json.encode(moves(connection).and_from(first)))
