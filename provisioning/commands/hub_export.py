"""`minshan hub export`: the minutes of a station as CSV, a spreadsheet or JSON lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.language.texts import _, ngettext
from provisioning.commands.answers import Day
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.hub_options import FILE, loaded, named, reading
from provisioning.commands.options import format_file_error, may_write
from provisioning.folding import say

if TYPE_CHECKING:
    from hub.export import Export, ExportedMinute

DAY = Day()


@click.command("export", help=_("Write the minutes of a station: CSV, a spreadsheet, or the lines of `watch --jsonl`."))
@FILE
@click.option("--station", metavar="ID", required=True, help=_("Which station."))
@click.option("--from", "first", type=DAY, required=True, help=_("The first day, by the station's clock."))
@click.option("--to", "last", type=DAY, required=True, help=_("The last day."))
@click.option(
    "--quantity", "quantities", multiple=True, metavar=_("NAME"), help=_("Only this quantity; may be repeated.")
)
@click.option("--format", "form", type=click.Choice(["csv", "xlsx", "jsonl"]), required=True, help=_("Which format."))
@click.option(
    "--out",
    type=click.Path(path_type=Path, readable=False),
    metavar=_("FILE"),
    help=_("Where to write (otherwise standard output)."),
)
@click.option("--force", is_flag=True, help=_("Replace an existing file."))
def export(
    config_file: Path,
    station: str,
    first: datetime,
    last: datetime,
    quantities: tuple[str, ...],
    form: str,
    out: Path | None,
    force: bool,
) -> None:
    """Write a temporary file, rename it when it is complete, and print the number of minutes."""
    from hub.export import Export, ExportSelection, NothingError
    from provisioning.commands.show import channel_of

    if first > last:
        raise CommandError(Exit.USAGE, _("--from is later than --to."))
    if form == "jsonl" and quantities:
        raise CommandError(Exit.USAGE, _("JSON lines hold whole minutes: leave --quantity out."))
    if form == "xlsx" and out is None:
        raise CommandError(Exit.USAGE, _("A spreadsheet needs a file: add --out FILE."))
    if out is not None:
        may_write(out, force, f"{station}.{form}")
    with reading(loaded(config_file)) as engine:
        named(engine, station)
        found = Export(engine, ExportSelection(station, first.date(), last.date(), tuple(map(channel_of, quantities))))
        try:
            with progress(found, out is None) as seen:
                count = write(found, form, out, seen)
        except NothingError as error:
            raise CommandError(Exit.USAGE, error.reason) from None
        except BrokenPipeError:
            raise  # the reader (`| head`) has seen enough
        except OSError as error:
            error.filename = str(out or _("Standard output"))  # not the temporary file
            raise CommandError(Exit.STORE, format_file_error(error)) from None
    say(ngettext("{n} minute written.", "{n} minutes written.", count).format(n=count), err=True)


def write(found: Export, form: str, out: Path | None, seen: Callable[[ExportedMinute], None]) -> int:
    """Write to a file, or to the standard output. Return the number of minutes. Raise SinkError, OSError."""
    from hub import export_files

    if out is None:
        output = sys.stdout.buffer
        if form == "jsonl":
            return export_files.write_jsonl(found, output, seen)
        return export_files.csv_bytes(found, output, seen, bom=False)
    beside = out.with_name(f".{out.name}.part")
    try:
        count = export_files.write_file(found, form, beside, seen)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(out)
    finally:
        beside.unlink(missing_ok=True)
    return count


@contextmanager
def progress(found: Export, printed: bool) -> Iterator[Callable[[ExportedMinute], None]]:
    """Give a function to call with each written minute; it drives a progress bar where stderr is a terminal.

    `printed`: minutes go to stdout; if that is a terminal too, no bar is shown.
    """
    from rich.console import Console
    from rich.progress import Progress

    hidden = not sys.stderr.isatty() or (printed and sys.stdout.isatty())
    with Progress(console=Console(stderr=True), transient=True, disable=hidden) as bar:
        task = bar.add_task(_("Writing"), total=found.last - found.first)
        yield lambda minute: bar.update(task, completed=(minute.start or found.last) - found.first)
