"""When a receiver calls the roll, on which every station says in a hello what it has: what is missing shows then."""

from __future__ import annotations

from edge.wire import contract
from edge.wire.link import Link


class RollCall:
    """Of one receiver: called once for each cause.

    Not before what arrives can be kept: a receiver that tries in vain connects anew every two seconds, and each call
    costs every station's SIM a hello.
    """

    def __init__(self) -> None:
        self._due = True

    def want(self) -> None:
        """Note a cause: a new connection, another database, room for photos again."""
        self._due = True

    def call(self, link: Link, speaks: bool, keeps: bool) -> None:
        """Call it where it is due, the stations are answered here (`speaks`), and what they send is kept."""
        if self._due and speaks and keeps:
            self._due = False
            link.publish(contract.ROLLCALL, b"{}")
