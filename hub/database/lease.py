"""The lease that lets only one of several hubs deliver alarms, answer stations, or send to a platform.

No clocks are compared: the holder writes a new random value every few seconds, and another hub takes over once it has
seen the same value for thirty seconds of its own time, plus the longest request's.
"""

from __future__ import annotations

import secrets
from zlib import crc32

from drivers.clock import Clock
from hub.database.engine import Engine

ALARMS, ANSWERS = 1, 2  # lease numbers
PICTURES = 3  # held by a folder, not a hub (hub/picture_folder.py)
INDEXES = 4  # to build indexes (hub/database/late_indexes.py)
DESTINATIONS = 1 << 32  # the first number of destinations, one for each name
ENDS_S = 30.0  # s without a renewal after which a lease has expired
BEAT_S = 5.0


class Lease:
    """This hub's side of a lease: `holder` names this hub, `number` the lease, `ends_s` the time to expiry."""

    def __init__(self, engine: Engine, holder: str, clock: Clock, number: int = ALARMS, ends_s: float = ENDS_S) -> None:
        self._engine, self._holder, self._clock, self._number = engine, holder, clock, number
        self._ends_s = ends_s
        self.is_anothers = False  # and was seen being renewed
        self._seen: tuple[str, str] | None = None  # another holder's name and value
        self._since = 0.0
        self._renewed: float | None = None  # when this hub last renewed it

    def claim(self) -> bool:
        """Renew the lease where due, or take it over where it has expired. Return whether this hub holds it.

        Raise SinkError.
        """
        now = self._clock.now()
        if self._renewed is not None and now - self._renewed < BEAT_S:
            return True
        mine = (self._number, self._holder)
        self._engine.query("INSERT INTO alarm_lease VALUES (%s, %s, '') ON CONFLICT (id) DO NOTHING", mine)
        ((holder, beat),) = self._engine.query("SELECT holder, beat FROM alarm_lease WHERE id = %s", mine[:1])
        if holder not in ("", self._holder):
            if (holder, beat) != self._seen:
                self.is_anothers = self._seen is not None
                self._seen, self._since = (holder, beat), now
            if now - self._since < self._ends_s:
                self._renewed = None
                return False
        taken = self._engine.query(  # several may share a name, as all hubs with one folder do
            "UPDATE alarm_lease SET holder = %s, beat = %s "
            "WHERE id = %s AND holder = %s AND (beat = %s OR holder = %s) RETURNING id",
            (self._holder, secrets.token_hex(8), self._number, holder, beat, self._holder),
        )
        self._renewed = now if taken else None
        return bool(taken)

    def release(self) -> None:
        """Let another hub take over at once. Raise SinkError."""
        self._renewed = None
        mine = (self._number, self._holder)
        self._engine.query("UPDATE alarm_lease SET holder = '' WHERE id = %s AND holder = %s", mine)


def of_destination(name: str) -> int:
    """Return the number of a destination's lease; if two names collide, one hub sends to both."""
    return DESTINATIONS + crc32(name.encode())


def holds(engine: Engine, holder: str) -> bool:
    """Return whether a hub holds the lease of alarms, within the transaction that relies on it."""
    mine = " FOR SHARE" if engine.postgres else ""
    return engine.query(f"SELECT holder FROM alarm_lease WHERE id = {ALARMS}{mine}") == [(holder,)]
