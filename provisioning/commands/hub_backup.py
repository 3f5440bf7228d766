"""`minshan hub backup` and `minshan hub restore`: the hub's database in one file, and back."""

from __future__ import annotations

from pathlib import Path

import click

from edge.language.texts import _
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.hub_interview import can_be_written
from provisioning.commands.hub_options import FILE, loaded, password_of, reading, starting
from provisioning.commands.options import format_file_error, may_write
from provisioning.folding import say

PATH = click.Path(path_type=Path, readable=False)


@click.command(
    "backup", help=_("Write the database to one file, whether the hub is running or not. Photos are not included.")
)
@FILE
@click.option("--out", type=PATH, required=True, metavar=_("FILE"), help=_("The file to write."))
@click.option("--force", is_flag=True, help=_("Replace an existing file."))
def backup(config_file: Path, out: Path, force: bool) -> None:
    """Write a temporary file, check that it can be opened, and rename it."""
    from hub.backup import backup as write

    may_write(out, force, "hub.backup")
    can_be_written(out)
    config = loaded(config_file)
    try:
        with reading(config) as engine:
            write(engine, config.database.url, password_of(config), out)
    except OSError as error:
        raise CommandError(Exit.STORE, format_file_error(error)) from None
    say(_("{file} was written and verified.").format(file=out))


@click.command("restore", help=_("Restore the database from a backup. Stop the hub first."))
@FILE
@click.option("--from", "file", type=PATH, required=True, metavar=_("FILE"), help=_("The backup."))
def restore(config_file: Path, file: Path) -> None:
    """Restore with a new generation, so that the stations resend what was received after the backup."""
    from hub.backup import restore as put_back
    from hub.sink import SinkError

    config = loaded(config_file)
    try:
        log = put_back(config.database.url, password_of(config), file)
    except SinkError as error:
        raise CommandError(Exit.STORE, error.reason) from None
    except OSError as error:
        raise CommandError(Exit.STORE, format_file_error(error)) from None
    say(
        _(
            "The database was restored from the backup. The stations will send what it lacks, as far as they "
            "still have it."
        )
    )
    if log is not None:
        say(_("What the log of the lost database held is kept in {file}.").format(file=log))
    say(_("Next: `{command}`.").format(command=starting(config_file)))
