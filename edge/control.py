"""The daemon's local socket: one JSON line asked, one JSON line answered.

Every other reader asks here, because the store has one connection in one process. Asked are
`{"ask": "status"}` and `{"ask": "maintenance", "seconds": 1200, "text": "cleaning the gauge"}`.
"""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path
from typing import Any

import msgspec

from drivers.clock import Clock, Inbox
from edge.recorder import Maintenance
from edge.status import Parts, status

log = logging.getLogger("minshan.control")
PATIENCE = 2.0  # s that a caller has for its line
LONGEST_LINE = 64 * 1024
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
            caller.settimeout(PATIENCE)
            try:
                line = self._clock.outside(lambda: read_line(caller))
                caller.sendall(msgspec.json.encode(self.answer(line)) + b"\n")
            except OSError as error:
                log.debug("a caller went: %s", error)

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one asked line; {"error": sentence} to one that is none."""
        try:
            asked = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            return {"error": f"not a line of JSON: {error}"}
        match asked.get("ask"):
            case "status":
                return status(self._parts)
            case "maintenance":
                return self._maintenance(asked.get("seconds"), asked.get("text"))
            case other:
                return {"error": f"nothing is known of {other!r}; ask for status or maintenance"}

    def _maintenance(self, seconds: Any, text: Any) -> dict[str, Any]:
        if not isinstance(seconds, int | float) or not 0 <= seconds <= LONGEST_MAINTENANCE:
            return {"error": f"maintenance takes 0 to {LONGEST_MAINTENANCE / 3600:.0f} hours, not {seconds!r} s"}
        now = self._clock.now()
        self._inbox.offer(Maintenance(now + seconds, str(text or "work on the station")))
        return {"maintenance_s": seconds}


def read_line(caller: socket.socket) -> bytes:
    """One line of a caller, without its end."""
    data = b""
    while not data.endswith(b"\n") and len(data) < LONGEST_LINE:
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
