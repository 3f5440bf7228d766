"""Serve pages like the API's routes: rights are checked in the same place, and a refusal becomes a page too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.routing import Route as WebRoute

from drivers.reason import UNFORESEEN, Reason
from edge.language import texts
from edge.language.sentence import as_sentence, isolated
from edge.language.texts import _
from edge.page.assets import Assets
from edge.page.guard import wants_page
from edge.page.look import ASKED, look_of
from edge.page.templates import Templates
from hub.rights import Account, Right
from hub.web.app import LOG_IN, RequestPool, keep_session, read_request, response_of
from hub.web.pages.login import LONGEST_ADDRESS
from hub.web.pages.words import role_word
from hub.web.table import ApiError, Elsewhere, PageAnswer, RequestContext, Route

HERE = Path(__file__).parent.parent
LOGIN = "/login"
NO_PAGE = Reason("no_page", "there is no page at this address")
ABSENT, AWAY = 404, 503
log = logging.getLogger("minshan.web")


def page_routes(
    routes: Sequence[Route], pool: RequestPool, utc: Callable[[], int], names: Mapping[str, str]
) -> list[BaseRoute]:
    """Return the routes of the pages, and that of their style and scripts. `names`: display names of stations."""
    assets = Assets(HERE / "static")
    templates = Templates(assets, [HERE / "templates"], live_url="/api/v1/live")
    templates.environment.filters["called"] = lambda station: isolated(names.get(station, station))
    pages = Pages(templates, pool, utc)
    packed = [Middleware(GZipMiddleware, minimum_size=500)]
    made: list[BaseRoute] = [
        WebRoute(route.path, pages.endpoint(route), methods=[route.method], middleware=packed) for route in routes
    ]
    return [*made, assets.route(), WebRoute("/{elsewhere:path}", pages.nothing, methods=["GET"])]


class Pages:
    """Renders handlers' answers as pages in the caller's language, in the worker threads."""

    def __init__(self, templates: Templates, pool: RequestPool, utc: Callable[[], int]) -> None:
        self._templates, self._pool, self._utc = templates, pool, utc

    def endpoint(self, route: Route) -> Callable[[Request], Any]:
        """Return the ASGI endpoint of one page."""

        async def serve(request: Request) -> Response:
            made: Response
            try:
                asked = await read_request(request)
                asked.query[:] = [pair for pair in asked.query if pair[0] not in ASKED]
                made = await self._pool.answer(replace(route, handler=partial(self._made, request, route)), asked)
            except ApiError as refused:
                made = await self._refused(request, refused)
            except Exception:  # whatever a request does, the next one must be served
                log.exception("%s %s caused an unexpected error", route.method, route.path)
                made = await self._refused(request, ApiError(500, UNFORESEEN))
            return made

        return serve

    def _made(self, request: Request, route: Route, context: RequestContext, arguments: Any) -> Response:
        """Return the HTTP response for a handler's answer."""
        with texts.speaking(look_of(request).lang):
            answer = route.handler(context, arguments)
            if isinstance(answer, Elsewhere):
                response: Response = RedirectResponse(answer.path, 303)
                if answer.session is not None:
                    keep_session(response, answer.session, request)
                return response
            if not isinstance(answer, PageAnswer):
                return response_of(answer, request)
            return self._page(request, context.caller, answer)

    def _page(self, request: Request, caller: Account | None, answer: PageAnswer) -> Response:
        trouble = self._pool.trouble()
        return self._templates.page(
            request,
            answer.template,
            now_us=self._utc(),
            offset_s=answer.offset_s,
            status=answer.status,
            **{
                "caller": caller,
                "hindered": "" if trouble is None or caller is None else as_sentence(trouble),
                "role": role_word,
                "pages": partial(navigation, caller),
                "station": "",
                **answer.values,
            },
        )

    async def nothing(self, request: Request) -> Response:
        """Answer a wrong address with a page, or with the API's error where no page is wanted."""
        if not wants_page(request):
            raise HTTPException(404)
        return await self._refused(request, ApiError(404, NO_PAGE))

    async def _refused(self, request: Request, refused: ApiError) -> Response:
        """Redirect to the login, or return a page with the error."""
        if refused.reason.code == LOG_IN.code:
            return RedirectResponse(f"{LOGIN}?{urlencode({'back': wanted(request)})}", 303)

        def made() -> Response:
            with texts.speaking(look_of(request).lang):
                title, why = told(refused)
                values = {"title": title, "why": why, "live_url": ""}
                return self._page(request, None, PageAnswer("refused.html", values, status=refused.status))

        response = await self._pool.quickly(made)
        if refused.wait is not None:
            response.headers["retry-after"] = str(refused.wait)
        return response


def wanted(request: Request) -> str:
    """Return the page to go to after the login: the requested address, with its query unless that is too long.

    A form is not submitted again after the login: that leads to the first page.
    """
    if request.method != "GET":
        return "/"
    address = f"{request.url.path}?{request.url.query}".removesuffix("?")
    return address if len(address) <= LONGEST_ADDRESS else request.url.path


def told(refused: ApiError) -> tuple[str, str]:
    """Return title and sentence of a refusal; the database's address is not shown to strangers."""
    if refused.status == AWAY:
        return _("Not available at the moment"), _("The database is unavailable: try again in a minute.")
    return _("Nothing is here") if refused.status == ABSENT else _("This cannot be done"), as_sentence(refused.reason)


def navigation(caller: Account | None) -> list[tuple[str, str]]:
    """Return address and name of the pages that the caller may see; the names are short, to fit a phone's width."""
    if caller is None:
        return []
    found = [("/", _("Wall")), ("/completeness", _("Data")), ("/alerts", _("Alerts"))]
    found.append(("/visits", _("Visits")))
    if caller.may(Right.MANAGE):
        found += [("/on-call", _("On call")), ("/people", _("Users")), ("/audit", _("Log"))]
    return found
