"""Detect a connection on which nothing arrives: a broker may grant a subscription and then deliver nothing."""

from __future__ import annotations

import logging

from drivers.reason import Reason

log = logging.getLogger("minshan.hub")
PATIENCE = 10  # s; the stations' retained states arrive at once


class SilentBroker:
    """Watches the connections to one broker: logs once where nothing arrives, again only after something did."""

    def __init__(self, broker: str) -> None:
        self._broker = broker
        self._since: float | None = None  # begin of a connection on which nothing arrived yet, s
        self._told = False

    def begin(self, now: float) -> None:
        """Note that a connection begins, at `now` in seconds."""
        self._since = None if self._told else now

    def look(self, came: bool, now: float) -> None:
        """Note whether something arrived since the last look; log where nothing has for PATIENCE."""
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
