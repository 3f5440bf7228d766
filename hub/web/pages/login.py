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
    """The page to return to after the login."""

    back: Address = "/"


class LoginForm(msgspec.Struct, frozen=True):
    """The fields of the login form."""

    name: Annotated[str, Meta(max_length=64)] = ""
    password: Annotated[str, Meta(max_length=200)] = ""
    back: Address = "/"


def show(_asked: RequestContext, arguments: Entering) -> PageAnswer:
    """Return the form."""
    return form(arguments.back, "", "", 200)


def form(back: str, name: str, why: str, status: int) -> PageAnswer:
    """Return the form with an error message."""
    values = {"title": _("Log in"), "back": inside(back), "person": name, "why": why, "live_url": ""}
    return PageAnswer("login.html", values, status=status)


def enter(logins: Logins) -> Callable[[RequestContext, LoginForm], PageAnswer | Elsewhere]:
    """Return the handler that starts a session, or shows what was wrong and how long to wait."""
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
    """Return the address if it is on this server, else "/": a login must not redirect to other sites."""
    harmless = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if harmless and address.isprintable() and address.isascii() else "/"


def routes(logins: Logins) -> tuple[Route, ...]:
    """Return the routes of logging in and out."""
    return (
        Route("GET", "/login", "The login", None, Entering, PageAnswer, show),
        Route("POST", "/login", "Log in", None, LoginForm, PageAnswer, enter(logins), slow=True),
        Route("POST", "/logout", "Log out", None, given.Nothing, PageAnswer, leave),
    )
