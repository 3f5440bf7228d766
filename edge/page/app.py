"""The station's page as an application: the routes, and who may use them."""

from __future__ import annotations

import functools
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.routing import Route as WebRoute

from drivers.reason import UNFORESEEN, Reason
from edge.control.client import AskError, NotRunningError
from edge.language import texts
from edge.page.assets import Assets
from edge.page.demo import Demo
from edge.page.feed import Feed, Stream, TooManyError, last_of
from edge.page.guard import NO_FORM, Guard, is_ip_address, refusal, wants_page
from edge.page.look import look_of
from edge.page.source import Source, now_of
from edge.page.station_pages import StationPages
from edge.page.work_page import ADDRESS, FormError, form_of
from edge.snapshots import StationStatus

log = logging.getLogger("minshan.page")
API = "/api/v1"
STATION = f"{API}/stations/{{station}}"
PICTURES_S = 31_536_000  # a picture's name is its hash: its content never changes
MOST_STREAMS = 24  # open at once on one station's page
SILENT = Reason("station_silent", "the station's software does not answer")
NO_STATION = Reason("no_such_station_here", 'this is not the page of "{station}"', station="")
NOT_ASKED_SO = Reason("cannot_be_asked_so", "{why}", why="")
NOTHING_HERE = Reason("nothing_here", "there is nothing under this address")
INSTANTS = ("from", "to")  # the keys of an address whose values may be seconds since 1970
NO_MORE_STREAMS = Reason("no_more_streams", "too many pages are open: close some")


class StationApi:
    """The JSON API, at the same addresses as a hub's."""

    def __init__(self, source: Source, feed: Feed) -> None:
        self._source, self._feed = source, feed

    def routes(self) -> Iterable[BaseRoute]:
        """Return the routes, compressed except for streams and pictures."""
        packed = [Middleware(GZipMiddleware, minimum_size=1000)]
        for path, answer in (
            (f"{API}/health", self._health),
            (f"{STATION}/now", self._now),
            (f"{STATION}/series", self._passed_on("series")),
            (f"{STATION}/channels", self._channels),
            (f"{STATION}/events", self._passed_on("events")),
            (f"{STATION}/pictures", self._passed_on("pictures")),
        ):
            yield WebRoute(path, answered(answer), middleware=packed)
        yield WebRoute(f"{API}/pictures/{{sha256}}", answered(self._picture("full")))
        yield WebRoute(f"{API}/pictures/{{sha256}}/thumbnail", answered(self._picture("thumbnail")))
        yield WebRoute(f"{API}/live", self._live)

    def _health(self, _request: Request) -> Response:
        return as_json({"answers": self._source.newest_state() is not None})

    def _now(self, request: Request) -> Response:
        state = self._mine(request)
        return as_json(now_of(state))

    def _channels(self, request: Request) -> Response:
        self._mine(request)
        return as_json(self._source.ask("channels", **asked_of(request))["channels"])

    def _passed_on(self, name: str) -> Callable[[Request], Response]:
        """Return a handler that passes a query on to the daemon, which alone validates it."""

        def answer(request: Request) -> Response:
            self._mine(request)
            return as_json(self._source.ask(name, **asked_of(request)))

        return answer

    def _picture(self, part: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            content = self._source.picture(request.path_params["sha256"], part)
            headers = {"cache-control": f"private, max-age={PICTURES_S}, immutable"}
            return Response(content, media_type="image/jpeg", headers=headers)

        return answer

    def _mine(self, request: Request) -> StationStatus:
        """Return the status of the station in the address. Raise NotRunningError, NoStationError."""
        state = self._source.newest_state()
        if state is None:
            raise NotRunningError
        if request.path_params["station"] != state.facts.station:
            raise NoStationError(request.path_params["station"][:100])
        return state.facts

    async def _live(self, request: Request) -> Response:
        async def everything() -> Callable[[str], bool]:
            return lambda station: True

        stream = self._feed.listen("page", everything, last_of(request))
        try:
            return Stream(await anext(stream), stream)
        except TooManyError:
            return refusal(429, NO_MORE_STREAMS, 30)


class NoStationError(Exception):
    """The address names another station than this page's."""


def answered(handler: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Return a handler that answers errors in the client's language, and never raises."""

    @functools.wraps(handler)
    def serve(request: Request) -> Response:
        with texts.speaking(look_of(request).lang):
            try:
                return handler(request)
            except NotRunningError:
                return refusal(503, SILENT, 5)
            except NoStationError as error:
                return refusal(404, NO_STATION.having(station=str(error)))
            except AskError as error:
                return refusal(422, NOT_ASKED_SO.having(why=str(error)))
            except Exception:  # no request may prevent the next one
                log.exception("%s %s caused an unexpected error", request.method, request.url.path)
                return refusal(500, UNFORESEEN)

    return serve


def with_form(handler: Callable[[Request, Mapping[str, str]], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that gets the fields of the submitted form."""

    async def serve(request: Request) -> Response:
        try:
            form = await form_of(request)
        except FormError:
            return refusal(400, NO_FORM)
        return await run_in_threadpool(answered(lambda asked: handler(asked, form)), request)

    return serve


def application(
    source: Source,
    feed: Feed,
    pages: StationPages,
    assets: Assets,
    hosts: frozenset[str],
    demo: Demo,
    instead: str | None = None,
) -> Starlette:
    """Return the application; `hosts`: the names under which it may be reached, besides IP addresses.

    `instead`: the address to which requests for other names are redirected.
    """
    packed = [Middleware(GZipMiddleware, minimum_size=1000)]
    web: list[BaseRoute] = [
        WebRoute(path, answered(handler), methods=["GET"], middleware=packed) for path, handler in pages.table()
    ]
    web.append(WebRoute(ADDRESS, with_form(pages.take_work), methods=["POST"]))
    web += [*StationApi(source, feed).routes(), assets.route(), *demo.routes(source)]

    async def nothing(request: Request, _error: Exception) -> Response:
        if wants_page(request):
            return await run_in_threadpool(pages.nothing, request, NOTHING_HERE)
        return refusal(404, NOTHING_HERE)

    def ours(name: str) -> bool:
        return name in hosts or is_ip_address(name)

    return Starlette(
        routes=web, middleware=[Middleware(Guard, ours=ours, instead=instead)], exception_handlers={404: nothing}
    )


def as_json(answer: Any) -> Response:
    """Return an answer as a JSON response."""
    return Response(msgspec.json.encode(answer), media_type="application/json")


def asked_of(request: Request) -> dict[str, str | float]:
    """Return the arguments in an address."""
    return {key: instant(text) if key in INSTANTS else text for key, text in request.query_params.items()}


def instant(text: str) -> str | float:
    """Return an instant in an address in the daemon's form: seconds as a number, a date and time as text."""
    try:
        return float(text)
    except ValueError:
        return text
