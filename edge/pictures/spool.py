"""The spool: one folder through which the daemon wishes for pictures and the camera process answers.

    wish-ID.json      the daemon's wish                          (written, synced, renamed, folder synced)
    taken-ID.json     the camera process has begun on it         (renamed: a wish is tried once)
    ID.full.jpg, ID.thumb.jpg, then answer-ID.json               what came of it
    worker.lock       held by the camera process as long as it lives
    last.json         what each camera's last picture looked like (the daemon's)
    logins.json       which logins were refused                   (the daemon's; no password)

A killed camera process leaves its wish as taken: the next one answers it with an error, so that a picture that
crashes a library is not tried for ever. Files with other names are not the spool's and are left alone.
A wish may carry a camera's password, so the folder is 0700, its files 0600, and no wish is ever logged.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
import secrets
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from drivers.cameras.camera import CameraSettings
from drivers.reason import Reason
from edge.files import read_password, sync_folder, write_whole
from edge.records.bodies import encode, restore
from edge.records.record import ClockMark, Stamp

LOCK = "worker.lock"
LATE_STEP = 5.0  # s; coarse, so that a busy machine writes the same picture as an idle one
NAME = re.compile(r"^(?:(wish|taken|answer)-[0-9a-f]{16}\.json|[0-9a-f]{16}\.(?:full|thumb)\.jpg|.*\.part)$")
T = TypeVar("T")


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """The camera to ask: the configuration's section without its schedule, the password read from its file."""

    name: str
    driver: str
    url: str = ""
    username: str = ""
    password: str = ""
    width: int = 2688
    height: int = 1520
    fingerprint: str = ""

    def settings(self, timeout: float) -> CameraSettings:
        """Return how the drivers are told of it; `timeout` s for one still."""
        return CameraSettings(
            self.driver, self.url, self.username, self.password, self.width, self.height, timeout, self.fingerprint
        )


class Place(msgspec.Struct, frozen=True):
    """Where the picture is taken: degrees of `datum`, metres above sea level, hours ahead of UTC."""

    latitude: float
    longitude: float
    altitude_m: float
    datum: str
    utc_offset_h: float


class Wish(msgspec.Struct, frozen=True, omit_defaults=True):
    """One picture to take. `utc` microseconds or None; `deadline` s for all of it; `previous` a `Look.pixels`.

    `laid` is the machine's own boot clock, s, when it was laid down: the stamp's may be a simulation's.
    """

    id: str
    station: str
    camera: Target
    stamp: Stamp
    utc: int | None
    clock: ClockMark
    deadline: float
    place: Place | None = None
    previous: str = ""
    laid: float | None = None

    def __repr__(self) -> str:
        return f"Wish({self.id}, {self.camera.name})"


class Part(msgspec.Struct, frozen=True):
    """One file of an answer: SHA-256 and size in bytes."""

    sha256: str
    bytes: int


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What came of a wish: `full` and `thumbnail`, or the `reason`, its parameter `detail` being what happened.

    `faults`: codes of `edge.pictures.judge.FAULTS`; `figures`: what they were judged by; `pixels`: a hash of
    the decoded picture for the next wish's `previous`; `late_s`: the still was taken at most so many seconds after
    the wish was laid down.
    """

    id: str
    ok: bool
    reason: Reason | None = None
    full: Part | None = None
    thumbnail: Part | None = None
    width: int = 0
    height: int = 0
    faults: list[str] = []
    figures: dict[str, float] = {}
    pixels: str = ""
    late_s: float = 0.0


def new_id() -> str:
    """Return an id for a wish."""
    return secrets.token_hex(8)


class Spool:
    """Both ends of the folder; the daemon and the camera process each have their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    # -- the daemon's end ------------------------------------------------------------------------------

    def put(self, wish: Wish) -> None:
        """Lay a wish down."""
        self._write(f"wish-{wish.id}.json", msgspec.json.encode(wish))

    def answer(self, wish_id: str) -> Answer | None:
        """Return the wish's answer, where it is there and whole."""
        return self._read(self.folder / f"answer-{wish_id}.json", Answer)

    def attended(self) -> bool:
        """Return whether a camera process holds the spool."""
        try:  # for reading alone: who watches the folder is not to hear of every look
            lock = os.open(self.folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def files(self, wish_id: str) -> tuple[Path, Path]:
        """Where an answer's full picture and thumbnail lie."""
        return self.folder / f"{wish_id}.full.jpg", self.folder / f"{wish_id}.thumb.jpg"

    def drop(self, wish_id: str) -> None:
        """Forget a wish and all that came of it."""
        names = (f"{word}-{wish_id}.json" for word in ("wish", "taken", "answer"))
        for file in (*(self.folder / name for name in names), *self.files(wish_id)):
            file.unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove all wishes and answers, with no wish open: leftovers of a killed daemon. Return how many files."""
        left = [file for file in self.folder.iterdir() if NAME.match(file.name)]
        for file in left:
            file.unlink(missing_ok=True)
        return len(left)

    def remembered(self) -> dict[str, str]:
        """Camera -> `pixels` of its last picture."""
        return self._read(self.folder / "last.json", dict[str, str]) or {}

    def remember(self, last: dict[str, str]) -> None:
        """Keep the cameras' last pictures' `pixels` over a restart."""
        self._write("last.json", msgspec.json.encode(last))

    # -- the camera process's end ------------------------------------------------------------------------

    def attend(self) -> int | None:
        """Hold the spool until the process ends: the lock's descriptor, None where another one holds it (or
        the daemon looks at this very moment: try again)."""
        lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def take(self) -> Wish | None:
        """Return the next wish, now taken; what is no wish is removed."""
        for file in sorted(self.folder.glob("wish-*.json")):
            wish = self._read(file, Wish) if NAME.match(file.name) else None
            if wish is not None and file.name == f"wish-{wish.id}.json":
                try:
                    file.rename(self.folder / f"taken-{wish.id}.json")
                except FileNotFoundError:  # withdrawn in between
                    continue
                sync_folder(self.folder)
                return wish
            file.unlink(missing_ok=True)
        return None

    def finish(self, answer: Answer, full: bytes = b"", thumbnail: bytes = b"") -> None:
        """Lay down an answer, its pictures first; nothing where the wish was withdrawn."""
        if not (self.folder / f"taken-{answer.id}.json").exists():
            return
        try:
            for file, data in zip(self.files(answer.id), (full, thumbnail)):
                if data:
                    self._write(file.name, data)
            self._write(f"answer-{answer.id}.json", encode(answer))
            (self.folder / f"taken-{answer.id}.json").unlink()
        except FileNotFoundError:  # dropped under our hands: withdrawn just now
            self.drop(answer.id)

    def abandoned(self) -> list[str]:
        """Ids of the wishes that an earlier camera process took and did not live to answer."""
        for pattern in (".answer-*.part", ".*.jpg.part"):  # .wish-*.part is the daemon's, perhaps being written
            for part in self.folder.glob(pattern):
                part.unlink(missing_ok=True)
        return [file.stem.partition("-")[2] for file in self.folder.glob("taken-*.json") if NAME.match(file.name)]

    # -- files ------------------------------------------------------------------------------------------

    def _write(self, name: str, data: bytes) -> None:
        write_whole(self.folder / name, data)

    @staticmethod
    def _read(file: Path, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode(file.read_bytes(), type=kind, dec_hook=restore)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None


def target(section: Any) -> Target:
    """Return the Target of a `CameraSection` (edge.config). Raise OSError where its password file cannot be read.

    The daemon reads the file: the camera process sees the spool alone.
    """
    password = section.password or ""
    if section.password_file:
        password = read_password(Path(section.password_file))
    url, user = section.url or "", section.username or ""
    size = section.width, section.height
    return Target(section.name, section.driver, url, user, password, *size, section.fingerprint or "")


def late(wish: Wish, now: float) -> float:
    """Return the seconds by which a still taken now is after the wish at most, in steps of `LATE_STEP`.

    `now` is the machine's boot clock, s, which no wrong date and no step of the system's time moves.
    """
    return 0.0 if wish.laid is None else math.ceil(max(0.0, now - wish.laid) / LATE_STEP) * LATE_STEP


def widened(mark: ClockMark, late_s: float) -> ClockMark:
    """How well the time of a wish tells when its still was taken: its error, s, and the delay on top."""
    return mark if mark.error is None else msgspec.structs.replace(mark, error=round(mark.error + late_s, 6))
