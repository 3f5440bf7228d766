"""Who may do what on a hub: a role gives rights, and a set of stations limits them.

Rights are checked in one place (`hub/web/guard.py`), and every query is given the caller's stations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Literal

import msgspec

from edge.records.people import INSIDE, LETTERS

NAME = rf"[{LETTERS}][@{LETTERS}{INSIDE}]{{0,63}}"  # of a person, or of a token


class Right(StrEnum):
    """A permission."""

    READ = "read"  # see what stations measure, and their pictures
    COMMAND = "command"  # send a station a command
    ACKNOWLEDGE = "acknowledge"  # acknowledge an alert
    MANAGE = "manage"  # manage accounts and people on call, read the audit log


class Role(StrEnum):
    """A role."""

    GROWER = "grower"
    TECHNICIAN = "technician"
    OPERATOR = "operator"
    ADMIN = "admin"


MAY: Mapping[Role, frozenset[Right]] = {
    Role.GROWER: frozenset({Right.READ, Right.ACKNOWLEDGE}),
    Role.TECHNICIAN: frozenset({Right.READ, Right.ACKNOWLEDGE, Right.COMMAND}),
    Role.OPERATOR: frozenset({Right.READ, Right.ACKNOWLEDGE, Right.COMMAND}),
    Role.ADMIN: frozenset(Right),
}


class Account(msgspec.Struct, frozen=True):
    """A person, or the token of a program. `stations` None: all, including future ones; `ended`: disabled."""

    kind: Literal["user", "token"]
    name: str
    role: Role
    stations: frozenset[str] | None
    ended: bool = False

    def over(self, other: Account) -> bool:
        """Return whether this account, if a manager, may manage the other: that sees no further station."""
        return self.covers(other.stations)

    def covers(self, stations: Collection[str] | None) -> bool:
        """Return whether this account sees all these stations (None: all there are)."""
        return self.stations is None or (stations is not None and self.stations.issuperset(stations))

    def may(self, right: Right, station: str | None = None) -> bool:
        """Return whether this account has the right, and for that station if one is named."""
        mine = station is None or self.stations is None or station in self.stations
        return not self.ended and mine and right in MAY[self.role]
