"""Shared by the `minshan hub` commands: the hub's file, and its database for reading and small changes."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.language.texts import _
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import UNITS, format_file_error, format_mistake, right_to_read
from provisioning.folding import as_typed, program, say

if TYPE_CHECKING:
    from hub.config import HubConfig
    from hub.database.engine import Engine

MOST_NAMED, MOST_NEAR = 20, 3  # stations listed in a message: all if that many, else those with the nearest names
INSTALLED = Path("/etc/minshan-hub/hub.toml")  # the file of the service that `make install-hub` installs
FILE = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, readable=False),
    default=INSTALLED,
    metavar=_("FILE"),
    help=_("The hub's file, as `minshan hub init` writes it (otherwise {file}).").format(file=INSTALLED),
)


def starting(file: Path) -> str:
    """Return the command that starts the hub of a file: the service if it uses that file."""
    if file.absolute() == INSTALLED and (UNITS / "minshan-hub.service").exists():
        return "sudo systemctl start minshan-hub"
    return f"{program()} hub run --config {as_typed(file)}"


def as_command(file: Path, words: str) -> str:
    """Return a command of the hub of a file as it is typed."""
    if file.absolute() == INSTALLED:
        return f"sudo minshan hub {words}"
    return f"{program()} hub {words} --config {as_typed(file)}"


def loaded(path: Path) -> HubConfig:
    """Return the hub's configuration. Raise CommandError with one line for each mistake in its file."""
    from edge.config.errors import NO_FILE, ConfigError
    from hub.config import load

    try:
        return load(path)
    except ConfigError as error:
        lines = "\n".join(map(format_mistake, error.mistakes))
        missing = path == INSTALLED and any(mistake.reason.code == NO_FILE.code for mistake in error.mistakes)
        remedy = _("Name the file with --config, or write one with `minshan hub init`.") if missing else ""
        raise CommandError(Exit.CONFIG, lines, remedy or right_to_read(error, "minshan-hub")) from None


@contextmanager
def reading(config: HubConfig) -> Iterator[Engine]:
    """Give the existing database of this version. Raise CommandError."""
    from hub.database import schema
    from hub.database.engine import opened
    from hub.sink import SinkError

    logging.getLogger("minshan").setLevel(logging.WARNING)
    try:
        engine = opened(config.database.url, password_of(config), make=False)
        with closing(engine):
            if schema.version(engine) != len(schema.MIGRATIONS):
                sentence = _("No hub of this version has written into {database} yet.").format(database=engine.shown)
                raise CommandError(Exit.STORE, sentence, _("Start it once: minshan hub run."))
            yield engine
    except SinkError as error:
        raise CommandError(Exit.STORE, error.reason) from None


def named(engine: Engine, station: str) -> None:
    """Raise CommandError where the station is unknown; the remedy lists known ones, of many only similar names."""
    from hub.stations import names

    known = names(engine)
    if station not in known:
        sentence = _('No station "{station}" has sent anything.').format(station=station)
        if len(known) > MOST_NAMED:
            known = difflib.get_close_matches(station, known, MOST_NEAR)
        remedy = _("There are: {stations}.").format(stations=_(", ").join(known)) if known else ""
        raise CommandError(Exit.USAGE, sentence, remedy or _("`minshan hub status` names all stations."))


def say_unheard(engine: Engine, stations: Iterable[str]) -> None:
    """Print which of these stations have sent nothing: they may come later, or a name is misspelt."""
    from hub.stations import names

    known = names(engine)
    for station in sorted(set(stations) - set(known)):
        sentence = _("No station {station} has sent anything yet: is its name right?")
        near = difflib.get_close_matches(station, known, 1)
        if near:
            sentence = _("No station {station} has sent anything yet: is its name right, or was {near} meant?")
        say(sentence.format(station=station, near="".join(near)), err=True)


def password_of(config: HubConfig) -> str | None:
    """Return the database's password. Raise CommandError."""
    try:
        return config.password
    except OSError as error:
        raise CommandError(Exit.STORE, format_file_error(error)) from None
    except ValueError:
        sentence = _("{file} contains no password: it is not a text file.").format(file=config.database.password_file)
        raise CommandError(Exit.STORE, sentence) from None
