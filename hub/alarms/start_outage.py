"""What a hub does that starts on a database in which it can keep nothing, as on a disk that became read-only.

Whom to tell stands in that database: where it can be read they are told past it, as by a hub that ran before.
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

NEVER_US = 2**62  # since when no alarm has changed, so that the open ones alone are listed


class StartOutage:
    """One hub's, until it has begun. `database` opens what is there to be read."""

    def __init__(self, database: Callable[[], Engine], senders: Mapping[str, Sender], clock: Clock) -> None:
        self._database = database
        self._outage = DatabaseOutage(senders, clock)
        self._is_known = False  # whom to tell

    def note_failure(self, why: Reason) -> None:
        """Note that it cannot begin, and say so once that has lasted."""
        if not self._is_known:
            with suppress(SinkError), closing(self._database()) as engine:
                alarms = AlarmBook(engine).since(NEVER_US, None)  # `live` locks, which no standby lets
                frost = any(one.open and one.urgency == "frost" for one in alarms)
                self._outage.note_pass(People(engine).listed(), frost)
                self._is_known = True
        if self._is_known:
            self._outage.note_failure(why)

    def note_begin(self) -> None:
        """Note that it has begun; say so where people were told."""
        self._outage.stand_by()
