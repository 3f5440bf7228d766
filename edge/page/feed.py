"""New data, pushed to browsers at once: server-sent events with numbers, so that none is missed or repeated.

Whoever takes records in says which stations have something new; at most a few times a second their newest minute goes
out to whoever may see it. A listener that is too slow, or asks for what is not remembered any more, is told to read
anew (`resync`), and let go: nothing piles up for it.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import msgspec
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

PAUSE = 0.3  # s in which what is new is gathered
REMEMBERED = 1000  # events
MOST_BEHIND = 100  # events that wait for a listener
QUIET = 15.0  # s after which a word keeps proxies from closing, and browsers from giving up
LOOK_AGAIN = 30.0  # s after which it is asked anew whether somebody may still listen
MOST_LISTENERS = 8  # of one account
MOST_DIGITS = 18  # of an event's number; Python reads no number of thousands
POSITION = "minshan_position"  # in a request's scope
RESYNC, ENDED = b"event: resync\ndata: {}\n\n", b"event: ended\ndata: {}\n\n"
QUIET_SAID = b"event: quiet\ndata: {}\n\n"  # an event and no comment, so that a browser sees the stream alive


class StreamEvent(msgspec.Struct, frozen=True):
    """One event: whose it is, and its lines."""

    number: int
    station: str
    lines: bytes


class TooManyError(Exception):
    """One account listens too often."""


class Feed:
    """One server's events. `newest`: returns a station's newest minute as JSON, None if there is none.

    `most`: listeners of one name.
    """

    def __init__(self, newest: Callable[[str], Awaitable[bytes | None]], most: int = MOST_LISTENERS) -> None:
        self._newest, self._most = newest, most
        self._life = secrets.token_hex(4)  # numbers of another life of the server mean nothing here
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flushing: set[asyncio.Task[None]] = set()
        self._kept: deque[StreamEvent] = deque(maxlen=REMEMBERED)
        self._number = 0
        self._listeners: dict[asyncio.Queue[StreamEvent | None], str] = {}

    def start(self) -> None:
        """Begin, in the loop that serves."""
        self._loop = asyncio.get_running_loop()

    def notify(self, station: str) -> None:
        """Say that something of a station is new; from any thread, and without waiting."""
        with self._lock:
            first = not self._changed
            self._changed.add(station)
        if first and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: nobody listens
                self._loop.call_soon_threadsafe(self._begin)

    @property
    def position(self) -> str:
        """Return the number of the newest event, as a browser says it back."""
        return f"{self._life}-{self._number}"

    @property
    def listeners(self) -> int:
        """Return how many listen."""
        return len(self._listeners)

    def end(self) -> None:
        """Let all listeners go; called in the loop."""
        for queue in self._listeners:
            self._give(queue, None)

    async def listen(
        self, who: str, sees: Callable[[], Awaitable[Callable[[str], bool] | None]], last: str | None
    ) -> AsyncIterator[bytes]:
        """Yield the lines for one listener, from behind the event `last` on.

        `sees` returns which stations it may see, None if it may listen no more. Raise TooManyError.
        """
        if sum(name == who for name in self._listeners.values()) >= self._most:
            raise TooManyError
        queue: asyncio.Queue[StreamEvent | None] = asyncio.Queue(MOST_BEHIND)
        self._listeners[queue] = who
        try:
            missed = self._behind(last)
            yield b"retry: 5000\n\n" if missed is not None else RESYNC
            may = await sees()
            for event in missed or ():
                if may is not None and may(event.station):
                    yield event.lines
            async for lines in self._following(queue, sees):
                yield lines
        finally:
            del self._listeners[queue]

    async def _following(
        self, queue: asyncio.Queue[StreamEvent | None], sees: Callable[[], Awaitable[Callable[[str], bool] | None]]
    ) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        may, look = await sees(), loop.time() + LOOK_AGAIN
        while may is not None:
            event: StreamEvent | None = None
            try:
                event = await asyncio.wait_for(queue.get(), QUIET)
                if event is None:
                    yield RESYNC
                    return
            except TimeoutError:
                yield QUIET_SAID
            if loop.time() >= look:
                may, look = await sees(), loop.time() + LOOK_AGAIN
            if event is not None and may is not None and may(event.station):
                yield event.lines
        yield ENDED

    def _behind(self, last: str | None) -> list[StreamEvent] | None:
        """Return what came after an event; None if that is not known any more."""
        if not last:
            return []
        life, _, number = last.partition("-")
        known = life == self._life and number.isascii() and number.isdecimal() and len(number) <= MOST_DIGITS
        if not known or int(number) > self._number or (self._kept and int(number) < self._kept[0].number - 1):
            return None
        return [event for event in self._kept if event.number > int(number)]

    def _begin(self) -> None:
        task = asyncio.ensure_future(self._flush())
        self._flushing.add(task)
        task.add_done_callback(self._flushing.discard)

    async def _flush(self) -> None:
        await asyncio.sleep(PAUSE)
        with self._lock:
            changed, self._changed = sorted(self._changed), set()
        for station in changed:
            newest = await self._newest(station)
            if newest is None:
                continue
            self._number += 1
            lines = b"id: %s\nevent: now\ndata: %s\n\n" % (self.position.encode(), newest)
            event = StreamEvent(self._number, station, lines)
            self._kept.append(event)
            for queue in list(self._listeners):
                self._give(queue, event)

    def _give(self, queue: asyncio.Queue[StreamEvent | None], event: StreamEvent | None) -> None:
        """Put an event before a listener; one whose queue is full reads anew."""
        if event is None or queue.full():
            while not queue.empty():
                queue.get_nowait()
            event = None
        queue.put_nowait(event)


class Positioned:
    """An application whose pages know up to which event they are right: their stream begins behind it.

    It is taken before anything is read for a page, so that no minute falls between the page and its stream.
    """

    def __init__(self, app: ASGIApp, feed: Feed) -> None:
        self._app, self._feed = app, feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._app({**scope, POSITION: self._feed.position}, receive, send)


def last_of(request: Request) -> str | None:
    """Return behind which event a stream is asked for: by a browser that connects again, or by a page at first."""
    return request.headers.get("last-event-id") or request.query_params.get("last")


class Stream(StreamingResponse):
    """A stream that ends when its listener goes, not only at the next word to it: one who comes again has room.

    `first` is here already, so that headers go out at once.
    """

    def __init__(self, first: bytes, rest: AsyncIterator[bytes]) -> None:
        headers = {"x-accel-buffering": "no"}
        super().__init__(behind(first, rest), media_type="text/event-stream", headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream or its listener ends."""
        tasks = [asyncio.ensure_future(self.stream_response(send)), asyncio.ensure_future(wait_disconnected(receive))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def wait_disconnected(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def behind(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what is here and then the rest."""
    yield first
    async for one in rest:
        yield one
