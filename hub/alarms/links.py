"""Links for acknowledging: 128 random bits, stored as a hash, valid for a day."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec

from hub.database.engine import Engine
from hub.random_secrets import digest

LASTS_US = 24 * 3_600_000_000
BITS = 128


class AlarmLink(msgspec.Struct, frozen=True):
    """What a link permits: acknowledging these alarms, as one of these people."""

    alarms: list[str]
    people: list[str]


class Links:
    """Stores links. `engine`: used from one thread. All methods raise SinkError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def made(self, alarms: Sequence[str], people: Sequence[str], now: int) -> str:
        """Create a link. Return its secret."""
        secret = secrets.token_urlsafe(BITS // 8)
        body = msgspec.json.encode(AlarmLink(list(alarms), list(people))).decode()
        self._engine.query("DELETE FROM alarm_link WHERE until <= %s", (now,))
        self._engine.query(
            "INSERT INTO alarm_link (digest, until, said) VALUES (%s, %s, %s)", (digest(secret), now + LASTS_US, body)
        )
        return secret

    def opened(self, secret: str, now: int) -> AlarmLink | None:
        """Return what a link permits; None where it does not exist or has expired."""
        found = self._engine.query(
            "SELECT said FROM alarm_link WHERE digest = %s AND until > %s", (digest(secret), now)
        )
        return msgspec.json.decode(found[0][0], type=AlarmLink) if found else None
