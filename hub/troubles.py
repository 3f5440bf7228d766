"""What keeps a receiver from its work: a line in the log where it begins and one where it ends."""

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
    """Of one receiver. `broker`: its address as it is shown; `reason`: what is the matter now, None: nothing.

    `unkept`: why what came could not be stored; a new connection alone does not end that, storing something does.
    """

    def __init__(self, broker: str) -> None:
        self.reason: Reason | None = None
        self.unkept: Reason | None = None
        self._broker = broker
        self._told: Reason | None = None  # the last line
        self._same = 0  # tries that have met the same since

    @property
    def keeps_nothing(self) -> Reason | None:
        """Why what comes now cannot be stored; None where it can, or nothing comes as the broker is away."""
        return self.unkept if self.reason == self.unkept else None

    def begin(self, reason: Reason) -> None:
        """Take in why there is no connection, or none is asked for.

        Each try may word it differently, and how a database ended a connection says little of why it gives no other:
        what tries go on meeting is a line of its own.
        """
        lasts = self.reason is not None and is_unusable(self.reason) and is_unusable(reason)
        self._same = self._same + 1 if reason == self.reason else 0
        if (reason != self.reason and not lasts) or (self._same == LASTING and reason != self._told):
            log.warning("%s", reason)
            self._told = reason
        self.reason = reason

    def begin_unkept(self, reason: Reason) -> None:
        """Take in why what came could not be kept."""
        self.begin(reason)
        self.unkept = reason

    def connected(self) -> None:
        """Take in that there is a connection."""
        if self.unkept is None:
            log.info("connected to %s", self._broker)
        self.reason = self.unkept

    @contextmanager
    def keeping(self, delivery: Delivery) -> Iterator[None]:
        """Take in whether what is done within, the commit of a delivery, keeps the records and pictures that came."""
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
        """Take in that records or pictures were kept."""
        if self.unkept is not None:
            log.info("what arrives is kept again")
            self.reason = self.unkept = None


def why_unkept(error: OSError | SinkError) -> Reason:
    """Return why something could not be stored: what the database says, or what file cannot be written."""
    return error.reason if isinstance(error, SinkError) else unwritten(error)
