"""`minshan hub user` and `minshan hub token`: who may see and do what on the hub's page and API."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.clock.clock import system_utc
from edge.language.texts import _
from edge.language.words import N_
from provisioning.commands.answers import WordChoice
from provisioning.commands.asking import asked
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.hub_options import FILE, loaded, reading, say_unheard
from provisioning.commands.options import STATION, format_file_error, json_option, print_json
from provisioning.folding import say

if TYPE_CHECKING:
    from hub.database.accounts import Accounts, Kind
    from hub.rights import Account

# hub.rights.Role; a test holds them together
ROLES = {
    "grower": N_("grower"),
    "technician": N_("technician"),
    "operator": N_("operator"),
    "admin": N_("administrator"),
}
PERSON = click.argument("name", metavar=_("NAME"))
ROLE = click.option("--role", type=WordChoice(ROLES), required=True, help=_("What they may do."))
STATIONS = click.option(
    "--station", "stations", multiple=True, metavar="ID", help=_("Only this station; may be repeated.")
)
PASSWORD_FILE = click.option(
    "--password-file",
    type=click.Path(path_type=Path, readable=False),
    metavar=_("FILE"),
    help=_("A file that contains only the password; otherwise it is asked for."),
)


@click.group(help=_("Manage who may log in, and what they may see."))
def user() -> None:
    """Group the commands below."""


@click.group(help=_("Manage the tokens with which programs use the API."))
def token() -> None:
    """Group the commands below."""


@user.command("add", help=_("Add somebody who may log in."))
@FILE
@PERSON
@ROLE
@STATIONS
@PASSWORD_FILE
def add_user(config_file: Path, name: str, role: str, stations: tuple[str, ...], password_file: Path | None) -> None:
    """Prompt for a password twice, and store its hash."""
    from hub.passwords import hash_password, hasher

    account = made("user", name, role, stations)
    with accounts(config_file, stations) as known:
        hasher()  # before a password is asked for
        known.add(account, hash_password(password(password_file)), system_utc())
    say(_('"{name}" can log in now.').format(name=name))


@user.command("passwd", help=_("Change somebody's password; they are logged out everywhere."))
@FILE
@PERSON
@PASSWORD_FILE
def passwd(config_file: Path, name: str, password_file: Path | None) -> None:
    """Change a password."""
    from hub.passwords import hash_password, hasher

    with accounts(config_file) as known:
        hasher()  # before a password is asked for
        if known.user(name) is None:
            raise CommandError(Exit.USAGE, _('There is no "{name}".').format(name=name))
        known.change_password(name, hash_password(password(password_file)))
    say(_('"{name}" has a new password.').format(name=name))


@user.command("disable", help=_("Disable somebody's login; --again enables it."))
@FILE
@PERSON
@click.option("--again", is_flag=True, help=_("Enable the login again."))
def disable(config_file: Path, name: str, again: bool) -> None:
    """Disable an account and end its sessions, or enable it again."""
    with accounts(config_file) as known:
        known.end("user", name, None if again else system_utc())
    sentence = _('"{name}" can log in again.') if again else _('"{name}" can no longer log in.')
    say(sentence.format(name=name))


@user.command("list", help=_("Show the people."))
@FILE
@json_option()
def list_users(config_file: Path, as_json: bool) -> None:
    """Print a line for each person."""
    show("user", config_file, as_json)


@token.command("add", help=_("Create a token for a program; it is shown once."))
@FILE
@PERSON
@ROLE
@STATIONS
def add_token(config_file: Path, name: str, role: str, stations: tuple[str, ...]) -> None:
    """Print only the secret on stdout, and its use on stderr."""
    from hub.random_secrets import digest, new_secret

    secret, account = new_secret(), made("token", name, role, stations)
    with accounts(config_file, stations) as known:
        known.add(account, digest(secret), system_utc())
    say(_("Keep it safe: it is not shown again. A program sends it as `Authorization: Bearer …`."), err=True)
    click.echo(secret)


@token.command("list", help=_("Show the tokens' names."))
@FILE
@json_option()
def list_tokens(config_file: Path, as_json: bool) -> None:
    """Print a line for each token."""
    show("token", config_file, as_json)


@token.command("revoke", help=_("Revoke a token."))
@FILE
@PERSON
def revoke(config_file: Path, name: str) -> None:
    """Revoke a token."""
    with accounts(config_file) as known:
        known.end("token", name, system_utc())
    say(_('The token "{name}" is revoked.').format(name=name))


def made(kind: Kind, name: str, role: str, stations: tuple[str, ...]) -> Account:
    """Return the requested account. Raise CommandError where a name is not valid."""
    from hub.rights import NAME, Account, Role

    if not re.fullmatch(NAME, name):
        sentence = _('"{name}" is not a valid name: use up to 64 letters, digits, and · . _ @ - inside.')
        raise CommandError(Exit.USAGE, sentence.format(name=name))
    for station in stations:
        if not re.fullmatch(STATION, station):
            raise CommandError(Exit.USAGE, _('"{station}" is not a valid station name').format(station=station))
    return Account(kind, name, Role(role), frozenset(stations) or None)


def password(file: Path | None) -> str:
    """Return a new password: from the file, else prompted for twice. Raise CommandError if it is too short or long."""
    from edge.files import read_password
    from hub.passwords import LONGEST, SHORTEST

    if file is None and not sys.stdin.isatty():
        raise CommandError(
            Exit.USAGE, _("There is no terminal to type a password at: name a file with --password-file.")
        )
    try:
        found = asked(_("Password"), hide_input=True, confirmation_prompt=True) if file is None else ""
        found = found if file is None else read_password(file)
    except OSError as error:
        raise CommandError(Exit.USAGE, format_file_error(error)) from None
    if not SHORTEST <= len(found) <= LONGEST:
        sentence = _("A password has {least} to {most} characters; this one has {n}.")
        raise CommandError(Exit.USAGE, sentence.format(least=SHORTEST, most=LONGEST, n=len(found)))
    return str(found)


def show(kind: Kind, config_file: Path, as_json: bool) -> None:
    """Print all accounts of a kind."""
    from hub.web.pages.words import role_word

    nothing = {"user": _("Nobody has an account yet."), "token": _("There is no token yet.")}
    with accounts(config_file) as known:
        listed = known.listed(kind)
        if not listed and not as_json:
            say(nothing[kind])
        for account in listed:
            mine = None if account.stations is None else sorted(account.stations)
            if as_json:
                print_json({"name": account.name, "role": account.role, "stations": mine, "ended": account.ended})
                continue
            where = _("all stations") if mine is None else _(", ").join(mine)
            ended = "" if not account.ended else _(" (disabled)")
            facts = _(", ").join((role_word(account.role), where)) + ended
            say(_("{place}: {sentence}").format(place=account.name, sentence=facts))


@contextmanager
def accounts(config_file: Path, stations: Iterable[str] = ()) -> Iterator[Accounts]:
    """Give the accounts of the hub's database; print which of `stations` have sent nothing.

    Raise CommandError, also for the database's errors within the block.
    """
    from hub.database.accounts import Accounts
    from hub.sink import SinkError

    with reading(loaded(config_file)) as engine:
        try:
            say_unheard(engine, stations)
            yield Accounts(engine)
        except SinkError as trouble:
            raise CommandError(Exit.USAGE, trouble.reason) from None
