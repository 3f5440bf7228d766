"""The web application: routes made from the route table; rights are checked in one place, before each handler."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as WebRoute
from starlette.types import Receive, Scope, Send

from drivers.reason import UNFORESEEN, Reason
from edge.page.body import BodyError, body_of
from edge.page.feed import wait_disconnected
from edge.page.guard import refusal
from hub.alarms.book import AlarmBook
from hub.alarms.people import PersonError
from hub.database.accounts import SESSION_US, UNKNOWN, AccountError, Accounts
from hub.database.errors import ValueRefusedError
from hub.database.orders import Orders
from hub.database.queries import NO_STATION, AskedError, Queries
from hub.export import NothingError
from hub.rights import Account, Right
from hub.sink import SinkError
from hub.tiles import KIND as WEBP
from hub.web.arguments import LONGEST_BODY, NOT_TAKEN, parse_arguments
from hub.web.engines import Engines
from hub.web.guard import COOKIE, HubGuard
from hub.web.openapi import document
from hub.web.table import API, ApiError, DataAnswer, FileAnswer, MadeFile, RequestContext, Route, SessionAnswer

T = TypeVar("T")
log = logging.getLogger("minshan.web")
QUICK, SLOW = 4, 4  # threads for what takes milliseconds, and for what may take seconds
FORM = "application/x-www-form-urlencoded"
AGAIN_S = 5  # Retry-After, s, while the database is unavailable
LASTING = {"cache-control": "private, max-age=31536000, immutable"}  # of content addressed by its hash
LOG_IN = Reason("log_in", "log in, or send a token, to see this")
NO_RIGHT = Reason("no_right", "your role does not allow this")
TOO_LONG = Reason("body_too_long", "the body is longer than {most} bytes", most=LONGEST_BODY)
NO_ROUTE = Reason("no_route", "there is nothing here: /api/v1/openapi.json tells what there is")


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request before its arguments are parsed."""

    path: dict[str, str]
    query: list[tuple[str, str]]
    body: bytes
    token: str | None
    session: str | None
    address: str
    form: bool = False  # the body is that of a form
    gone: threading.Event = field(default_factory=threading.Event)  # set when the client no longer waits


class RequestPool:
    """Answers requests in its own threads: slow ones have a separate pool, so that they never delay the others."""

    def __init__(self, engines: Engines, utc: Callable[[], int]) -> None:
        self._engines, self._utc = engines, utc
        self._quick = ThreadPoolExecutor(QUICK, "web")
        self._slow = ThreadPoolExecutor(SLOW, "web-slow")
        self.trouble: Callable[[], Reason | None] = lambda: None  # the hub's present fault, for pages
        self._waited_for: list[threading.Event] = []  # the `gone` events of requests in progress

    async def answer(self, route: Route, request: RawRequest) -> Any:
        """Return what a route answers. Raise ApiError."""
        pool = self._slow if route.slow else self._quick
        self._waited_for.append(request.gone)
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, self._work, route, request)
        finally:
            self._waited_for.remove(request.gone)

    def abort(self) -> None:
        """Abort long-running requests, as if their clients had gone: the hub is stopping."""
        for gone in self._waited_for:
            gone.set()

    async def caller(self, request: RawRequest) -> Account | None:
        """Return the caller's account. Raise ApiError."""
        return await self.quickly(lambda: self._caller(request))

    async def quickly(self, ask: Callable[[], T]) -> T:
        """Run a short database query in the quick pool. Return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, ask)

    def close(self) -> None:
        """Stop the threads and close their connections."""
        for pool in (self._quick, self._slow):
            pool.shutdown(cancel_futures=True)
        self._engines.close()

    def _caller(self, request: RawRequest) -> Account | None:
        try:
            return self._known(Accounts(self._engines.mine()), request)
        except SinkError as trouble:
            raise sink_failure(trouble) from None

    def _known(self, accounts: Accounts, request: RawRequest) -> Account | None:
        if request.token is not None:
            return accounts.by_token(request.token)
        return None if request.session is None else accounts.by_session(request.session, self._utc())

    def _work(self, route: Route, request: RawRequest) -> Any:
        try:
            engine = self._engines.mine()
            accounts = Accounts(engine)
            caller = self._known(accounts, request)
            if route.right is not None and caller is None:
                raise ApiError(401, LOG_IN)
            if route.right is not None and caller is not None and not caller.may(route.right):
                raise ApiError(403, NO_RIGHT)
            arguments = parse_arguments(route.arguments, request.path, request.query, request.body, request.form)
            station = getattr(arguments, "station", None)
            if caller is not None and station is not None and not caller.may(route.right or Right.READ, station):
                raise ApiError(404, NO_STATION.having(station=str(station)))  # as one that does not exist
            mine = frozenset[str]() if caller is None else caller.stations
            queries, orders = Queries(engine, mine), Orders(engine)
            parts = engine, queries, accounts, orders, AlarmBook(engine)
            asked = RequestContext(caller, *parts, self._utc(), request.address, request.session, request.gone)
            return route.handler(asked, arguments)
        except SinkError as trouble:
            raise sink_failure(trouble) from None


def sink_failure(trouble: SinkError) -> ApiError:
    """Return the HTTP error for a SinkError: 4xx where the request is at fault, 503 where the database is."""
    if isinstance(trouble, NothingError):
        return ApiError(422, trouble.reason)
    if isinstance(trouble, AskedError):
        return ApiError(404 if trouble.reason.code == NO_STATION.code else 422, trouble.reason)
    if isinstance(trouble, AccountError):
        return ApiError(404 if trouble.reason.code == UNKNOWN.code else 409, trouble.reason)
    if isinstance(trouble, PersonError):
        return ApiError(404, trouble.reason)
    if isinstance(trouble, ValueRefusedError):
        return ApiError(422, NOT_TAKEN.having(why="the database does not take it"))
    return ApiError(503, trouble.reason, AGAIN_S)


def application(
    routes: Sequence[Route],
    pool: RequestPool,
    listen: str,
    public_url: str | None,
    version: str,
    others: list[BaseRoute],
) -> Starlette:
    """Return the application. `others`: routes outside the API's table, as streams and pages."""
    document_bytes = msgspec.json.encode(document(routes, version))

    async def openapi(_request: Request) -> Response:
        return Response(document_bytes, media_type="application/json")

    packed = [
        Middleware(GZipMiddleware, minimum_size=1000)
    ]  # JSON; pictures are compressed already, and a stream must not be buffered
    web: list[BaseRoute] = [
        WebRoute(
            route.path,
            endpoint(route, pool),
            methods=[route.method],
            middleware=None if route.answer in (FileAnswer, MadeFile) or route.kind == WEBP else packed,
        )
        for route in routes
    ]
    web.append(WebRoute(f"{API}/openapi.json", openapi, middleware=packed))
    middleware = [Middleware(HubGuard, listen=listen, public_url=public_url)]
    return Starlette(routes=[*web, *others], middleware=middleware, exception_handlers={404: not_found, 405: not_found})


def endpoint(route: Route, pool: RequestPool) -> Callable[[Request], Any]:
    """Return the ASGI endpoint of one route."""

    async def serve(request: Request) -> Response:
        try:
            asked = replace(await read_request(request), form=False)
            watch = asyncio.create_task(tell_when_gone(request, asked.gone)) if route.answer is MadeFile else None
            try:
                return response_of(await pool.answer(route, asked), request)
            finally:
                asked.gone.set()
                if watch is not None:
                    watch.cancel()
        except ApiError as refused:
            return refusal(refused.status, refused.reason, refused.wait)
        except Exception:  # whatever a request does, the next one must be served
            log.exception("%s %s caused an unexpected error", route.method, route.path)
            return refusal(500, UNFORESEEN)

    return serve


async def tell_when_gone(request: Request, gone: threading.Event) -> None:
    """Set `gone` once the client has closed the connection, so that a long export is aborted."""
    await wait_disconnected(request.receive)
    gone.set()


async def read_request(request: Request) -> RawRequest:
    """Return a request with its whole body. Raise ApiError where that is too long."""
    try:
        body = await body_of(request, LONGEST_BODY)
    except BodyError:
        raise ApiError(413, TOO_LONG) from None
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    address = request.client.host if request.client else ""
    return RawRequest(
        dict(request.path_params),
        request.query_params.multi_items(),
        body,
        token.strip() if kind.lower() == "bearer" else None,
        request.cookies.get(COOKIE),
        address,
        request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM,
    )


class WholeFileResponse(FileResponse):
    """A file made for this request: ranges are not served, as parts of two different files could be joined."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the whole file, ignoring a Range header."""
        whole = [(name, value) for name, value in scope["headers"] if name != b"range"]
        await super().__call__({**scope, "headers": whole}, receive, send)


def response_of(answer: Any, request: Request) -> Response:
    """Return the HTTP response for an answer."""
    if isinstance(answer, FileAnswer):
        return FileResponse(answer.path, media_type=answer.kind, headers=LASTING)
    if isinstance(answer, MadeFile):
        gone = BackgroundTask(answer.path.unlink, missing_ok=True)
        headers = {"cache-control": "no-store", "accept-ranges": "none"}
        return WholeFileResponse(answer.path, 200, headers, answer.kind, gone, answer.name)
    if isinstance(answer, DataAnswer):
        named = {} if answer.name is None else {"content-disposition": f'attachment; filename="{answer.name}"'}
        return Response(answer.data, media_type=answer.kind, headers={**named, **(LASTING if answer.lasts else {})})
    if not isinstance(answer, SessionAnswer):
        return Response(msgspec.json.encode(answer), media_type="application/json")
    response = Response(msgspec.json.encode(answer.body), media_type="application/json")
    keep_session(response, answer, request)
    return response


def keep_session(response: Response, answer: SessionAnswer, request: Request) -> None:
    """Set the session's cookie, or delete it."""
    secure = request.url.scheme == "https"
    if answer.secret is None:
        response.delete_cookie(COOKIE, secure=secure, httponly=True, samesite="lax")
    else:
        lasts = SESSION_US // 1_000_000
        response.set_cookie(COOKIE, answer.secret, lasts, secure=secure, httponly=True, samesite="lax")


async def not_found(_request: Request, error: Exception) -> Response:
    """Answer that there is nothing at an address, or not with this method."""
    return refusal(getattr(error, "status_code", 404), NO_ROUTE)
