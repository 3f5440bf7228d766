"""The daemon's local socket: one JSON line asked, one JSON line answered.

Every other reader asks here, because the store has one connection in one process. Asked are
`{"ask": "status"}`, `{"ask": "maintenance", "seconds": 1200, "text": "cleaning the gauge"}` and
`{"ask": "accept-ledger"}`.
"""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Any

import msgspec

from drivers.clock import Clock, Inbox, Stopped
from edge.clock.clock import SystemClock
from edge.control.status import Parts, status
from edge.recorder.recorder import Maintenance
from edge.store.errors import StoreError

log = logging.getLogger("minshan.control")
PATIENCE = 2.0  # s that a caller has for its line and for taking the answer, all in all: others wait behind it
LONGEST_LINE = 64 * 1024
LONGEST_TEXT = 200  # characters; they go into the reason of each channel of each minute
AT_LEAST = 0.1  # s for taking an answer that took the station long
LONGEST_MAINTENANCE = 24 * 3600.0  # s; a forgotten one ends by itself


class Control:
    """The lane that serves the socket."""

    def __init__(self, path: Path, clock: Clock, parts: Parts, inbox: Inbox) -> None:
        self._path = path
        self._clock = clock
        self._parts = parts
        self._inbox = inbox

    def run(self) -> None:
        """Answer for ever; ends by `Stopped`, the socket removed."""
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as server:
            server.bind(short_path(self._path))
            os.chmod(self._path, 0o660)
            server.listen(4)
            try:
                while True:
                    if self._clock.wait_readable(server.fileno(), float("inf")):
                        self._serve(server)
            finally:
                self._path.unlink(missing_ok=True)

    def _serve(self, server: socket.socket) -> None:
        try:
            caller, _ = server.accept()
        except BlockingIOError:
            return
        with caller:
            try:
                self._clock.outside(lambda: self._call(caller))
            except OSError as error:
                log.debug("a caller went: %s", error)

    def _call(self, caller: socket.socket) -> None:
        world = SystemClock()
        until = world.now() + PATIENCE
        line = read_line(caller, world, until)
        answer = msgspec.json.encode(self.answer(line)) + b"\n"
        caller.settimeout(max(until - world.now(), AT_LEAST))
        caller.sendall(answer)

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one asked line; {"error": sentence} to one that is none."""
        try:
            asked = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return {"error": f"not a line of JSON: {error}"}
        try:
            return self._answer(asked)
        except Stopped:
            raise
        except StoreError as trouble:
            return {"error": str(trouble)}
        except Exception as error:  # noqa: BLE001  # whatever somebody asks, the next caller is served
            return {"error": f"this cannot be answered ({type(error).__name__})"}

    def _answer(self, asked: dict[str, Any]) -> dict[str, Any]:
        match asked.get("ask"):
            case "status":
                return status(self._parts)
            case "maintenance":
                return self._maintenance(asked.get("seconds"), asked.get("text"))
            case "accept-ledger":
                return self._accept_ledger()
            case other:
                asks = "status, maintenance or accept-ledger"
                return {"error": f"nothing is known of {str(other)[:LONGEST_TEXT]!r}; ask for {asks}"}

    def _accept_ledger(self) -> dict[str, Any]:
        uplink = self._parts.uplink
        if uplink is None:
            return {"error": "this station has no broker"}
        before = uplink.status()["ledger"]["believed"]
        accepted = uplink.accept_ledger()
        if accepted is None:
            return {"error": "no other receiver has answered this station"}
        return {"ledger": accepted, "before": before}

    def _maintenance(self, seconds: Any, text: Any) -> dict[str, Any]:
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not 0 <= seconds <= LONGEST_MAINTENANCE:
            asked = str(seconds)[:LONGEST_TEXT]
            return {"error": f"maintenance takes 0 to {LONGEST_MAINTENANCE / 3600:.0f} hours, not {asked} s"}
        words = " ".join(text.split())[:LONGEST_TEXT] if isinstance(text, str) else ""
        now = self._clock.now()
        self._inbox.offer(Maintenance(now + seconds, words or "work on the station"))
        return {"maintenance_s": seconds}


def read_line(caller: socket.socket, clock: Clock, until: float) -> bytes:
    """One line of a caller, without its end. TimeoutError (an OSError) where it has not come until then."""
    data = b""
    while not data.endswith(b"\n") and len(data) < LONGEST_LINE:
        left = until - clock.now()
        if left <= 0:
            raise TimeoutError("no whole line")
        caller.settimeout(left)
        piece = caller.recv(4096)
        if not piece:
            break
        data += piece
    return data.strip()


def short_path(path: Path) -> str:
    """A path that fits a socket's 107 bytes: by the folder's descriptor where it is longer."""
    if len(os.fsencode(path)) <= 107:
        return str(path)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    return f"/proc/self/fd/{folder}/{path.name}"
