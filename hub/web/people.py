"""The API's routes about accounts of people and tokens of programs. A password can be set, never read.

A manager of some stations only manages accounts that see no others; the last administrator of all stations cannot be
removed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.reason import Reason
from edge.wire.contract import StationId
from hub.database.accounts import UNKNOWN, Kind
from hub.passwords import LONGEST, SHORTEST, hash_password
from hub.random_secrets import digest, new_secret
from hub.rights import NAME, Account, Right, Role
from hub.web.arguments import Nothing
from hub.web.handlers import Done, caller
from hub.web.table import API, ApiError, RequestContext, Route

NewName = Annotated[str, Meta(pattern=rf"^{NAME}$(?!\n)")]
KnownName = Annotated[str, Meta(min_length=1, max_length=64)]
Stations = Annotated[list[StationId], Meta(max_length=1000)] | None
Password = Annotated[str, Meta(min_length=SHORTEST, max_length=LONGEST)]
NOT_YOURS = Reason("account_beyond", "this account sees stations that you do not manage")


class Person(msgspec.Struct, frozen=True):
    """A person's account or a program's token; `stations` null: all, including future ones."""

    name: str
    role: Role
    stations: list[str] | None
    ended: bool


class Secret(msgspec.Struct, frozen=True):
    """A new token; the secret is shown only once."""

    name: str
    secret: str


class NewPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new person; `stations` null: all of them."""

    name: NewName
    role: Role
    password: Password
    stations: Stations = None


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program's new token."""

    name: NewName
    role: Role
    stations: Stations = None


class NewRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of somebody's role and stations."""

    name: KnownName
    role: Role
    stations: Stations = None


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of somebody's password, which ends all their sessions."""

    name: KnownName
    password: Password


class Ending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Disabling an account; `again`: enabling it again."""

    name: KnownName
    again: bool = False


def listed(kind: Kind) -> Callable[[RequestContext, Nothing], list[Person]]:
    """Return the handler that lists accounts of a kind, those that the caller may manage."""

    def handler(context: RequestContext, _said: Nothing) -> list[Person]:
        return [person(found) for found in context.accounts.listed(kind) if caller(context).over(found)]

    return handler


def add(context: RequestContext, arguments: NewPerson) -> Person:
    """Add a person's account."""
    account = _allowed(context, Account("user", arguments.name, arguments.role, _set(arguments.stations)))
    context.accounts.add(account, hash_password(arguments.password), context.now_us)
    return _noted(context, "user add", account)


def add_token(context: RequestContext, arguments: NewToken) -> Secret:
    """Create a token."""
    account = _allowed(context, Account("token", arguments.name, arguments.role, _set(arguments.stations)))
    secret = new_secret()
    context.accounts.add(account, digest(secret), context.now_us)
    return Secret(_noted(context, "token add", account).name, secret)


def role(context: RequestContext, arguments: NewRole) -> Person:
    """Change a person's role and stations."""
    was = managed_account(context, "user", arguments.name)
    account = _allowed(context, Account("user", arguments.name, arguments.role, _set(arguments.stations), was.ended))
    context.accounts.change_role(account)
    return _noted(context, "user role", account)


def password(context: RequestContext, arguments: NewPassword) -> Done:
    """Change a person's password."""
    found = managed_account(context, "user", arguments.name)
    context.accounts.change_password(arguments.name, hash_password(arguments.password))
    _noted(context, "user passwd", found)
    return Done()


def end(kind: Kind) -> Callable[[RequestContext, Ending], Done]:
    """Return the handler that disables accounts of a kind, or enables them again."""

    def handler(context: RequestContext, arguments: Ending) -> Done:
        found = managed_account(context, kind, arguments.name)
        context.accounts.end(kind, arguments.name, None if arguments.again else context.now_us)
        _noted(context, f"{kind} {'enable' if arguments.again else 'disable'}", found)
        return Done()

    return handler


def managed_account(context: RequestContext, kind: Kind, name: str) -> Account:
    """Return an account that the caller may manage. Raise ApiError, the same if unknown or not permitted."""
    for found in context.accounts.listed(kind):
        if found.name == name and caller(context).over(found):
            return found
    raise ApiError(404, UNKNOWN.having(name=name))


def person(account: Account) -> Person:
    """Return an account as shown to a manager."""
    mine = None if account.stations is None else sorted(account.stations)
    return Person(account.name, account.role, mine, account.ended)


def _allowed(context: RequestContext, account: Account) -> Account:
    """Return the account if the caller may create it. Raise ApiError."""
    if not caller(context).over(account):
        raise ApiError(403, NOT_YOURS)
    return account


def _noted(context: RequestContext, action: str, account: Account) -> Person:
    where = "*" if account.stations is None else " ".join(sorted(account.stations))
    context.accounts.note(caller(context), action, None, f"{account.name} {account.role} {where}", context.now_us)
    return person(account)


def _set(stations: list[str] | None) -> frozenset[str] | None:
    return None if stations is None else frozenset(stations)


def routes() -> tuple[Route, ...]:
    """Return the routes of accounts and tokens."""
    manage, users, tokens = Right.MANAGE, f"{API}/users", f"{API}/tokens"
    one, token = f"{users}/{{name}}", f"{tokens}/{{name}}"
    return (
        Route("GET", users, "Who may log in", manage, Nothing, list[Person], listed("user")),
        Route("POST", users, "Add somebody who may log in", manage, NewPerson, Person, add, slow=True),
        Route("POST", f"{one}/role", "Change a role", manage, NewRole, Person, role),
        Route("POST", f"{one}/password", "Change a password", manage, NewPassword, Done, password, slow=True),
        Route("POST", f"{one}/end", "Disable a login", manage, Ending, Done, end("user")),
        Route("GET", tokens, "The tokens of programs", manage, Nothing, list[Person], listed("token")),
        Route("POST", tokens, "Create a token", manage, NewToken, Secret, add_token),
        Route("POST", f"{token}/end", "Revoke a token", manage, Ending, Done, end("token")),
    )
