"""Whether another hub has a database of PostgreSQL open."""

from __future__ import annotations

from edge.clock.clock import SystemClock
from hub.database.engine import Engine

OTHERS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'minshan-hub' "
    "AND pid <> pg_backend_pid()"
)
ENDING_S = 3.0  # s for which a connection that has ended may still be listed
PAUSE_S = 0.1  # s


def is_left_alone(engine: Engine) -> bool:
    """Return whether no hub has it open; wait for connections that are ending. Raise SinkError."""
    clock = SystemClock()
    ends = clock.now() + ENDING_S
    while engine.query(OTHERS):
        if clock.now() >= ends:
            return False
        clock.sleep_until(clock.now() + PAUSE_S)
    return True
