"""A connection on which nothing arrives: a broker may grant a subscription, then deliver nothing and not say so."""

from __future__ import annotations

import logging

from drivers.reason import Reason

log = logging.getLogger("minshan.hub")
PATIENCE = 10  # s; stations' last states are retained by the broker and arrive at once


class SilentBroker:
    """Watches the connections to one broker: one line in the log where nothing comes, until something does."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._since: float | None = None  # when a connection began that has brought nothing yet, s
        self._told = False

    def begin(self, now: float) -> None:
        """Take in that a connection begins, at `now` in seconds."""
        self._since = None if self._told else now

    def look(self, came: bool, now: float) -> None:
        """Take in whether something came since the last look."""
        if came:
            self._since, self._told = None, False
        elif self._since is not None and now - self._since >= PATIENCE:
            self._since, self._told = None, True
            log.warning(
                "%s",
                Reason(
                    "nothing_heard",
                    "{broker} accepts the login but has delivered nothing for {seconds} s: either no "
                    "station has sent anything there yet, or its ACL does not let this login read "
                    "what stations send",
                    broker=self._broker,
                    seconds=PATIENCE,
                ),
            )
