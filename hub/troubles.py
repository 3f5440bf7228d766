"""Faults of a receiver, each logged once when it begins and once when it ends."""

from __future__ import annotations

import logging

from drivers.reason import Reason
from hub.database.errors import is_unusable

log = logging.getLogger("minshan.watch")


class Troubles:
    """The faults of one receiver. `broker`: its address as shown; `reason`: the present fault, None: there is none."""

    def __init__(self, broker: str) -> None:
        self.reason: Reason | None = None
        self._broker = broker
        self._unkept: Reason | None = None  # why nothing can be stored; a new connection alone does not end that

    def begin(self, reason: Reason) -> None:
        """Note why there is no connection, or why none is attempted."""
        lasts = self.reason is not None and is_unusable(self.reason)  # each attempt may word it differently
        if reason != self.reason and not (lasts and is_unusable(reason)):
            log.warning("%s", reason)
        self.reason = reason

    def begin_unkept(self, reason: Reason) -> None:
        """Note why received data could not be stored."""
        self.begin(reason)
        self._unkept = reason

    def connected(self) -> None:
        """Note that a connection is established."""
        if self._unkept is None:
            log.info("connected to %s", self._broker)
        self.reason = self._unkept

    def kept(self) -> None:
        """Note that records or pictures were stored."""
        if self._unkept is not None:
            log.info("what arrives is kept again")
            self.reason = self._unkept = None
