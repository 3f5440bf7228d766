"""The daemon's local socket: many clients at a time, none of which blocks it.

All other readers query the station here, because the store has one connection in one process. The registry defines the
commands (`edge/control/commands.py`), as `{"ask": "status"}` or `{"ask": "maintenance", "seconds": 1200, "text":
"cleaning"}`; a caller that uses frames (`edge/control/frames.py`) may send several, gets pictures as bytes, and with
`{"ask": "subscribe", "every_s": 5}` the status at an interval. Each call has one deadline in all.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drivers.clock import Clock
from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.control.caller import LEAST_EVERY_S, MOST_EVERY_S, Caller
from edge.control.commands import Commands, Outcome, Request
from edge.control.envelopes import by_socket
from edge.control.frames import FrameError, short_path
from edge.files import identity
from edge.records.record import Kind, Record

log = logging.getLogger("minshan.control")
MOST_CALLERS = 32  # one more replaces the one whose deadline is first
BACKLOG = 128  # callers that are not accepted yet; the kernel refuses more
TOLD = 256  # outcomes pending for callers, at most two for each. If it is full, that caller's deadline passes
LONGEST_REST_S = 60.0  # s of the station's clock between two checks that the socket is in its place
LONGEST_LOOK_S = 1.0  # s of the station's clock between two checks of silent callers


class Control:
    """The lane that serves the socket."""

    def __init__(self, path: Path, clock: Clock, commands: Commands) -> None:
        self._path = path
        self._clock = clock
        self._commands = commands
        self._world = SystemClock()
        self._callers: dict[int, Caller] = {}
        self._told = clock.inbox(TOLD)
        self._news = clock.inbox(TOLD)
        self._listened = False  # whether there are live listeners
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def recorded(self, record: Record) -> None:
        """Notify live listeners of a new record. Callable from any lane."""
        if self._listened:
            self._news.offer(record)
            os.eventfd_write(self._wake, 1)

    def run(self) -> None:
        """Serve until `Stopped`; then remove the socket."""
        with select.epoll(MOST_CALLERS) as poll:
            poll.register(self._wake, select.EPOLLIN)
            try:
                while True:
                    self._listen(poll)
            finally:
                for fd in list(self._callers):
                    self._callers.pop(fd).socket.close()

    def _listen(self, poll: select.epoll) -> None:
        """Serve until the socket is deleted or its folder moved, so that nobody finds it any more."""
        beside = self._path.with_name(f".{self._path.name}.new")  # renamed when it listens: no caller is refused
        beside.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as server:
            with short_path(beside) as path:
                server.bind(path)
            os.chmod(beside, 0o660)
            server.listen(BACKLOG)
            ours = identity(beside)
            os.replace(beside, self._path)
            try:
                poll.register(server.fileno(), select.EPOLLIN)
                while identity(self._path) == ours or not self._path.parent.is_dir():
                    self._clock.wait_readable(poll.fileno(), self._next_look())
                    self._turn(server, poll)
                self._accept(server, poll)  # serve callers that connected before it was deleted
            finally:
                if identity(self._path) == ours:
                    with contextlib.suppress(OSError):  # on a read-only disk it stays; the next start replaces it
                        self._path.unlink()

    def _next_look(self) -> float:
        """Return the instant of the station's clock at which to check the callers, whose deadlines are real time."""
        if not self._callers:
            return self._clock.now() + LONGEST_REST_S
        left = min(caller.next_due for caller in self._callers.values()) - self._world.now()
        return self._clock.now() + min(max(left, 0.0), LONGEST_LOOK_S)

    def _turn(self, server: socket.socket, poll: select.epoll) -> None:
        for fd, events in poll.poll(0):
            if fd == server.fileno():
                self._accept(server, poll)
            elif fd == self._wake:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._wake)
            elif fd in self._callers:
                with self._dropping_if_gone(fd):
                    self._callers[fd].read(gone=bool(events & select.EPOLLHUP))
        self._answer_all()
        self._spread_news()
        for fd in list(self._callers):
            with self._dropping_if_gone(fd):
                self._serve(fd, poll)

    def _accept(self, server: socket.socket, poll: select.epoll) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            for _ in range(MOST_CALLERS):
                connection, _address = server.accept()
                connection.setblocking(False)
                if len(self._callers) >= MOST_CALLERS:
                    self._drop(min(self._callers, key=lambda fd: self._callers[fd].until))
                self._callers[connection.fileno()] = Caller(connection, self._world.now())
                poll.register(connection.fileno(), 0)

    def _serve(self, fd: int, poll: select.epoll) -> None:
        """Handle a caller's next question, send its pending output, and drop it if it is finished."""
        caller, now = self._callers[fd], self._world.now()
        if caller.news is not None:
            caller.tell_news(now)
        elif now >= caller.due:
            self._commands.run("status", {}, Request("subscription", caller.who, lambda told: caller.push(told, now)))
        try:
            asked = caller.question()
            if asked is not None:
                self._ask(caller, asked)
                self._answer_all()
        except FrameError:
            caller.refuse(Outcome("failed", NOT_A_LINE), now)
        if caller.wants_out:
            caller.write(self._world.now())
        if caller.over(self._world.now()):
            self._drop(fd)
            return
        poll.modify(fd, select.EPOLLIN * caller.wants_in | select.EPOLLOUT * caller.wants_out)

    def _ask(self, caller: Caller, asked: dict[str, Any]) -> None:
        match asked:
            case {"ask": "subscribe", "every_s": int() | float() as every_s} if caller.framed:
                caller.subscribe(min(max(float(every_s), LEAST_EVERY_S), MOST_EVERY_S), self._world.now())
            case {"ask": "live"} if caller.framed and len(asked) == 1:
                self._listened = True  # before the newest minute is read, so that none is missed
                self._commands.run(
                    "now", {}, Request("live", caller.who, lambda told: caller.listen(as_news(told), self._world.now()))
                )
            case _:
                caller.begin()
                by_socket(self._commands, asked, caller.who, lambda outcome: self._tell(caller, outcome))

    def _tell(self, caller: Caller, outcome: Outcome) -> None:
        """Pass an outcome to this lane. Callable from any lane."""
        self._told.offer((caller, outcome))
        os.eventfd_write(self._wake, 1)

    def _answer_all(self) -> None:
        while len(self._told):
            caller, outcome = self._told.get(0.0) or (None, None)
            if isinstance(caller, Caller) and isinstance(outcome, Outcome):
                caller.answer(outcome, self._world.now())

    def _spread_news(self) -> None:
        """Pass new records to each live listener; the newest minute is read once for all."""
        found: dict[str, Outcome] = {}
        while len(self._news):
            record = self._news.get(0.0)
            if isinstance(record, Record):
                news = {"event": "record", "kind": record.kind, "seq": record.seq}
                found[record.kind] = Outcome("done", data=news)
        listeners = [caller for caller in self._callers.values() if caller.news is not None]
        self._listened = bool(listeners)
        if found.pop(Kind.MINUTE, None) is not None and listeners:
            ask = Request("live", listeners[0].who, lambda told: found.update(now=as_news(told)))
            self._commands.run("now", {}, ask)
        for caller in listeners:
            assert caller.news is not None
            caller.news.update(found)

    @contextlib.contextmanager
    def _dropping_if_gone(self, fd: int) -> Iterator[None]:
        """Drop the caller if it has hung up."""
        try:
            yield
        except OSError as error:
            log.debug("a caller hung up: %s", error)
            self._drop(fd)

    def _drop(self, fd: int) -> None:
        caller = self._callers.pop(fd, None)
        if caller is not None:
            caller.socket.close()  # this also removes it from epoll


def as_news(outcome: Outcome) -> Outcome:
    """Return the answer to `now` as an event."""
    return outcome if outcome.state != "done" else Outcome("done", data={"event": "now", "now": outcome.data})


NOT_A_LINE = Reason("not_a_line", "this line is not JSON")
