"""One client of the station's local socket: its input, its pending output, and its time limit."""

from __future__ import annotations

import contextlib
import pwd
import socket
import struct
from typing import Any

import msgspec

from edge.control import frames
from edge.control.commands import Outcome, Permission, Principal
from edge.control.frames import LONGEST_QUESTION

PATIENCE_S = 2.0  # real s for one call in all: its question, its answer, and reading it
WAITED_S = 120.0  # real s in all for one whose answer comes later (a picture)
PAGE_USER = "minshan-page"  # systemd/minshan-page.service
AT_LEAST_S = 0.1  # real s for reading an answer that took the station long
LEAST_EVERY_S, MOST_EVERY_S = 0.2, 3600.0  # s between two snapshots of a subscription


class Caller:
    """A connection, handled without blocking. All instants are real seconds."""

    def __init__(self, connection: socket.socket, now: float) -> None:
        self.socket = connection
        self.until = now + PATIENCE_S
        self.waits = False  # its question is being answered
        self.every_s: float | None = None  # interval of a subscription
        self.due = float("inf")
        self.news: dict[str, Outcome] | None = None  # of a live listener: its pending events, the newest of each sort
        uid = uid_of(connection)
        self.who = Principal("socket", f"uid {uid}", rights_of(uid))
        self.framed: bool | None = None  # False: lines; None while nothing was received
        self._in, self._out = bytearray(), bytearray()
        self._ended = False  # it has closed its sending side
        self._last = False  # `_out` is the last that it gets
        self._shut = False  # our sending side is shut down
        self._gone = False

    @property
    def wants_in(self) -> bool:
        """Whether to read from it now."""
        return not self._ended and (self._shut or len(self._in) <= LONGEST_QUESTION + frames.HEAD.size)

    @property
    def wants_out(self) -> bool:
        """Whether there is pending output."""
        return bool(self._out)

    @property
    def next_due(self) -> float:
        """The instant at which to serve it even without input."""
        return min(self.until, self.due)

    def read(self, gone: bool = False) -> None:
        """Read its input; `gone`: it has hung up and reads no more answers. Raise OSError."""
        self._gone = gone
        with contextlib.suppress(BlockingIOError):
            data = self.socket.recv(LONGEST_QUESTION)
            self._ended = not data
            if not self._shut:
                self._in += data

    def question(self) -> dict[str, Any] | None:
        """Return the next question; None if none is complete, or one is being answered. Raise FrameError."""
        if self.waits or self._out or self._last or (not self._in and not self._ended):
            return None
        if self.framed is None and self._in:
            self.framed = self._in[0] in (frames.JSON, frames.BYTES)
        if self.framed:
            found = frames.take(self._in, LONGEST_QUESTION)
            return None if found is None else frames.message(found[1])
        line, mark, _ = bytes(self._in).partition(b"\n")
        if not mark and not self._ended and len(line) < LONGEST_QUESTION:
            return None
        return frames.message(line)

    def begin(self) -> None:
        """Note that its question is being answered."""
        self.waits = True

    def answer(self, outcome: Outcome, now: float) -> None:
        """Queue an outcome for it; "accepted" extends its deadline for the final one."""
        if outcome.state == "accepted":
            self.until = now + WAITED_S
            if self.framed:
                self._out += frames.packed({"state": "accepted"})
            return
        self.waits = False
        self.until = max(min(self.until, now + PATIENCE_S), now + AT_LEAST_S)
        if self.framed:
            self._out += frames.packed(in_frame(outcome), outcome.content)
            return
        self._out += msgspec.json.encode(in_line(outcome)) + b"\n"
        self._last = True

    def refuse(self, outcome: Outcome, now: float) -> None:
        """Queue the refusal of an invalid question as the last output."""
        self.answer(outcome, now)
        self._last = True

    def subscribe(self, every_s: float, now: float) -> None:
        """Push a snapshot to it every so many seconds from now on."""
        self.waits, self.every_s, self.due, self.until = False, every_s, now, float("inf")

    def push(self, outcome: Outcome, now: float) -> None:
        """Queue a snapshot, unless the previous one is still pending, which has its own deadline."""
        assert self.every_s is not None
        self.due = now + self.every_s
        if not self._out:
            self._out += frames.packed(in_frame(outcome))
            self.until = now + max(PATIENCE_S, self.every_s)

    def listen(self, first: Outcome, now: float) -> None:
        """Send it events from now on, beginning with `first`."""
        self.waits, self.news, self.until = False, {"now": first}, float("inf")
        self.tell_news(now)

    def tell_news(self, now: float) -> None:
        """Queue its pending events, or a keep-alive, unless earlier output is still pending."""
        if self.news is None or self._out:
            return
        if not self.news and now >= self.due:
            self.news["alive"] = Outcome("done", data={"event": "alive"})
        for outcome in self.news.values():
            self._out += frames.packed(in_frame(outcome))
        if self.news:
            self.until, self.due = now + frames.QUIET_S, now + frames.QUIET_S
            self.news.clear()

    def write(self, now: float) -> None:
        """Send pending output. Raise OSError if it has hung up."""
        with contextlib.suppress(BlockingIOError):
            del self._out[: self.socket.send(self._out)]
        if self._out:
            return
        if self.every_s is not None or self.news is not None:
            self.until = float("inf")
        elif self._last:
            self._shut = True
            self._in.clear()
            self.socket.shutdown(socket.SHUT_WR)
        elif not self.waits:
            self.until = now + PATIENCE_S

    def over(self, now: float) -> bool:
        """Return whether its deadline has passed, or it sends no more and has got all answers."""
        idle = bool(self.framed) and not self._out and not self.waits
        return now >= self.until or self._gone or (self._ended and (self._shut or idle))


def rights_of(uid: int) -> frozenset[Permission]:
    """Return the rights of a local user: all, except that the page's user, who serves strangers, may only read."""
    try:
        reads_only = pwd.getpwnam(PAGE_USER).pw_uid == uid
    except KeyError:  # there is no such user here
        reads_only = False
    return frozenset({Permission.READ}) if reads_only else frozenset(Permission)


def uid_of(connection: socket.socket) -> int:
    """Return the user id of the peer, as the kernel reports it."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def in_line(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome in the form of a line: only the data, or the error and its code."""
    if outcome.why is None or outcome.state != "failed":
        return outcome.data
    return {"error": str(outcome.why), "why": outcome.why.builtins()}


def in_frame(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome in the form of a frame; `bytes`: how many follow in the next one."""
    answer: dict[str, Any] = {"state": outcome.state, "data": outcome.data}
    if outcome.why is not None:
        answer |= {"text": str(outcome.why), "why": outcome.why.builtins()}
    return answer if outcome.content is None else {**answer, "bytes": len(outcome.content)}
