"""Which logins cameras have refused, across restarts, so that no camera is ever locked by too many attempts.

A recorder counts the refused logins of all its channels and locks after about five: some lock the user, others the
client's address with all its users. So refusals are counted per box, whatever the user. A refused login is blocked for
all cameras of the box: for half an hour, then, after one more attempt of each refused login, for 2 hours, 8 hours and a
day. A login that was never refused is tried at once, except a fourth one after three were refused.
The block ends with a picture that required the login, with other settings, or by a person's command. A picture by
another login does not end it: of two channels of which one has a typo in its password, the other's pictures would let
it be refused every half hour.
Before a login is tried whose last answer was a refusal or is unknown, the attempt is saved, so that a power cut right
after a refusal does not hide it. A camera that has given a picture causes no more writes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import msgspec

from drivers.cameras.camera import LoginRefusedError, UnreachableError, split_login
from drivers.reason import Reason
from edge.files import write_whole
from edge.pictures.reasons import AWAY, DISK, ENDED, HUNG, NO_ANSWER, login_cut_off, login_refused, logins_refused
from edge.pictures.spool import CaptureTarget

PAUSES = (1800.0, 7200.0, 28_800.0, 86_400.0)  # s after the first refusal, the second ...; the last one from then on
OTHER_LOGINS = 3  # refused logins after which a new one is blocked too
TURN = 1800.0  # s between the attempts of refused logins, in which each camera becomes due
MOST_GOOD = 32  # logins of one box
NOT_TRIED = (UnreachableError.kind.code, AWAY.code, DISK.code)  # kinds of errors before a login
UNKNOWN = (ENDED.code, HUNG.code, NO_ANSWER.code)  # kinds of errors at which the login's outcome is unknown
OWN_PORTS = {None, 80, 443, 554, 322}  # of one camera; other ports, forwarded by a router, are other cameras


class Login(msgspec.Struct, frozen=True):
    """The login for a camera: the box that counts refusals, the user, the password."""

    box: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.box}, {self.user})"


class BoxLogins(msgspec.Struct):
    """A box that has refused logins `times` in all; from `until` on one of them may be tried.

    `until`: s of the boot `boot`; `until_utc`: microseconds, None if the time was unknown. As digests: the `refused`
    logins, the latest last; those being tried (`asking`); of the refused ones those whose attempt was `cut_off` by the
    station's end; those whose last answer was no refusal (`good`).
    """

    boot: str
    until: float = 0.0
    until_utc: int | None = None
    times: int = 0
    refused: list[str] = []
    asking: list[str] = []
    cut_off: list[str] = []
    good: list[str] = []


class SavedLogins(msgspec.Struct):
    """The file's contents: the `salt` of the digests, and the logins by box."""

    salt: str
    boxes: dict[str, BoxLogins] = {}


class RefusedLogins:
    """The refused logins of a station. `now`: s of this boot; `utc`: microseconds, None if it is unknown.

    `keeps`: whether to write changes to the file, as only the station does.
    """

    def __init__(
        self, file: Path, boot: str, now: Callable[[], float], utc: Callable[[], int | None], keeps: bool = True
    ) -> None:
        self._file, self._boot, self._now, self._utc, self._keeps = file, boot, now, utc, keeps
        self._book = SavedLogins(secrets.token_hex(16))
        self._digests: dict[Login, str] = {}  # each costs 30 ms on a small board

    def load(self) -> None:
        """Load what an earlier run saved. A block of another boot lasts as long as is left by UTC, or starts again.

        A login that was being tried when that run ended counts as refused.
        """
        try:
            self._book = msgspec.json.decode(self._file.read_bytes(), type=SavedLogins)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return
        self._digests.clear()
        utc = self._utc()
        for one in self._book.boxes.values():
            if one.boot != self._boot:
                left = pause(one.times)
                if utc is not None and one.until_utc is not None:
                    left = min(left, max(0.0, (one.until_utc - utc) / 1e6))
                one.boot, one.until = self._boot, self._now() + left
        interrupted = [one for one in self._book.boxes.values() if one.asking]
        for one in interrupted:
            for digest in one.asking:
                self._count(one, digest)
            one.cut_off, one.asking = sorted({*one.cut_off, *one.asking}), []
        if interrupted:
            with suppress(OSError):  # then the next run counts them again
                self._keep()

    def seconds_left(self, login: Login) -> float:
        """Return the seconds until this login may be tried; 0 if it may be now."""
        one = self._book.boxes.get(key(login))
        if one is None:
            return 0.0
        digest = self._digest(login)
        if digest in one.refused:  # in turn: the one that was tried longest ago first
            return max(0.0, one.until + TURN * one.refused.index(digest) - self._now())
        if digest in one.good or len(one.refused) < OTHER_LOGINS:
            return 0.0
        return max(0.0, one.until - self._now())

    def why(self, login: Login) -> Reason:
        """Return why a login is blocked."""
        one, digest = self._book.boxes[key(login)], self._digest(login)
        if digest in one.cut_off:
            return login_cut_off(login.user, login.box)
        return login_refused(login.user, login.box) if digest in one.refused else logins_refused(login.box)

    def claim(self, login: Login) -> None:
        """Note that a login is tried now. Raise OSError if that cannot be saved.

        Until its outcome is known no other blocked login of the box is tried.
        """
        if not login.user:
            return
        one, digest = self._of(login), self._digest(login)
        if digest not in one.good:
            if digest in one.refused or len(one.refused) >= OTHER_LOGINS:
                self._wait(one)
            one.asking = [*one.asking, digest]
            self._keep()

    def refused(self, login: Login) -> None:
        """Note that a box has refused a login. Raise OSError if that cannot be saved."""
        one, digest = self._of(login), self._digest(login)
        self._settled(login)
        if self._now() > one.until + PAUSES[-1]:  # no longer configured, or it would have been tried by now
            one.times, one.refused = 0, []
        one.good, one.cut_off = ([other for other in some if other != digest] for some in (one.good, one.cut_off))
        self._count(one, digest)
        self._keep()

    def missed(self, login: Login, code: str) -> None:
        """Note what a failed picture tells of the login, by the kind of error. Raise OSError if it cannot be saved."""
        if code == LoginRefusedError.kind.code:
            self.refused(login)
        elif code in NOT_TRIED:
            self.unreached(login)
        elif code in UNKNOWN:
            self.unknown(login)
        else:
            self.answered(login)

    def given(self, login: Login, logged_in: bool) -> None:
        """Note that there is a picture; `logged_in`: it required the login. Raise OSError if that cannot be saved.

        An accepted login proves nothing about another one of the box, which stays blocked.
        """
        if not logged_in:
            self.unreached(login)
            self.answered(login)
        elif (one := self._settled(login)) is not None and (digest := self._digest(login)) not in one.good:
            one.refused, one.cut_off = (
                [other for other in some if other != digest] for some in (one.refused, one.cut_off)
            )
            one.times = one.times if one.refused else 0
            one.good = [*one.good, digest][-MOST_GOOD:]
            self._keep()

    def unreached(self, login: Login) -> None:
        """Note that a login was not tried: the box has counted nothing. Raise OSError if that cannot be saved."""
        one, digest = self._settled(login), self._digest(login)
        if one is not None and digest not in one.good:
            if digest in one.refused:
                one.until, one.until_utc = self._now(), self._utc()
            self._keep()

    def answered(self, login: Login) -> None:
        """Note that a box has not refused a login. Raise OSError if that cannot be saved."""
        one, digest = self._settled(login), self._digest(login)
        if one is not None and digest not in one.good:
            if digest not in one.refused:
                one.good = [*one.good, digest][-MOST_GOOD:]
            self._keep()

    def unknown(self, login: Login) -> None:
        """Note that an attempt's outcome is unknown: it counts if the login is refused later. Raise OSError."""
        if login.user:
            one = self._of(login)
            one.times, one.until = one.times + 1, max(one.until, self._now())
            self._settled(login)
            self._keep()

    def forgive(self) -> None:
        """Unblock every login. Raise OSError if that cannot be saved."""
        self._book.boxes.clear()
        self._keep()

    def _of(self, login: Login) -> BoxLogins:
        return self._book.boxes.setdefault(key(login), BoxLogins(self._boot))

    def _settled(self, login: Login) -> BoxLogins | None:
        """Return the box of a login that is no longer being tried; None if nothing is known of it."""
        one, digest = self._book.boxes.get(key(login)), self._digest(login)
        if one is not None:
            one.asking = [other for other in one.asking if other != digest]
        return one

    def _count(self, one: BoxLogins, digest: str) -> None:
        """Count a refusal; the login is then the last to be tried again."""
        one.times += 1
        one.refused = [*(other for other in one.refused if other != digest), digest]
        self._wait(one)

    def _wait(self, one: BoxLogins) -> None:
        seconds, utc = pause(one.times), self._utc()
        one.boot, one.until = self._boot, self._now() + seconds
        one.until_utc = None if utc is None else utc + round(seconds * 1e6)

    def _digest(self, login: Login) -> str:
        if login not in self._digests:
            words, salt = f"{login.user}\0{login.password}".encode(), bytes.fromhex(self._book.salt)
            self._digests[login] = hashlib.scrypt(words, salt=salt, n=2**10, r=8, p=1, dklen=16).hex()
        return self._digests[login]

    def _keep(self) -> None:
        if self._keeps:
            write_whole(self._file, msgspec.json.encode(self._book))


def pause(times: int) -> float:
    """Return the seconds to wait after so many refusals."""
    return PAUSES[min(max(times, 1), len(PAUSES)) - 1]


def key(login: Login) -> str:
    """Return the key by which refusals are counted: the box; another one for cameras without a login."""
    return login.box if login.user else f"@{login.box}"


def login_of(camera: CaptureTarget) -> Login:
    """Return a camera's login. The Pi's own camera, and an invalid address, have an empty box."""
    try:
        place, user, password = split_login(camera.settings(0.0))
    except UnreachableError:
        return Login("", camera.username, camera.password)
    port = "" if place.port in OWN_PORTS else f":{place.port}"
    return Login(f"{_canonical(place.hostname or '')}{port}", user, password)


def _canonical(host: str) -> str:
    """Return the canonical form of a host: an IPv6 address can be written in many ways."""
    try:
        return str(ip_address(host.replace("%25", "%")))
    except ValueError:  # a name
        return host.removesuffix(".")
