"""Logging in and out on a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.language.sentence import as_sentence
from edge.language.texts import _
from hub.web import arguments as given
from hub.web import handlers
from hub.web.logins import Logins
from hub.web.table import ApiError, Elsewhere, PageAnswer, RequestContext, Route

LONGEST_ADDRESS = 300
Address = Annotated[str, Meta(max_length=LONGEST_ADDRESS)]


class Entering(msgspec.Struct, frozen=True):
    """Where somebody wanted to go."""

    back: Address = "/"


class LoginForm(msgspec.Struct, frozen=True):
    """What the form says."""

    name: Annotated[str, Meta(max_length=64)] = ""
    password: Annotated[str, Meta(max_length=200)] = ""
    back: Address = "/"


def show(_asked: RequestContext, arguments: Entering) -> PageAnswer:
    """Return the form."""
    return form(arguments.back, "", "", 200)


def form(back: str, name: str, why: str, status: int) -> PageAnswer:
    """Return the form with what was wrong."""
    values = {"title": _("Log in"), "back": inside(back), "person": name, "why": why, "live_url": ""}
    return PageAnswer("login.html", values, status=status)


def enter(logins: Logins) -> Callable[[RequestContext, LoginForm], PageAnswer | Elsewhere]:
    """Return the handler that begins a session, or says what was wrong and how long to wait."""
    login = handlers.login(logins)

    def handler(context: RequestContext, arguments: LoginForm) -> PageAnswer | Elsewhere:
        try:
            session = login(context, given.Credentials(arguments.name, arguments.password))
        except ApiError as refused:
            return form(arguments.back, arguments.name, as_sentence(refused.reason), refused.status)
        return Elsewhere(inside(arguments.back), session)

    return handler


def leave(context: RequestContext, arguments: given.Nothing) -> Elsewhere:
    """End the session."""
    return Elsewhere("/login", handlers.logout(context, arguments))


def inside(address: str) -> str:
    """Return an address of this server alone: a link must not lead elsewhere behind the login."""
    harmless = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if harmless and address.isprintable() and address.isascii() else "/"


def routes(logins: Logins) -> tuple[Route, ...]:
    """Return their part of the route table."""
    return (
        Route("GET", "/login", "The login", None, Entering, PageAnswer, show),
        Route("POST", "/login", "Log in", None, LoginForm, PageAnswer, enter(logins), slow=True),
        Route("POST", "/logout", "Log out", None, given.Nothing, PageAnswer, leave),
    )
