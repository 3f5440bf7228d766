"""The technician's token: with it the page, whose own process may only read, may also send commands.

Only a salt and the token's scrypt are stored (N = 2**14, r = 8, p = 1: 16 MiB, Percival's setting for a login). The
daemon compares, and limits wrong tokens: five, then one a minute, over all callers.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from drivers.clock import Clock
from drivers.reason import Reason
from edge.control.arguments import CommandRefusedError
from edge.store.notes import Notes

KIND, NAME = "page", "token"
SALT = 16  # bytes
AT_ONCE, EACH_S = 5, 60.0  # wrong tokens allowed at once; s after which one more is allowed


class PageToken:
    """The stored token, and how many wrong ones may still be tried."""

    def __init__(self, notes: Notes, clock: Clock) -> None:
        self._notes, self._clock = notes, clock
        self._left, self._at = float(AT_ONCE), clock.now()

    def keep(self, token: str) -> None:
        """Store a new token. Raise StoreError."""
        salt = secrets.token_bytes(SALT)
        self._notes.put(KIND, NAME, salt + scrypt(token, salt))

    def check(self, token: object) -> None:
        """Check a token. Raise CommandRefusedError if it is wrong, none is set, or too many were wrong; StoreError."""
        kept = self._notes.get(KIND, NAME)
        if kept is None:
            raise CommandRefusedError(
                Reason("no_page_token", "no token is set: on the station, minshan page token sets one")
            )
        now = self._clock.now()
        self._left, self._at = min(AT_ONCE, self._left + (now - self._at) / EACH_S), now
        if self._left < 1:
            raise CommandRefusedError(Reason("page_token_wait", "too many wrong tokens: try again in a minute"))
        text = token if isinstance(token, str) else ""
        if not hmac.compare_digest(scrypt(text, kept[:SALT]), kept[SALT:]):
            self._left -= 1
            raise CommandRefusedError(Reason("wrong_page_token", "this is not the technician's token"))


def scrypt(token: str, salt: bytes) -> bytes:
    """Return the scrypt of a token; case, spaces and hyphens do not matter."""
    plain = "".join(token.lower().replace("-", " ").split()).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(plain, salt=salt, n=1 << 14, r=8, p=1, maxmem=1 << 25)
