"""Which logins cameras have refused, across restarts, so that no camera is ever locked by too many attempts.

A recorder counts the refused logins of all its channels and locks after five or so. One refusal therefore blocks its
host and user for all cameras there: for half an hour, then after one more try each for 2 hours, 8 hours and a day.
The block ends by a picture that the login was asked for, by other settings, or by a person's word. A picture by another
password ends none: of two channels of one user of which one has a slip in its password, the other's pictures would let
it be refused each half hour.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path

import msgspec

from drivers.cameras.camera import UnreachableError, split_login
from edge.files import write_whole
from edge.pictures.spool import CaptureTarget

PAUSES = (1800.0, 7200.0, 28_800.0, 86_400.0)  # s after the first refusal, the second ...; the last one for ever
OTHER_LOGINS = 3  # different passwords that may be refused before they too wait
OWN_PORTS = {None, 80, 443, 554, 322}  # of one camera; behind others, forwarded by a router, are other cameras


class Login(msgspec.Struct, frozen=True):
    """What a camera is asked with: the box that counts refusals, the user, the password."""

    box: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.box}, {self.user})"


class RefusedUser(msgspec.Struct):
    """A user whom a box has refused `times`, with these passwords (as digests); the next try is at `until`.

    `until`: s of the boot `boot`; `until_utc`: microseconds, None where the time was unknown; `good`: the password that
    the box has let in since (its digest), "" where there is none.
    """

    boot: str
    until: float
    until_utc: int | None
    times: int
    digests: list[str]
    good: str = ""


class SavedLogins(msgspec.Struct):
    """What is kept of all of them: `salt` of the digests, and by box and user who was refused."""

    salt: str
    refused: dict[str, RefusedUser] = {}


class RefusedLogins:
    """The refused logins of a station. `now`: s of this boot; `utc`: microseconds, None where it is unknown."""

    def __init__(self, file: Path, boot: str, now: Callable[[], float], utc: Callable[[], int | None]) -> None:
        self._file, self._boot, self._now, self._utc = file, boot, now, utc
        self._book = SavedLogins(secrets.token_hex(16))

    def load(self) -> None:
        """Take up what an earlier start kept. What another boot refused waits as long as is left by UTC, or anew."""
        try:
            self._book = msgspec.json.decode(self._file.read_bytes(), type=SavedLogins)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return
        utc = self._utc()
        for one in self._book.refused.values():
            if one.boot != self._boot:
                left = pause(one.times)
                if utc is not None and one.until_utc is not None:
                    left = min(left, max(0.0, (one.until_utc - utc) / 1e6))
                one.boot, one.until = self._boot, self._now() + left

    def seconds_left(self, login: Login) -> float:
        """Return the seconds until this login may be tried; 0 where it may be now."""
        one = self._book.refused.get(key(login))
        if one is None:
            return 0.0
        digest = self._digest(login)
        if digest == one.good or (digest not in one.digests and len(one.digests) < OTHER_LOGINS):
            return 0.0
        return max(0.0, one.until - self._now())

    def claim(self, login: Login) -> None:
        """Take in that a login that was refused is tried now: until that is known to go well nobody else tries it.

        Raise OSError where it cannot be kept.
        """
        one = self._book.refused.get(key(login))
        if one is not None and self._digest(login) in one.digests:
            self._wait(one)
            self._keep()

    def refused(self, login: Login) -> None:
        """Take in that a box has refused a login. Raise OSError where it cannot be kept."""
        one = self._book.refused.setdefault(key(login), RefusedUser(self._boot, 0.0, None, 0, []))
        digest = self._digest(login)
        if digest == one.good:  # counted anew, as whatever was let in
            one.times, one.good = 0, ""
        one.times += 1
        one.digests = sorted({*one.digests, digest})
        self._wait(one)
        self._keep()

    def unreached(self, login: Login) -> None:
        """Take in that nothing asked for a login that was claimed: the box has counted none. Raise OSError."""
        one = self._book.refused.get(key(login))
        if one is not None and self._digest(login) in one.digests:
            one.until, one.until_utc = self._now(), self._utc()
            self._keep()

    def unknown(self, login: Login) -> None:
        """Take in that nobody knows what became of a try: it counts where the login is refused later. Raise OSError."""
        if login.user:
            self._book.refused.setdefault(key(login), RefusedUser(self._boot, 0.0, None, 0, [])).times += 1
            self._keep()

    def accepted(self, login: Login) -> None:
        """Take in that a box has let a login in. Raise OSError where it cannot be kept.

        That says nothing of another password, which a channel may have in its settings: it waits on.
        """
        one = self._book.refused.get(key(login))
        if one is None or (digest := self._digest(login)) == one.good:
            return
        if digest in one.digests or not one.digests:
            del self._book.refused[key(login)]
        else:
            one.good = digest
        self._keep()

    def forgive(self) -> None:
        """Let every login be tried again at once. Raise OSError where it cannot be kept."""
        self._book.refused.clear()
        self._keep()

    def _wait(self, one: RefusedUser) -> None:
        seconds, utc = pause(one.times), self._utc()
        one.boot, one.until = self._boot, self._now() + seconds
        one.until_utc = None if utc is None else utc + round(seconds * 1e6)

    def _digest(self, login: Login) -> str:
        salt = bytes.fromhex(self._book.salt)
        return hashlib.scrypt(login.password.encode(), salt=salt, n=2**10, r=8, p=1, dklen=16).hex()

    def _keep(self) -> None:
        write_whole(self._file, msgspec.json.encode(self._book))


def pause(times: int) -> float:
    """Return the seconds to wait after so many refusals."""
    return PAUSES[min(max(times, 1), len(PAUSES)) - 1]


def key(login: Login) -> str:
    """Return what refusals are counted by."""
    return f"{login.user}@{login.box}"


def login_of(camera: CaptureTarget) -> Login:
    """Return what the camera is asked with. The Pi's own camera, and an address that is none, have an empty box."""
    try:
        place, user, password = split_login(camera.settings(0.0))
    except UnreachableError:
        return Login("", camera.username, camera.password)
    port = "" if place.port in OWN_PORTS else f":{place.port}"
    return Login(f"{place.hostname or ''}{port}", user, password)
