"""People and tokens on a page; each button does what the API's route of the same name does."""

from __future__ import annotations

import msgspec

from edge.language import texts
from edge.language.texts import _
from hub.passwords import LONGEST, SHORTEST
from hub.rights import Right, Role
from hub.web import people
from hub.web.arguments import Nothing
from hub.web.table import ApiError, Elsewhere, PageAnswer, RequestContext, Route

PAGE = "/people"


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role as a form says it: `scope` "all" are all stations, "some" those that are ticked."""

    name: people.KnownName
    role: Role
    scope: str = "some"
    stations: people.Stations = None


class NewPersonForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody new, or a new token (then without a password)."""

    name: people.NewName
    role: Role
    password: people.Password = ""
    scope: str = "some"
    stations: people.Stations = None


def show(asked: RequestContext, _said: Nothing) -> PageAnswer:
    """Return who may do what."""
    return render_page(asked)


def render_page(asked: RequestContext, why: str = "", secret: str = "", status: int = 200) -> PageAnswer:
    """Return the same with what was wrong, or a new token's secret."""
    values = {
        "title": _("People"),
        "people": people.listed("user")(asked, Nothing()),
        "tokens": people.listed("token")(asked, Nothing()),
        "roles": [role.value for role in Role],
        "stations": [state.station for state in asked.queries.stations()],
        "why": why,
        "secret": secret,
        "shortest": SHORTEST,
        "longest": LONGEST,
    }
    return PageAnswer("people.html", values, status=status)


def scope(said: Chosen | NewPersonForm) -> list[str] | None:
    """Return the stations that a form says; None: all of them."""
    return None if said.scope == "all" else said.stations or []


def add(asked: RequestContext, said: NewPersonForm) -> PageAnswer | Elsewhere:
    """Let somebody log in."""
    try:
        people.add(asked, people.NewPerson(said.name, said.role, said.password, scope(said)))
    except people.AccountError as trouble:
        return render_page(asked, texts.render(trouble.reason), status=409)
    return Elsewhere(PAGE)


def add_token(asked: RequestContext, said: NewPersonForm) -> PageAnswer:
    """Make a token, whose secret the page shows this once."""
    try:
        made = people.add_token(asked, people.NewToken(said.name, said.role, scope(said)))
    except people.AccountError as trouble:
        return render_page(asked, texts.render(trouble.reason), status=409)
    return render_page(asked, secret=made.secret)


def role(asked: RequestContext, said: Chosen) -> PageAnswer | Elsewhere:
    """Give somebody another role, or other stations."""
    try:
        people.role(asked, people.NewRole(said.name, said.role, scope(said)))
    except ApiError as refused:
        return render_page(asked, texts.render(refused.reason), status=refused.status)
    return Elsewhere(PAGE)


def password(asked: RequestContext, said: people.NewPassword) -> Elsewhere:
    """Give somebody another password."""
    people.password(asked, said)
    return Elsewhere(PAGE)


def end(asked: RequestContext, said: people.Ending) -> PageAnswer | Elsewhere:
    """End an account, or let it live again."""
    try:
        people.end("user")(asked, said)
    except ApiError as refused:
        return render_page(asked, texts.render(refused.reason), status=refused.status)
    return Elsewhere(PAGE)


def end_token(asked: RequestContext, said: people.Ending) -> Elsewhere:
    """End a token."""
    people.end("token")(asked, said)
    return Elsewhere(PAGE)


def routes() -> tuple[Route, ...]:
    """Return their part of the route table."""
    manage, one, token = Right.MANAGE, f"{PAGE}/{{name}}", "/tokens"
    return (
        Route("GET", PAGE, "People", manage, Nothing, PageAnswer, show),
        Route("POST", PAGE, "Let somebody log in", manage, NewPersonForm, PageAnswer, add, slow=True),
        Route("POST", f"{one}/role", "Give another role", manage, Chosen, PageAnswer, role),
        Route(
            "POST", f"{one}/password", "Give another password", manage, people.NewPassword, PageAnswer, password, True
        ),
        Route("POST", f"{one}/end", "End an account", manage, people.Ending, PageAnswer, end),
        Route("POST", token, "Make a token", manage, NewPersonForm, PageAnswer, add_token),
        Route("POST", f"{token}/{{name}}/end", "End a token", manage, people.Ending, PageAnswer, end_token),
    )
