"""Notify people when a hub starts on a database that it cannot write, as on a disk that became read-only.

The people on call are in that database: if it can be read, they are notified as in an outage of a running hub.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing, suppress

from drivers.clock import Clock
from drivers.reason import Reason
from edge.delivery.message import Sender
from hub.alarms.book import AlarmBook
from hub.alarms.database_outage import DatabaseOutage
from hub.alarms.people import People
from hub.database.engine import Engine
from hub.sink import SinkError

NEVER_US = 2**62  # no alarm has changed since then, so only open ones are listed


class StartOutage:
    """One hub's, until it has started. `database` opens the database for reading."""

    def __init__(self, database: Callable[[], Engine], senders: Mapping[str, Sender], clock: Clock) -> None:
        self._database = database
        self._outage = DatabaseOutage(senders, clock)
        self._is_known = False  # whom to tell

    def note_failure(self, why: Reason) -> None:
        """Note a failed start; report it once it has lasted."""
        if not self._is_known:
            with suppress(SinkError), closing(self._database()) as engine:
                alarms = AlarmBook(engine).since(NEVER_US, None)  # `live` locks, which no standby lets
                frost = any(one.open and one.urgency == "frost" for one in alarms)
                self._outage.note_pass(People(engine).listed(), frost)
                self._is_known = True
        if self._is_known:
            self._outage.note_failure(why)

    def note_begin(self) -> None:
        """Note a successful start; report it where the failure was reported."""
        self._outage.stand_by()
