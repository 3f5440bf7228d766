"""Faults of a receiver, each logged once when it begins and once when it ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.reason import Reason
from hub.database.errors import is_unusable
from hub.record_files import unwritten
from hub.sink import Delivery, SinkError

log = logging.getLogger("minshan.watch")
LASTING = 15  # tries, two seconds apart, that meet the same


class Troubles:
    """The faults of one receiver. `broker`: its address as shown; `reason`: the present fault, None: there is none.

    `unkept`: why received data could not be stored; a new connection does not end that, a successful commit does.
    """

    def __init__(self, broker: str) -> None:
        self.reason: Reason | None = None
        self.unkept: Reason | None = None
        self._broker = broker
        self._told: Reason | None = None  # the reason logged last
        self._same = 0  # attempts in a row that have failed for the same reason

    @property
    def keeps_nothing(self) -> Reason | None:
        """Why received data cannot be stored now; None if it can, or if nothing arrives because the broker is away."""
        return self.unkept if self.reason == self.unkept else None

    def begin(self, reason: Reason) -> None:
        """Note why there is no connection, or why none is attempted.

        Attempts may word one outage differently, so only its beginning is logged. But how a database ended a connection
        says little about why it refuses new ones: a reason that persists gets a line of its own.
        """
        lasts = self.reason is not None and is_unusable(self.reason) and is_unusable(reason)
        self._same = self._same + 1 if reason == self.reason else 0
        if (reason != self.reason and not lasts) or (self._same == LASTING and reason != self._told):
            log.warning("%s", reason)
            self._told = reason
        self.reason = reason

    def begin_unkept(self, reason: Reason) -> None:
        """Note why received data could not be stored."""
        self.begin(reason)
        self.unkept = reason

    def connected(self) -> None:
        """Note that a connection is established."""
        if self.unkept is None:
            log.info("connected to %s", self._broker)
        self.reason = self.unkept

    @contextmanager
    def keeping(self, delivery: Delivery) -> Iterator[None]:
        """Note whether the commit of a delivery, done within, stores the received records and pictures."""
        came = bool(delivery.rows or delivery.pictures)
        try:
            yield
        except (OSError, SinkError) as error:
            if came:
                self.begin_unkept(why_unkept(error))
            raise
        if came:
            self.kept()

    def kept(self) -> None:
        """Note that records or pictures were stored."""
        if self.unkept is not None:
            log.info("what arrives is kept again")
            self.reason = self.unkept = None


def why_unkept(error: OSError | SinkError) -> Reason:
    """Return why something could not be stored: what the database says, or what file cannot be written."""
    return error.reason if isinstance(error, SinkError) else unwritten(error)
