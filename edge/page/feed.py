"""Push new data to browsers at once: server-sent events with numbers, so that none is missed or repeated.

The server notifies the feed of stations with new records; at most a few times a second their newest minute is sent to
those who may see it. A listener that is too slow, or asks for an event that is no longer kept, is told to reload
(`resync`) and dropped: nothing piles up for it.
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

PAUSE = 0.3  # s for which notifications are gathered
REMEMBERED = 1000  # events kept
MOST_BEHIND = 100  # events pending for a listener
QUIET = 15.0  # s after which a keep-alive event prevents proxies and browsers from closing the stream
LOOK_AGAIN = 30.0  # s after which a listener's permission is checked again
MOST_LISTENERS = 8  # of one account
MOST_DIGITS = 18  # of an event's number; Python refuses numbers of thousands of digits
POSITION = "minshan_position"  # in a request's scope
RESYNC, ENDED = b"event: resync\ndata: {}\n\n", b"event: ended\ndata: {}\n\n"
KEEP_ALIVE = b"event: quiet\ndata: {}\n\n"  # an event, not a comment, so that the page sees that the stream is alive


class StreamEvent(msgspec.Struct, frozen=True):
    """One event: its number, its station and its lines."""

    number: int
    station: str
    lines: bytes


class TooManyError(Exception):
    """One account has too many listeners."""


class Feed:
    """One server's events. `newest`: returns a station's newest minute as JSON, None if there is none.

    `most`: the most listeners of one account.
    """

    def __init__(self, newest: Callable[[str], Awaitable[bytes | None]], most: int = MOST_LISTENERS) -> None:
        self._newest, self._most = newest, most
        self._life = secrets.token_hex(4)  # event numbers of another run of the server are invalid here
        self._lock = threading.Lock()
        self._changed: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flushing: set[asyncio.Task[None]] = set()
        self._kept: deque[StreamEvent] = deque(maxlen=REMEMBERED)
        self._number = 0
        self._listeners: dict[asyncio.Queue[StreamEvent | None], str] = {}

    def start(self) -> None:
        """Start; called in the server's event loop."""
        self._loop = asyncio.get_running_loop()

    def notify(self, station: str) -> None:
        """Note that a station has something new. Callable from any thread; does not block."""
        with self._lock:
            first = not self._changed
            self._changed.add(station)
        if first and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and so have all listeners
                self._loop.call_soon_threadsafe(self._begin)

    @property
    def position(self) -> str:
        """The id of the newest event, which browsers send back."""
        return f"{self._life}-{self._number}"

    @property
    def listeners(self) -> int:
        """The number of listeners."""
        return len(self._listeners)

    def end(self) -> None:
        """End all listeners; called in the event loop."""
        for queue in self._listeners:
            self._give(queue, None)

    async def listen(
        self, who: str, sees: Callable[[], Awaitable[Callable[[str], bool] | None]], last: str | None
    ) -> AsyncIterator[bytes]:
        """Yield the lines for one listener, beginning after the event `last`.

        `sees` returns a function that tells which stations it may see, None if it may no longer listen. Raise
        TooManyError.
        """
        if sum(name == who for name in self._listeners.values()) >= self._most:
            raise TooManyError
        queue: asyncio.Queue[StreamEvent | None] = asyncio.Queue(MOST_BEHIND)
        self._listeners[queue] = who
        try:
            missed = self._after(last)
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
                yield KEEP_ALIVE
            if loop.time() >= look:
                may, look = await sees(), loop.time() + LOOK_AGAIN
            if event is not None and may is not None and may(event.station):
                yield event.lines
        yield ENDED

    def _after(self, last: str | None) -> list[StreamEvent] | None:
        """Return the events after an event; None if they are no longer all kept."""
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
        """Queue an event for a listener (None: it ends); one whose queue is full has to reload."""
        if event is None or queue.full():
            while not queue.empty():
                queue.get_nowait()
            event = None
        queue.put_nowait(event)


class Positioned:
    """An application whose pages contain the position of the newest event: their stream begins after it.

    The position is taken before any data are read for the page, so that no minute is missed between the two.
    """

    def __init__(self, app: ASGIApp, feed: Feed) -> None:
        self._app, self._feed = app, feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        await self._app({**scope, POSITION: self._feed.position}, receive, send)


def last_of(request: Request) -> str | None:
    """Return the event after which a stream is to begin: as sent by a reconnecting browser, or else by the page."""
    return request.headers.get("last-event-id") or request.query_params.get("last")


class Stream(StreamingResponse):
    """A stream that ends as soon as its listener disconnects, not at the next event, so that it may reconnect.

    `first` is already available, so that the headers are sent at once.
    """

    def __init__(self, first: bytes, rest: AsyncIterator[bytes]) -> None:
        headers = {"x-accel-buffering": "no"}
        super().__init__(chained(first, rest), media_type="text/event-stream", headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the stream ends or its listener disconnects."""
        tasks = [asyncio.ensure_future(self.stream_response(send)), asyncio.ensure_future(wait_disconnected(receive))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def wait_disconnected(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the first item and then the rest."""
    yield first
    async for one in rest:
        yield one
