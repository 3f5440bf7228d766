"""Which logins cameras have refused, across restarts, so that no camera is ever locked by too many attempts.

A recorder counts the refused logins of all its channels and locks after five or so: one kind the user, another one
whoever asks, with all his users. So refusals are counted by the box, whoever the user is. What was refused is blocked
for all cameras there: for half an hour, then, after one more try of all that were refused, for 2 hours, 8 hours and a
day. A login that was never refused is tried at once, but for a fourth one where three were refused.
The block ends by a picture that the login was asked for, by other settings, or by a person's word. A picture by another
login ends none: of two channels of which one has a slip in its password, the other's pictures would let it be refused
each half hour.
Before a login is tried whose last answer was a refusal, or is not known, that is kept: a power cut behind the refusal
hides none. A camera that has given a picture costs no more writing.
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

PAUSES = (1800.0, 7200.0, 28_800.0, 86_400.0)  # s after the first refusal, the second ...; the last one for ever
OTHER_LOGINS = 3  # that may be refused before another one too waits
TURN = 1800.0  # s between those that were refused, in which the next one's cameras are all due
MOST_GOOD = 32  # logins of one box
UNASKED = (UnreachableError.kind.code, AWAY.code, DISK.code)  # kinds of errors before a login
UNHEARD = (ENDED.code, HUNG.code, NO_ANSWER.code)
OWN_PORTS = {None, 80, 443, 554, 322}  # of one camera; behind others, forwarded by a router, are other cameras


class Login(msgspec.Struct, frozen=True):
    """What a camera is asked with: the box that counts refusals, the user, the password."""

    box: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.box}, {self.user})"


class BoxLogins(msgspec.Struct):
    """A box that has refused logins `times` in all; `until` then one of them may be tried.

    `until`: s of the boot `boot`; `until_utc`: microseconds, None if the time was unknown. As digests: the logins
    that were `refused`, the last one last; those being tried (`asking`); of the refused ones those whose try was
    `cut_off` by the station's end; those whose last answer was no refusal (`good`).
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
    """What is kept of all of them: `salt` of the digests, and by box what came of its logins."""

    salt: str
    boxes: dict[str, BoxLogins] = {}


class RefusedLogins:
    """The refused logins of a station. `now`: s of this boot; `utc`: microseconds, None if it is unknown.

    `keeps`: what happens is written to the file, as the station alone does.
    """

    def __init__(
        self, file: Path, boot: str, now: Callable[[], float], utc: Callable[[], int | None], keeps: bool = True
    ) -> None:
        self._file, self._boot, self._now, self._utc, self._keeps = file, boot, now, utc, keeps
        self._book = SavedLogins(secrets.token_hex(16))
        self._digests: dict[Login, str] = {}  # each costs 30 ms on a small board

    def load(self) -> None:
        """Take up what an earlier start kept. What another boot refused waits as long as is left by UTC, or anew.

        What was being tried when that start ended counts as refused.
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
            with suppress(OSError):  # then the next start counts them anew
                self._keep()

    def seconds_left(self, login: Login) -> float:
        """Return the seconds until this login may be tried; 0 where it may be now."""
        one = self._book.boxes.get(key(login))
        if one is None:
            return 0.0
        digest = self._digest(login)
        if digest in one.refused:  # each has its turn: the longest untried first
            return max(0.0, one.until + TURN * one.refused.index(digest) - self._now())
        if digest in one.good or len(one.refused) < OTHER_LOGINS:
            return 0.0
        return max(0.0, one.until - self._now())

    def why(self, login: Login) -> Reason:
        """Return why a login waits."""
        one, digest = self._book.boxes[key(login)], self._digest(login)
        if digest in one.cut_off:
            return login_cut_off(login.user, login.box)
        return login_refused(login.user, login.box) if digest in one.refused else logins_refused(login.box)

    def claim(self, login: Login) -> None:
        """Take in that a login is tried now. Raise OSError if it cannot be kept.

        Until it is known to go well no other one that waits is tried.
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
        """Take in that a box has refused a login. Raise OSError if it cannot be kept."""
        one, digest = self._of(login), self._digest(login)
        self._settled(login)
        if self._now() > one.until + PAUSES[-1]:  # nobody's any more: a camera's would have been tried by then
            one.times, one.refused = 0, []
        one.good, one.cut_off = ([other for other in some if other != digest] for some in (one.good, one.cut_off))
        self._count(one, digest)
        self._keep()

    def missed(self, login: Login, code: str) -> None:
        """Take in that there is no picture, by the kind of error. Raise OSError if that cannot be kept."""
        if code == LoginRefusedError.kind.code:
            self.refused(login)
        elif code in UNASKED:
            self.unreached(login)
        elif code in UNHEARD:
            self.unknown(login)
        else:
            self.answered(login)

    def given(self, login: Login, logged_in: bool) -> None:
        """Take in that there is a picture, for the login or for anybody. Raise OSError if that cannot be kept.

        A login that is let in says nothing of another one, which a channel may have in its settings: it waits on.
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
        """Take in that a login was not asked for: the box has counted none. Raise OSError if it cannot be kept."""
        one, digest = self._settled(login), self._digest(login)
        if one is not None and digest not in one.good:
            if digest in one.refused:
                one.until, one.until_utc = self._now(), self._utc()
            self._keep()

    def answered(self, login: Login) -> None:
        """Take in that a box has not refused a login. Raise OSError if it cannot be kept."""
        one, digest = self._settled(login), self._digest(login)
        if one is not None and digest not in one.good:
            if digest not in one.refused:
                one.good = [*one.good, digest][-MOST_GOOD:]
            self._keep()

    def unknown(self, login: Login) -> None:
        """Take in that nobody knows what became of a try: it counts where the login is refused later. Raise OSError."""
        if login.user:
            one = self._of(login)
            one.times, one.until = one.times + 1, max(one.until, self._now())
            self._settled(login)
            self._keep()

    def forgive(self) -> None:
        """Let every login be tried again at once. Raise OSError if it cannot be kept."""
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
        """Count a refusal; the login is the last to be tried again."""
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
    """Return what refusals are counted by: the box, but for cameras that are asked without a login."""
    return login.box if login.user else f"@{login.box}"


def login_of(camera: CaptureTarget) -> Login:
    """Return what the camera is asked with. The Pi's own camera, and an address that is none, have an empty box."""
    try:
        place, user, password = split_login(camera.settings(0.0))
    except UnreachableError:
        return Login("", camera.username, camera.password)
    port = "" if place.port in OWN_PORTS else f":{place.port}"
    return Login(f"{_one_way(place.hostname or '')}{port}", user, password)


def _one_way(host: str) -> str:
    """Return a host as it is written in one way alone: an address of IPv6 has many."""
    try:
        return str(ip_address(host.replace("%25", "%")))
    except ValueError:  # a name
        return host.removesuffix(".")
