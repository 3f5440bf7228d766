"""The process that serves a station's page: it stores nothing, and queries the daemon for everything."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import msgspec
import uvicorn

from drivers.clock import Clock
from edge.control.client import AskError, NotRunningError
from edge.page.address import address_of, listening
from edge.page.app import MOST_STREAMS, application
from edge.page.assets import Assets
from edge.page.connection import BACKLOG, LEAVING, YieldingProtocol
from edge.page.demo import Demo
from edge.page.feed import Feed, Positioned
from edge.page.source import Source, now_of
from edge.page.station_pages import StationPages
from edge.page.templates import Templates
from edge.struct_types import prepare_structs
from edge.systemd import beat, notify

GRACE = 2  # s that pending responses may take once the process is told to stop
LOOK_S = 0.1  # s between two checks for listeners
BEAT_S = 10.0  # a sixth of the unit's WatchdogSec=60
MOST_MEMORY = 150_000_000  # bytes; the unit's MemoryMax
AGAIN_S = 5.0  # s until a station that does not answer is tried again


NO_DEMO = Demo()


class PageServer:
    """Serves one station's page at `listen` ("127.0.0.1:8080"). Raise PortError.

    `instead`: the page's address in the station's own network; requests for other names are redirected there.
    """

    def __init__(
        self,
        listen: str,
        daemon: Path,
        clock: Clock,
        hosts: frozenset[str],
        demo: Demo = NO_DEMO,
        instead: str | None = None,
    ) -> None:
        host, _ = address_of(listen)
        self._socket = listening(listen)
        self._source = Source(daemon, clock, demo.speed)
        self.feed = Feed(self._newest, MOST_STREAMS)
        assets = Assets()
        pages = StationPages(self._source, Templates(assets), demo)
        app = application(self._source, self.feed, pages, assets, hosts | {host, "localhost"}, demo, instead)
        self._server = uvicorn.Server(
            uvicorn.Config(
                Positioned(app, self.feed),
                log_config=None,
                log_level="warning",  # we log start and end ourselves
                access_log=False,
                server_header=False,
                lifespan="off",
                timeout_graceful_shutdown=GRACE,
                http=YieldingProtocol,
                h11_max_incomplete_event_size=16_384,
                limit_concurrency=200 + LEAVING,
                backlog=BACKLOG,
            )
        )
        self._ended = threading.Event()

    @property
    def url(self) -> str:
        """The page's URL."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    def run(self) -> None:
        """Serve until a signal or `stop`."""
        prepare_structs()
        asyncio.run(self._main())
        self._socket.close()

    def stop(self) -> None:
        """Stop serving. Callable from another thread."""
        self._server.should_exit = True
        self._ended.set()

    async def _main(self) -> None:
        self.feed.start()
        looking = asyncio.ensure_future(self._look())
        await self._server.serve([self._socket])
        looking.cancel()

    async def _look(self) -> None:
        """Follow the station while there are listeners, feed the watchdog, and end the listeners at the end."""
        following: asyncio.Task[None] | None = None
        notify("READY=1")
        clock = asyncio.get_running_loop()
        beat_at = clock.time()
        while not self._server.should_exit:
            if clock.time() >= beat_at:
                beat(MOST_MEMORY)
                beat_at = clock.time() + BEAT_S
            if self.feed.listeners and (following is None or following.done()):
                following = asyncio.create_task(asyncio.to_thread(self._follow))
            await asyncio.sleep(LOOK_S)
        self.feed.end()

    def _follow(self) -> None:
        """Notify the feed of each new minute and alert, until there are no listeners or the station does not answer."""
        try:
            for event in self._source.live():
                if self._server.should_exit or not self.feed.listeners:
                    return
                if event["event"] != "alive":
                    self.feed.notify(event.get("station", ""))
        except (NotRunningError, AskError):
            if self.feed.listeners:
                self.feed.notify("")
                self._ended.wait(AGAIN_S)

    async def _newest(self, _station: str) -> bytes | None:
        state = await asyncio.to_thread(self._source.newest_state, anew=True)
        return None if state is None else msgspec.json.encode(now_of(state.facts))
