"""The questions of `hub init` on a terminal. Each answer is checked at once, as the hub itself will check it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from edge.language.sentence import as_sentence
from edge.language.texts import _
from provisioning.commands import hub_broker
from provisioning.commands.answers import CheckedText, MayBeNone
from provisioning.commands.asking import asked
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.interview import unwritable
from provisioning.commands.options import format_file_error, sentence
from provisioning.folding import say

if TYPE_CHECKING:
    from hub.config import HubConfig

Facts = dict[str, str | None]
Writer = Callable[[Facts], str]
LISTEN = "127.0.0.1:8080"
SECTIONS = {"broker": "broker.url", "database": "database.url", "pictures": "pictures.dir", "http": "http"} | {
    "broker_password_file": None,  # None: a file that contains a password
    "database_password_file": None,
}


def complete(given: Facts, defaults: Facts, written: Writer) -> Facts:
    """Return the facts, with missing ones prompted for; `written` returns the hub's file for them.

    The database is opened before the next question, to detect a wrong password or another program's database.
    """
    facts = given | {key: given[key] or value for key, value in defaults.items()}
    known = {key for key, value in given.items() if value is not None}

    def ask(key: str, question: str, default: str | None) -> None:
        if key not in known:
            kind = CheckedText(fits(facts, key, SECTIONS[key] or key, written))
            answer = asked(question, default, MayBeNone(kind) if key == "http" else kind)
            facts[key] = answer or None

    def ask_password(url: str, key: str, question: str) -> None:
        if key not in known and _names_a_user_alone(facts[url] or ""):
            facts[key] = asked(question, "", MayBeNone(CheckedText(check_password_file)), shows_default=False) or None

    ask("broker", _("The broker's address, as mqtts://platform@broker.example:8883"), None)
    ask_password("broker", "broker_password_file", _("A file that contains only the broker's password (empty: none)"))
    say("  " + hub_broker.line(hub_broker.state_of(checked(written(facts)).broker)))  # no error: it may come later
    while True:
        ask("database", _("The database"), defaults["database"])
        ask_password("database", "database_password_file", _("A file that contains only its password (empty: none)"))
        trouble = unusable(checked(written(facts)))
        if trouble is None or known >= {"database", "database_password_file"}:
            break
        say(_("Error: {message}").format(message=trouble), err=True)
        known -= {"database", "database_password_file"}
    ask("pictures", _("The folder of photos"), defaults["pictures"])
    ask("http", _("Where pages and the API are served (-: nowhere)"), LISTEN)
    return facts


def refuse(given: Facts, written: Writer) -> None:
    """Raise CommandError where an option's value would be refused as an answer."""
    for key, section in SECTIONS.items():
        value = given[key]
        if value is not None:
            try:
                if section is None:
                    check_password_file(value)
                else:
                    fits(given, key, section, written)(value)
            except CommandError as error:
                place = f"--{key.replace('_', '-')}"
                told = _("{place}: {sentence}").format(place=place, sentence=error.sentence)
                raise CommandError(Exit.USAGE, told) from None


def fits(facts: Facts, key: str, section: str, written: Writer) -> Callable[[str], None]:
    """Return a function that raises CommandError for an answer that is invalid in that section of the hub's file."""

    def check(answer: str) -> None:
        from edge.config.errors import ConfigError

        try:
            config = checked(written(facts | {key: answer}))
        except ConfigError as error:
            wrong = [sentence(mistake) for mistake in error.mistakes if mistake.key.startswith(section)]
            if wrong:
                raise CommandError(Exit.CONFIG, "\n".join(wrong)) from None
            return
        if key == "pictures":
            can_be_made(Path(config.pictures.dir))
        if key == "database" and config.database.url.startswith("sqlite:///"):
            can_be_made(Path(unquote(config.database.url.removeprefix("sqlite://"))).parent)

    return check


def checked(text: str) -> HubConfig:
    """Return the configuration of a file's text. Raise ConfigError."""
    from hub.config import checked as taken

    return taken("", text)


def check_password_file(file: str) -> None:
    """Raise CommandError where no password can be read from the file."""
    from edge.files import read_password

    try:
        read_password(Path(file))
    except OSError as error:
        raise CommandError(Exit.USAGE, format_file_error(error)) from None


def can_be_written(out: Path) -> None:
    """Raise CommandError where the folder of a new file is missing or cannot be written."""
    if not os.path.exists(out.absolute().parent):
        raise unwritable(out, OSError(errno.ENOENT, os.strerror(errno.ENOENT)))
    can_be_made(out.absolute().parent)


def can_be_made(folder: Path) -> None:
    """Raise CommandError where a folder cannot be created or written."""
    nearest = next(place for place in (folder, *folder.absolute().parents) if os.path.exists(place))
    wrong = errno.ENOTDIR if not nearest.is_dir() else 0 if os.access(nearest, os.W_OK | os.X_OK) else errno.EACCES
    if wrong:
        raise CommandError(Exit.USAGE, format_file_error(OSError(wrong, os.strerror(wrong), str(nearest))))


def unusable(config: HubConfig) -> str | None:
    """Return why a database cannot be used; None where it can, or is a file that does not exist yet."""
    from hub.database import schema
    from hub.hub import engine_of
    from hub.sink import SinkError

    url = config.database.url
    if url.startswith("sqlite:///") and not os.path.exists(unquote(url.removeprefix("sqlite://"))):
        return None
    try:
        engine = engine_of(config, make=False)
        try:
            schema.version(engine)
        finally:
            engine.close()
    except SinkError as error:
        return as_sentence(error.reason)
    return None


def login_in(url: str) -> str:
    """Return the part before the @ of an address, which may be malformed; "" where there is none."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[0]


def _names_a_user_alone(url: str) -> bool:
    login = login_in(url)
    return bool(login) and ":" not in login
