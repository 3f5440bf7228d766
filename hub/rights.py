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
    """What may be done."""

    READ = "read"  # see what stations measure, and their pictures
    COMMAND = "command"  # ask a station for something
    ACKNOWLEDGE = "acknowledge"  # say that one knows of an alert
    MANAGE = "manage"  # say who may do what, see who did what


class Role(StrEnum):
    """What somebody is."""

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
    """A person, or the token of a program. `stations` None: all of them, those to come too; `ended`: may do nothing."""

    kind: Literal["user", "token"]
    name: str
    role: Role
    stations: frozenset[str] | None
    ended: bool = False

    def over(self, other: Account) -> bool:
        """Return whether this account, if a manager, may manage the other, which must see no further station."""
        return self.covers(other.stations)

    def covers(self, stations: Collection[str] | None) -> bool:
        """Return whether these stations (None: all of them) are all this one's."""
        return self.stations is None or (stations is not None and self.stations.issuperset(stations))

    def may(self, right: Right, station: str | None = None) -> bool:
        """Return whether this is allowed, and about that station where one is named."""
        mine = station is None or self.stations is None or station in self.stations
        return not self.ended and mine and right in MAY[self.role]
