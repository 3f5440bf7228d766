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

PATIENCE_S = 2.0  # real s for one call, all of it: the question, the answer and its taking
WAITED_S = 120.0  # real s for one whose answer comes later (a picture), all of it
PAGE_USER = "minshan-page"  # systemd/minshan-page.service
AT_LEAST_S = 0.1  # real s for taking an answer that took the station long
LEAST_EVERY_S, MOST_EVERY_S = 0.2, 3600.0  # s between two snapshots of a subscription


class Caller:
    """A connection that is never waited for. All instants are real seconds."""

    def __init__(self, connection: socket.socket, now: float) -> None:
        self.socket = connection
        self.until = now + PATIENCE_S
        self.waits = False  # for an answer that comes later
        self.every_s: float | None = None  # a subscription
        self.due = float("inf")
        self.news: dict[str, Outcome] | None = None  # of one who listens: what it has not got yet, the newest of each
        uid = uid_of(connection)
        self.who = Principal("socket", f"uid {uid}", rights_of(uid))
        self.framed: bool | None = None  # or lines; None while it has written nothing
        self._in, self._out = bytearray(), bytearray()
        self._ended = False  # it writes no more
        self._last = False  # what is in `out` is the last that it gets
        self._shut = False
        self._gone = False

    @property
    def wants_in(self) -> bool:
        """Whether more of it may be read now."""
        return not self._ended and (self._shut or len(self._in) <= LONGEST_QUESTION + frames.HEAD.size)

    @property
    def wants_out(self) -> bool:
        """Whether there is something for it to take."""
        return bool(self._out)

    @property
    def next_due(self) -> float:
        """The instant at which it is to be looked at though it says nothing."""
        return min(self.until, self.due)

    def read(self, gone: bool = False) -> None:
        """Take in what it has written; `gone`: it takes no answer any more. Raise OSError."""
        self._gone = gone
        with contextlib.suppress(BlockingIOError):
            data = self.socket.recv(LONGEST_QUESTION)
            self._ended = not data
            if not self._shut:
                self._in += data

    def question(self) -> dict[str, Any] | None:
        """Return the next question; None if none is whole, or one is being answered. Raise FrameError."""
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
        """Its question is being answered."""
        self.waits = True

    def answer(self, outcome: Outcome, now: float) -> None:
        """Put an outcome into what it is to take; "accepted" gives the end its time."""
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
        """Tell that what it wrote is no question; that is the last that it gets."""
        self.answer(outcome, now)
        self._last = True

    def subscribe(self, every_s: float, now: float) -> None:
        """Push it a snapshot each so many seconds from now on."""
        self.waits, self.every_s, self.due, self.until = False, every_s, now, float("inf")

    def push(self, outcome: Outcome, now: float) -> None:
        """Give it a snapshot, unless it has not taken the one before, for which it has its time."""
        assert self.every_s is not None
        self.due = now + self.every_s
        if not self._out:
            self._out += frames.packed(in_frame(outcome))
            self.until = now + max(PATIENCE_S, self.every_s)

    def listen(self, first: Outcome, now: float) -> None:
        """Tell it from now on what is new, the first at once."""
        self.waits, self.news, self.until = False, {"now": first}, float("inf")
        self.tell_news(now)

    def tell_news(self, now: float) -> None:
        """Give it what is new, or a sign of life, unless it has not taken what it was given before."""
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
        """Let it take what there is. Raise OSError if it has gone."""
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
        """Return whether its time has ended, or it writes no more and has got all that it asked for."""
        idle = bool(self.framed) and not self._out and not self.waits
        return now >= self.until or self._gone or (self._ended and (self._shut or idle))


def rights_of(uid: int) -> frozenset[Permission]:
    """Return what a local user may: all, but for the one under whom the page faces strangers, who reads."""
    try:
        reads_only = pwd.getpwnam(PAGE_USER).pw_uid == uid
    except KeyError:  # there is no such user here
        reads_only = False
    return frozenset({Permission.READ}) if reads_only else frozenset(Permission)


def uid_of(connection: socket.socket) -> int:
    """Return the user at the other end, as the kernel says."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def in_line(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a line has it: the facts alone, or the error and its code."""
    if outcome.why is None or outcome.state != "failed":
        return outcome.data
    return {"error": str(outcome.why), "why": outcome.why.builtins()}


def in_frame(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as a frame has it; `bytes` is how many follow in the next one."""
    answer: dict[str, Any] = {"state": outcome.state, "data": outcome.data}
    if outcome.why is not None:
        answer |= {"text": str(outcome.why), "why": outcome.why.builtins()}
    return answer if outcome.content is None else {**answer, "bytes": len(outcome.content)}
