"""The lease by which one of several hubs does something: delivers alarms, answers stations, sends to a platform.

Nobody compares clocks: a holder writes a new word every few seconds, and another hub takes over once it has seen the
same word for thirty seconds of its own time, or as long as the longest request besides.
"""

from __future__ import annotations

import secrets
from zlib import crc32

from drivers.clock import Clock
from hub.database.engine import Engine

ALARMS, ANSWERS = 1, 2  # what leases are for
PICTURES = 3  # whose holder is a folder (hub/picture_folder.py)
INDEXES = 4  # of records, to be built (hub/database/late_indexes.py)
DESTINATIONS = 1 << 32  # from here on one for each, by its name
ENDS_S = 30.0  # of silence, after which a holder has lost it
BEAT_S = 5.0


class Lease:
    """This hub's part; `holder` names this hub, `number` what is to be done, `ends_s` the silence that ends it."""

    def __init__(self, engine: Engine, holder: str, clock: Clock, number: int = ALARMS, ends_s: float = ENDS_S) -> None:
        self._engine, self._holder, self._clock, self._number = engine, holder, clock, number
        self._ends_s = ends_s
        self.is_anothers = False  # who was seen to renew it
        self._seen: tuple[str, str] | None = None  # another's name and word
        self._since = 0.0
        self._renewed: float | None = None  # when ours was

    def claim(self) -> bool:
        """Renew it where it is due, or take it over where its holder is gone. Return whether it is ours now.

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
        taken = self._engine.query(  # several may have one name, as all hubs with one folder
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
    """Return the number of a destination's lease; two names of one number would have one hub send to both."""
    return DESTINATIONS + crc32(name.encode())


def holds(engine: Engine, holder: str) -> bool:
    """Return whether a hub has the lease of alarms, within the transaction that relies on it."""
    mine = " FOR SHARE" if engine.postgres else ""
    return engine.query(f"SELECT holder FROM alarm_lease WHERE id = {ALARMS}{mine}") == [(holder,)]
