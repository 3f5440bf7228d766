"""The page of accounts and tokens; each button does what the API's route of the same name does."""

from __future__ import annotations

import msgspec

from edge.language.sentence import as_sentence
from edge.language.texts import _
from hub.database.accounts import AccountError
from hub.passwords import LONGEST, SHORTEST
from hub.rights import Right, Role
from hub.web import people
from hub.web.arguments import Nothing
from hub.web.table import Elsewhere, PageAnswer, RequestContext, Route

PAGE = "/people"


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of a role: `scope` "all" means all stations, "some" those that are ticked."""

    name: people.KnownName
    role: Role
    scope: str = "some"
    stations: people.Stations = None


class NewPersonForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The form of a new person, or of a new token (without a password)."""

    name: people.NewName
    role: Role
    password: people.Password = ""
    scope: str = "some"
    stations: people.Stations = None


def show(context: RequestContext, _said: Nothing) -> PageAnswer:
    """Return the accounts and tokens."""
    return render_page(context)


def render_page(context: RequestContext, why: str = "", secret: str = "", status: int = 200) -> PageAnswer:
    """Return the page with an error message, or a new token's secret."""
    values = {
        "title": _("People"),
        "people": people.listed("user")(context, Nothing()),
        "tokens": people.listed("token")(context, Nothing()),
        "roles": [role.value for role in Role],
        "stations": [state.station for state in context.queries.stations(context.now_us)],
        "why": why,
        "secret": secret,
        "shortest": SHORTEST,
        "longest": LONGEST,
    }
    return PageAnswer("people.html", values, status=status)


def scope(arguments: Chosen | NewPersonForm) -> list[str] | None:
    """Return the stations chosen in a form; None: all of them."""
    return None if arguments.scope == "all" else arguments.stations or []


def add(context: RequestContext, arguments: NewPersonForm) -> PageAnswer | Elsewhere:
    """Add a person's account."""
    try:
        people.add(context, people.NewPerson(arguments.name, arguments.role, arguments.password, scope(arguments)))
    except AccountError as trouble:
        return render_page(context, as_sentence(trouble.reason), status=409)
    return Elsewhere(PAGE)


def add_token(context: RequestContext, arguments: NewPersonForm) -> PageAnswer:
    """Create a token, whose secret the page shows only once."""
    try:
        made = people.add_token(context, people.NewToken(arguments.name, arguments.role, scope(arguments)))
    except AccountError as trouble:
        return render_page(context, as_sentence(trouble.reason), status=409)
    return render_page(context, secret=made.secret)


def role(context: RequestContext, arguments: Chosen) -> PageAnswer | Elsewhere:
    """Change a person's role and stations."""
    try:
        people.role(context, people.NewRole(arguments.name, arguments.role, scope(arguments)))
    except AccountError as trouble:
        return render_page(context, as_sentence(trouble.reason), status=409)
    return Elsewhere(PAGE)


def password(context: RequestContext, arguments: people.NewPassword) -> Elsewhere:
    """Change a person's password."""
    people.password(context, arguments)
    return Elsewhere(PAGE)


def end(context: RequestContext, arguments: people.Ending) -> PageAnswer | Elsewhere:
    """Disable an account, or enable it again."""
    try:
        people.end("user")(context, arguments)
    except AccountError as trouble:
        return render_page(context, as_sentence(trouble.reason), status=409)
    return Elsewhere(PAGE)


def end_token(context: RequestContext, arguments: people.Ending) -> Elsewhere:
    """Revoke a token."""
    people.end("token")(context, arguments)
    return Elsewhere(PAGE)


def routes() -> tuple[Route, ...]:
    """Return the routes of accounts and tokens."""
    manage, one, token = Right.MANAGE, f"{PAGE}/{{name}}", "/tokens"
    return (
        Route("GET", PAGE, "People", manage, Nothing, PageAnswer, show),
        Route("POST", PAGE, "Add somebody who may log in", manage, NewPersonForm, PageAnswer, add, slow=True),
        Route("POST", f"{one}/role", "Change a role", manage, Chosen, PageAnswer, role),
        Route("POST", f"{one}/password", "Change a password", manage, people.NewPassword, PageAnswer, password, True),
        Route("POST", f"{one}/end", "Disable an account", manage, people.Ending, PageAnswer, end),
        Route("POST", token, "Create a token", manage, NewPersonForm, PageAnswer, add_token),
        Route("POST", f"{token}/{{name}}/end", "Revoke a token", manage, people.Ending, PageAnswer, end_token),
    )
