"""`minshan watch`: receive what stations send, store each record once, show who is online and what is missing."""

from __future__ import annotations

import logging
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.files import locked
from edge.language.log_lines import to_stderr
from edge.language.texts import _, ngettext
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import broker_at, broker_options, format_file_error, is_missing
from provisioning.folding import say

if TYPE_CHECKING:
    from edge.config.sections import BrokerSection
    from hub.receiver import Files, Receiver

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(
    help=_(
        "Receive what stations send: show it, and keep each record once. A terminal shows a table; a pipe or a file "
        "gets one line a record: station, time (UTC), kind, and of a minute each value, as air_temperature=4.65. A "
        "value that is not good has a word behind it, as `0.20(suspect)`."
    )
)
@broker_options()
@click.option("--jsonl", type=FILE, metavar=_("FILE"), help=_("Minute records, one JSON object a line."))
@click.option(
    "--events",
    type=FILE,
    metavar=_("FILE"),
    help=_("All other records, one JSON object a line (otherwise {file}.events).").format(file=_("FILE")),
)
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    metavar=_("FOLDER"),
    help=_("Photos, each named by station, time and camera (otherwise {file}.pictures).").format(file=_("FILE")),
)
@click.option("--receipts", is_flag=True, hidden=True)
@click.option(
    "--no-receipts",
    is_flag=True,
    help=_("Do not send receipts to stations: what the broker drops while there is no receiver is then lost."),
)
@click.option("--quiet", is_flag=True, help=_("Show only problems and the summary."))
def watch(
    url: str | None,
    jsonl: Path | None,
    events: Path | None,
    pictures: Path | None,
    receipts: bool,
    no_receipts: bool,
    quiet: bool,
    **login: Any,
) -> None:
    """Run until Ctrl-C or SIGTERM; wait for an unavailable broker."""
    from hub.receiver import Files

    if receipts and jsonl is None:
        raise click.UsageError(_("--receipts needs --jsonl FILE: a receipt says that a record is safely in it."))
    broker = broker_at(url, **login)
    if jsonl is not None and not no_receipts:  # a receipt speaks of events and photos too, so they must be somewhere
        events = events or jsonl.with_name(jsonl.name + ".events")
        pictures = pictures or jsonl.with_name(jsonl.name + ".pictures")
    to_stderr(logging.WARNING, "%(message)s")
    if jsonl is None:
        say(_("No receipts are sent, because no file is named to keep the minutes in (--jsonl FILE)."), err=True)
    elif no_receipts:
        say(_("No receipts are sent: what the broker drops while there is no receiver is lost."), err=True)
    run(broker, Files(jsonl, events, pictures), not no_receipts, quiet)


def run(broker: BrokerSection, files: Files, receipts: bool, quiet: bool) -> None:
    """Receive until a signal, then print a summary."""
    from hub.receiver import Receiver
    from hub.told_time import SynchronisedTime
    from provisioning.commands.watch_screen import screen

    ending: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: ending.append(got))
    with ExitStack() as stack:
        lock_files(files, stack)
        with screen(quiet) as show:
            try:
                receiver = Receiver(broker, files, receipts, show.seen, told=SynchronisedTime())
            except OSError as error:
                raise CommandError(Exit.USAGE, format_file_error(error)) from None
            receiver.run(lambda: bool(ending), lambda: show.tick(receiver))
        receiver.close()
    for line in summary(receiver):
        say(line)


def lock_files(files: Files, stack: ExitStack) -> None:
    """Lock the files against other receivers on this machine: each would truncate and rename the other's lines."""
    if (lock := files.beside(".lock")) is None:
        return
    try:
        stack.enter_context(locked(lock))
    except BlockingIOError:
        sentence = _("{file} is in use by another minshan watch.").format(file=lock.with_suffix(""))
        raise CommandError(Exit.STORE, sentence, _("Stop that one, or name another file.")) from None
    except OSError as error:
        if is_missing(lock.parent):
            raise CommandError(Exit.USAGE, _("{folder}: this folder is not there").format(folder=lock.parent)) from None
        raise CommandError(Exit.USAGE, format_file_error(error)) from None


def summary(receiver: Receiver) -> list[str]:
    """Return the lines about what was received, and what is missing."""
    from provisioning.commands.watch_screen import unusual

    tally, ledger = receiver.tally, receiver.records.ledger
    sentence = _("Received: minutes {minutes}, events {events}, photos {pictures}; duplicates skipped: {doubles}")
    lines = [
        sentence.format(minutes=tally.minutes, events=tally.events, pictures=tally.pictures, doubles=tally.doubles)
    ]
    for station in ledger.stations():
        missing = sum(span.last - span.first + 1 for span in ledger.missing(station))
        word = ngettext("{n} record not received", "{n} records not received", missing).format(n=missing)
        lines.append(
            "  " + _("{place}: {sentence}").format(place=station, sentence=word if missing else _("all received"))
        )
    return [*lines, *unusual(receiver)]
