"""What a hub does behind live after its start: hold the ledger against the rows, and build indexes that are missing.

Both take as long as there are records. Meanwhile records are received, kept and acknowledged; receipts and answers,
which stand on the ledger, wait for the first of the two.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing

from drivers.clock import Clock
from drivers.reason import Reason
from edge.lanes import Lanes
from hub.database import late_indexes, ledger_repair
from hub.database.engine import Engine
from hub.database.errors import is_unusable
from hub.database.lease import INDEXES, Lease
from hub.sink import SinkError

log = logging.getLogger("minshan.hub")
PAUSE_S = 5.0  # until it is tried again where the database is away, or another hub is at it


class Upkeep:
    """A lane of its own, which ends when all is done. `database` opens the database, `holder` names this hub."""

    def __init__(self, database: Callable[[], Engine], holder: str, clock: Clock) -> None:
        self._database, self._holder, self._clock = database, holder, clock
        self._compared = False
        self._told: Reason | None = None
        self._lanes = Lanes(clock)

    def start(self) -> None:
        """Begin."""
        self._lanes.start("upkeep", self._run)

    def stop(self, timeout: float) -> None:
        """End; what a server does for it meanwhile ends with the process."""
        self._lanes.stop()
        self._lanes.join(timeout)

    def is_compared(self) -> bool:
        """Return whether the ledger names what is there."""
        return self._compared

    def _run(self) -> None:
        while not self._tried():
            self._clock.sleep_until(self._clock.now() + PAUSE_S)

    def _tried(self) -> bool:
        """Do what is left. Return whether that was all."""
        try:
            with closing(self._database()) as engine:
                if not self._compared:
                    ledger_repair.repair(engine)
                    self._compared = True
                return late_indexes.build(engine, Lease(engine, self._holder, self._clock, INDEXES))
        except SinkError as trouble:
            if trouble.reason != self._told and not is_unusable(trouble.reason):  # the receiver says that one
                log.warning("%s", trouble.reason)
            self._told = trouble.reason
            return False
