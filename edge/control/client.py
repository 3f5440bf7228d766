"""Query the running station through its local socket, in frames (`edge/control/frames.py`)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drivers.clock import Clock
from edge import snapshots
from edge.clock.clock import SystemClock
from edge.control import frames
from edge.control.frames import LONGEST_ANSWER, QUIET_S, FrameError, short_path
from edge.language import texts
from edge.language.sentence import as_sentence
from edge.language.texts import _
from edge.snapshots import StationStatus

PATIENCE_S = 5.0  # s for a question and its whole answer; it takes milliseconds unless the disk hangs
WAITED_S = 120.0  # s for the final answer to an accepted command (a picture)


class NotRunningError(Exception):
    """No station listens at that socket."""


class AskError(Exception):
    """A station runs, but may not be queried, refuses, or gives an invalid answer; `remedy` says what to do."""

    def __init__(self, text: str, remedy: str = "") -> None:
        super().__init__(text)
        self.remedy = remedy


class SilentError(AskError):
    """A station runs, but no complete answer came in time."""


class Client:
    """A connection to a station's daemon, one question after another."""

    def __init__(self, path: Path) -> None:
        """Connect. Raise NotRunningError if nobody listens, AskError if this user may not query it."""
        self._path = path
        self._clock: Clock = SystemClock()
        self._buffer = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE_S)
        try:
            connect(self._socket, path)
        except BaseException:  # close the socket at any exception
            self._socket.close()
            raise

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and return its data. Raise AskError if it is refused, or not answered in time."""
        return self._asked(name, arguments)[0]

    def status(self) -> StationStatus:
        """Return the station's status. Raise AskError."""
        return status_of(self.ask("status"))

    def picture(self, picture: str, part: str = "thumbnail") -> bytes:
        """Return the bytes of a picture ("thumbnail" or "full") by its SHA-256. Raise AskError."""
        return self._asked("picture-file", {"picture": picture, "part": part})[1]

    def statuses(self, every_s: float) -> Iterator[dict[str, Any]]:
        """Yield the station's status now and then every so many seconds, until the station ends. Raise AskError."""
        try:
            self._send({"ask": "subscribe", "every_s": every_s})
            while True:
                yield facts(self._message(self._clock.now() + every_s + PATIENCE_S))
        except (OSError, ValueError):
            raise self._silent() from None

    def live(self) -> Iterator[dict[str, Any]]:
        """Yield events as they occur (`event`: "now", "record", "alive"), until the station ends. Raise AskError."""
        try:
            self._send({"ask": "live"})
            while True:
                yield facts(self._message(self._clock.now() + QUIET_S + PATIENCE_S))
        except (OSError, ValueError):
            raise self._silent() from None

    def _asked(self, name: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        try:
            self._send({"ask": name, **arguments})
            answer = self._message(self._clock.now() + PATIENCE_S)
            if answer.get("state") == "accepted":
                answer = self._message(self._clock.now() + WAITED_S)
            content = self._frame(self._clock.now() + PATIENCE_S)[1] if "bytes" in answer else b""
        except (OSError, ValueError):
            raise self._silent() from None
        return facts(answer), content

    def _silent(self) -> SilentError:
        sentence = _("The station at {path} does not answer.").format(path=self._path)
        return SilentError(sentence, _("See its log: journalctl -u minshan -n 50"))

    def _send(self, question: dict[str, Any]) -> None:
        try:
            frame = frames.packed(question)
        except UnicodeEncodeError:  # a lone surrogate, to which Python decodes undecodable bytes
            raise AskError(_("This text has characters that are not UTF-8.")) from None
        self._socket.settimeout(PATIENCE_S)
        self._socket.sendall(frame)

    def _message(self, until: float) -> dict[str, Any]:
        return frames.message(self._frame(until)[1])

    def _frame(self, until: float) -> tuple[int, bytes]:
        """Return the next frame. Raise TimeoutError if it is not complete by the instant `until`."""
        while (found := frames.take(self._buffer, LONGEST_ANSWER)) is None:
            left = until - self._clock.now()
            if left <= 0:
                raise TimeoutError("no whole answer")
            self._socket.settimeout(left)
            data = self._socket.recv(1 << 18)
            if not data:
                raise FrameError("the answer ends in its middle")
            self._buffer += data
        return found


def status(path: Path) -> StationStatus:
    """Return the status of the station at that socket. Raise NotRunningError, AskError."""
    with Client(path) as client:
        return client.status()


def status_of(answer: dict[str, Any]) -> StationStatus:
    """Return the status in an answer. Raise AskError if the station is of another version."""
    try:
        return snapshots.read(answer)
    except ValueError:
        sentence = _("The running station is of another version of Minshan than this command.")
        raise AskError(sentence, _("Restart it: sudo systemctl restart minshan")) from None


def ask(path: Path, name: str, **arguments: Any) -> dict[str, Any]:
    """Return the answer of the station at that socket. Raise NotRunningError, AskError."""
    with Client(path) as client:
        return client.ask(name, **arguments)


def facts(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the data of an answer. Raise AskError, in the person's language, if the station refuses."""
    if answer.get("state") != "done":
        raise AskError(as_sentence(texts.reason_of(answer.get("why") or str(answer.get("text", "")))))
    data = answer.get("data")
    return data if isinstance(data, dict) else {}


def connect(caller: socket.socket, path: Path) -> None:
    """Connect. Raise NotRunningError if nobody listens, AskError if this user may not query it."""
    try:
        with short_path(path) as short:
            caller.connect(short)
    except BlockingIOError:  # the accept queue is full
        sentence = _("The station at {path} does not answer.").format(path=path)
        raise AskError(sentence, _("See its log: journalctl -u minshan -n 50")) from None
    except PermissionError:
        sentence = _("You have no permission to query the station at {path}.").format(path=path)
        remedy = _("Join its group (sudo adduser $USER minshan, then log in again), or use sudo.")
        raise AskError(sentence, remedy) from None
    except OSError:
        raise NotRunningError from None
