"""Background work after a hub's start: compare the ledger with the rows, and build missing indexes.

Both take time in proportion to the records. Meanwhile records are received, stored and acknowledged; receipts and
answers, which depend on the ledger, wait for the comparison.
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
PAUSE_S = 5.0  # s before a retry where the database is unavailable, or another hub is at work


class Upkeep:
    """A lane that ends when all is done. `database` opens the database, `holder` names this hub."""

    def __init__(self, database: Callable[[], Engine], holder: str, clock: Clock) -> None:
        self._database, self._holder, self._clock = database, holder, clock
        self._compared = False
        self._told: Reason | None = None
        self._lanes = Lanes(clock)

    def start(self) -> None:
        """Start the lane."""
        self._lanes.start("upkeep", self._run)

    def stop(self, timeout: float) -> None:
        """Stop the lane; a statement still running on a server ends with the process."""
        self._lanes.stop()
        self._lanes.join(timeout)

    def is_compared(self) -> bool:
        """Return whether the ledger has been compared with the rows."""
        return self._compared

    def _run(self) -> None:
        while not self._attempt():
            self._clock.sleep_until(self._clock.now() + PAUSE_S)

    def _attempt(self) -> bool:
        """Do the remaining work. Return whether all is done."""
        try:
            with closing(self._database()) as engine:
                if not self._compared:
                    ledger_repair.repair(engine)
                    self._compared = True
                return late_indexes.build(engine, Lease(engine, self._holder, self._clock, INDEXES))
        except SinkError as trouble:
            if trouble.reason != self._told and not is_unusable(trouble.reason):  # the receiver logs that one
                log.warning("%s", trouble.reason)
            self._told = trouble.reason
            return False
