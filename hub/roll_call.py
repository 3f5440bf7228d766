"""When a receiver calls the roll: every station answers with a hello, which shows what is missing."""

from __future__ import annotations

from edge.wire import contract
from edge.wire.link import Link


class RollCall:
    """The roll calls of one receiver: one for each cause.

    None while received data cannot be stored: a receiver that fails to store reconnects every two seconds, and each
    call costs every station's SIM a hello.
    """

    def __init__(self) -> None:
        self._due = True

    def want(self) -> None:
        """Note a cause: a new connection, another database, or space for photos again."""
        self._due = True

    def call(self, link: Link, speaks: bool, keeps: bool) -> None:
        """Publish a roll call if one is due, this receiver answers stations (`speaks`), and stores data (`keeps`)."""
        if self._due and speaks and keeps:
            self._due = False
            link.publish(contract.ROLLCALL, b"{}")
