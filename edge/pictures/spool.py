"""The spool: the folder through which the daemon requests pictures and the camera process answers.

    request-ID.json   the daemon's request                       (written, synced, renamed, folder synced)
    taken-ID.json     the camera process has begun it            (renamed: a request is tried once)
    ID.full.jpg, ID.thumb.jpg, then answer-ID.json               its outcome
    worker.lock       held by the camera process as long as it runs
    last.json         each camera's last picture                 (the daemon's; exists if the station has cameras)
    logins.json       refused logins                             (the daemon's; without passwords)

A killed camera process leaves its request as taken: the next one answers it with an error, so that a picture that
crashes a library is not retried for ever. Files with other names are not the spool's and are left alone.
A request may carry a camera's password, so the folder is 0700, its files 0600, and no request is ever logged.
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

LOCK, LAST = "worker.lock", "last.json"
LATE_STEP = 5.0  # s; coarse, so that a busy machine writes the same picture as an idle one
NAME = re.compile(r"^(?:(request|taken|answer)-[0-9a-f]{16}\.json|[0-9a-f]{16}\.(?:full|thumb)\.jpg|.*\.part)$")
T = TypeVar("T")


class CaptureTarget(msgspec.Struct, frozen=True, omit_defaults=True):
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
        """Return the settings for the drivers; `timeout`: s for one still."""
        return CameraSettings(
            self.driver, self.url, self.username, self.password, self.width, self.height, timeout, self.fingerprint
        )


class PicturePlace(msgspec.Struct, frozen=True):
    """Where the picture is taken: degrees of `datum`, metres above sea level, hours ahead of UTC."""

    latitude: float
    longitude: float
    altitude_m: float
    datum: str
    utc_offset_h: float


class CaptureRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture to take. `utc`: microseconds or None; `deadline`: s in all; `previous`: a `PictureQuality.pixels`.

    `laid`: when it was written, s of the machine's own boot clock (the stamp's clock may be a simulation's).
    """

    id: str
    station: str
    camera: CaptureTarget
    stamp: Stamp
    utc: int | None
    clock: ClockMark
    deadline: float
    place: PicturePlace | None = None
    previous: str = ""
    laid: float | None = None

    def __repr__(self) -> str:
        return f"CaptureRequest({self.id}, {self.camera.name})"


class FilePart(msgspec.Struct, frozen=True):
    """One file of an answer: SHA-256 and size in bytes."""

    sha256: str
    bytes: int


class CaptureResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """The outcome of a request: `full` and `thumbnail`, or the `reason`, with what happened in its parameter `detail`.

    `faults`: codes of `edge.pictures.reasons.FAULTS`; `figures`: what they were judged by; `pixels`: a hash of
    the decoded picture for the next request's `previous`; `late_s`: the still was taken at most so many seconds after
    the request was written; `logged_in`: the camera required the login.
    """

    id: str
    ok: bool
    reason: Reason | None = None
    full: FilePart | None = None
    thumbnail: FilePart | None = None
    width: int = 0
    height: int = 0
    faults: list[str] = []
    figures: dict[str, float] = {}
    pixels: str = ""
    late_s: float = 0.0
    logged_in: bool = True


class LastPicture(msgspec.Struct, frozen=True, omit_defaults=True):
    """A camera's last picture: its `pixels`, and the microseconds UTC at which it was asked for, where known."""

    pixels: str
    utc: int | None = None


def new_id() -> str:
    """Return an id for a request."""
    return secrets.token_hex(8)


class Spool:
    """Both ends of the folder; the daemon and the camera process each have their own object."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    # -- the daemon's end ------------------------------------------------------------------------------

    def put(self, request: CaptureRequest) -> None:
        """Write a request."""
        self._write(f"request-{request.id}.json", msgspec.json.encode(request))

    def answer(self, request_id: str) -> CaptureResult | None:
        """Return the request's answer; None if it is not there or not complete."""
        return self._read(self.folder / f"answer-{request_id}.json", CaptureResult)

    def attended(self) -> bool:
        """Return whether a camera process holds the spool."""
        try:  # opened only for reading: closing it after writing would notify the folder's watchers
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

    def files(self, request_id: str) -> tuple[Path, Path]:
        """Return the paths of an answer's full picture and thumbnail."""
        return self.folder / f"{request_id}.full.jpg", self.folder / f"{request_id}.thumb.jpg"

    def drop(self, request_id: str) -> None:
        """Delete a request with its answer and pictures."""
        names = (f"{word}-{request_id}.json" for word in ("request", "taken", "answer"))
        for file in (*(self.folder / name for name in names), *self.files(request_id)):
            for each in (file, file.with_name(f".{file.name}.part")):
                each.unlink(missing_ok=True)

    def sweep(self) -> int:
        """Delete all requests and answers left by a killed daemon; none may be open. Return the number of files."""
        left = [file for file in self.folder.iterdir() if NAME.match(file.name)]
        for file in left:
            file.unlink(missing_ok=True)
        return len(left)

    def remembered(self) -> dict[str, LastPicture]:
        """Return camera -> its last picture."""
        return self._read(self.folder / LAST, dict[str, LastPicture]) or {}

    def remember(self, last: dict[str, LastPicture]) -> None:
        """Save the cameras' last pictures over a restart."""
        self._write(LAST, msgspec.json.encode(last))

    # -- the camera process's end ------------------------------------------------------------------------

    def attend(self) -> int | None:
        """Lock the spool until the process ends. Return the lock's descriptor.

        None if another process holds it, or the daemon is checking it at this moment: try again.
        """
        lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def has_cameras(self) -> bool:
        """Return whether a daemon with cameras has used the spool."""
        return (self.folder / LAST).exists()

    def take(self) -> CaptureRequest | None:
        """Take the next request and return it; delete invalid ones."""
        for file in sorted(self.folder.glob("request-*.json")):
            request = self._read(file, CaptureRequest) if NAME.match(file.name) else None
            if request is not None and file.name == f"request-{request.id}.json":
                try:
                    file.rename(self.folder / f"taken-{request.id}.json")
                except FileNotFoundError:  # withdrawn in between
                    continue
                sync_folder(self.folder)
                return request
            file.unlink(missing_ok=True)
        return None

    def withdrawn(self, request_id: str) -> bool:
        """Return whether nobody waits any more for the answer to a taken request."""
        names = (f"{word}-{request_id}.json" for word in ("taken", "answer"))  # the answer is written before it goes
        return not any((self.folder / name).exists() for name in names)

    def finish(self, answer: CaptureResult, full: bytes = b"", thumbnail: bytes = b"") -> None:
        """Write an answer, its pictures first; do nothing if the request was withdrawn."""
        if not (self.folder / f"taken-{answer.id}.json").exists():
            return
        try:
            for file, data in zip(self.files(answer.id), (full, thumbnail)):
                if data:
                    self._write(file.name, data)
            self._write(f"answer-{answer.id}.json", encode(answer))
            (self.folder / f"taken-{answer.id}.json").unlink()
        except FileNotFoundError:  # withdrawn in between
            self.drop(answer.id)

    def abandoned(self) -> list[str]:
        """Return the ids of requests that an earlier camera process took and did not answer."""

        for pattern in (".answer-*.part", ".*.jpg.part"):  # .request-*.part is the daemon's, perhaps being written
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


def target(section: Any) -> CaptureTarget:
    """Return the target of a `CameraSection` (edge.config). Raise OSError if its password file cannot be read.

    The daemon reads the file, as the camera process has access to the spool only.
    """
    password = section.password or ""
    if section.password_file:
        password = read_password(Path(section.password_file))
    url, user = section.url or "", section.username or ""
    size = section.width, section.height
    return CaptureTarget(section.name, section.driver, url, user, password, *size, section.fingerprint or "")


def late(request: CaptureRequest, now: float) -> float:
    """Return the upper bound, in steps of `LATE_STEP` s, of the delay of a still taken now after its request.

    `now`: the machine's boot clock, s, which no wrong date and no step of the system's time affects.
    """
    return 0.0 if request.laid is None else math.ceil(max(0.0, now - request.laid) / LATE_STEP) * LATE_STEP


def widened(mark: ClockMark, late_s: float) -> ClockMark:
    """Return the mark of a still's time: the error of the request's time, s, plus the delay."""
    return mark if mark.error is None else msgspec.structs.replace(mark, error=round(mark.error + late_s, 6))
