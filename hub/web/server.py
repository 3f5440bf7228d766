"""The hub's HTTP server: uvicorn in its own thread, on a port that is bound before anything else starts."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection, Sequence
from importlib.metadata import version
from pathlib import Path

import msgspec
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as WebRoute

from drivers.reason import Reason
from edge.config.forward import Forward
from edge.page.address import address_of, listening
from edge.page.connection import BACKLOG, LEAVING, YieldingProtocol
from edge.page.feed import Feed, Positioned, Stream, TooManyError, last_of
from edge.page.guard import refusal
from edge.struct_types import prepare_structs
from hub.config import AlarmsSection, HttpSection
from hub.database.engine import Engine
from hub.database.queries import Queries
from hub.rights import Account, Right
from hub.sink import SinkError
from hub.tile_maker import TileMaker
from hub.tiles import Tiles
from hub.web.acknowledge import AcknowledgePage
from hub.web.app import LOG_IN, RequestPool, application, read_request
from hub.web.engines import Engines
from hub.web.logins import Logins
from hub.web.pages import routes as table_of_pages
from hub.web.pages import serving
from hub.web.routes import routes
from hub.web.table import API, ApiError

log = logging.getLogger("minshan.web")
GRACE = 2  # s that requests in progress may take once the hub is stopping
TOO_MANY = Reason("too_many_streams", "too many streams of one account: close some")


class Server:
    """Serves one hub's API. Raise PortError.

    `wake` triggers sending of commands; `channels`: those of the hub's file; `forwards`: its other platforms.
    """

    def __init__(
        self,
        config: HttpSection,
        engine: Callable[[], Engine],
        pictures: Path,
        utc: Callable[[], int],
        wake: Callable[[], None] = lambda: None,
        alarms: AlarmsSection | None = None,
        channels: Collection[str] = (),
        forwards: Sequence[Forward] = (),
    ) -> None:
        host, _ = address_of(config.listen)
        self._socket = listening(config.listen)
        self._engines = Engines(engine)
        self._pool = RequestPool(self._engines, utc)
        self.feed = Feed(self._newest)
        people = alarms or AlarmsSection()
        acknowledging = AcknowledgePage(people, self._engines.mine, self._pool.quickly, utc)
        logins = Logins()
        tiles = Tiles.beside(pictures)
        self._tiles = TileMaker(engine, tiles, pictures, utc)
        table = routes(pictures, logins, wake, lambda: self.feed.listeners, channels, tiles)
        shown = table_of_pages.routes(logins, wake, channels, forwards)
        pages = serving.page_routes(shown, self._pool, utc, people.names)
        others: list[BaseRoute] = [WebRoute(f"{API}/live", self._live), *acknowledging.routes(), *pages]
        self._app = application(table, self._pool, host, config.public_url, version("minshan"), others)
        settings = uvicorn.Config(
            Positioned(self._app, self.feed),
            log_config=None,
            log_level="warning",  # start and end are logged by us
            access_log=False,
            server_header=False,
            lifespan="off",
            proxy_headers=bool(config.behind_proxy),
            forwarded_allow_ips=config.behind_proxy or None,
            ssl_certfile=config.cert_file,
            ssl_keyfile=config.key_file,
            timeout_graceful_shutdown=GRACE,
            http=YieldingProtocol,
            h11_max_incomplete_event_size=16_384,
            limit_concurrency=500 + LEAVING,
            backlog=BACKLOG,
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    @property
    def port(self) -> int:
        """Return the port on which it listens."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Start serving."""
        prepare_structs()
        self._tiles.start()
        self._thread.start()

    def tell(self, station: str) -> None:
        """Notify listeners that a station has new data; from any thread."""
        self.feed.notify(station)
        self._tiles.tell(station)

    def show_trouble(self, trouble: Callable[[], Reason | None]) -> None:
        """Show on each page the fault that this function returns."""
        self._pool.trouble = trouble

    def stop(self) -> None:
        """Stop: streams and exports are aborted, other requests in progress get GRACE to finish."""
        self._server.should_exit = True
        self._tiles.stop()
        self._thread.join(GRACE + 5.0)
        self._pool.close()
        self._socket.close()

    def _serve(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self.feed.start()
        ending = asyncio.ensure_future(self._end_streams())
        await self._server.serve([self._socket])
        ending.cancel()

    async def _end_streams(self) -> None:
        while not self._server.should_exit:
            await asyncio.sleep(0.1)
        self.feed.end()
        self._pool.abort()

    async def _newest(self, station: str) -> bytes | None:
        def ask() -> bytes | None:
            try:
                return msgspec.json.encode(Queries(self._engines.mine()).now(station))
            except SinkError:
                return None

        return await self._pool.quickly(ask)

    async def _live(self, request: Request) -> Response:
        """Stream new data of the stations that the caller may see."""

        async def sees() -> Callable[[str], bool] | None:
            try:
                caller: Account | None = await self._pool.caller(asked)
            except ApiError:  # the database is unavailable: the stream continues
                return lambda station: False
            if caller is None or not caller.may(Right.READ):
                return None
            return lambda station: caller.may(Right.READ, station)

        try:
            asked = await read_request(request)
            who = await self._pool.caller(asked)
            if who is None:
                return refusal(401, LOG_IN)
            stream = self.feed.listen(f"{who.kind} {who.name}", sees, last_of(request))
            first = await anext(stream)
        except ApiError as refused:
            return refusal(refused.status, refused.reason, refused.wait)
        except TooManyError:
            return refusal(429, TOO_MANY, 30)
        return Stream(first, stream)
