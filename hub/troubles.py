"""What keeps a receiver from its work: a line in the log where it begins and one where it ends."""

from __future__ import annotations

import logging

from drivers.reason import Reason
from hub.database.errors import is_unusable

log = logging.getLogger("minshan.watch")


class Troubles:
    """Of one receiver. `broker`: its address as it is shown; `reason`: what is the matter now, None: nothing."""

    def __init__(self, broker: str) -> None:
        self.reason: Reason | None = None
        self._broker = broker
        self._unkept: Reason | None = None  # why nothing is stored: a new connection alone does not end that

    def begin(self, reason: Reason) -> None:
        """Take in why there is no connection, or none is asked for."""
        lasts = self.reason is not None and is_unusable(self.reason)  # each try may word it differently
        if reason != self.reason and not (lasts and is_unusable(reason)):
            log.warning("%s", reason)
        self.reason = reason

    def begin_unkept(self, reason: Reason) -> None:
        """Take in why what came could not be kept."""
        self.begin(reason)
        self._unkept = reason

    def connected(self) -> None:
        """Take in that there is a connection."""
        if self._unkept is None:
            log.info("connected to %s", self._broker)
        self.reason = self._unkept

    def kept(self) -> None:
        """Take in that records or pictures were kept."""
        if self._unkept is not None:
            log.info("what arrives is kept again")
            self.reason = self._unkept = None
