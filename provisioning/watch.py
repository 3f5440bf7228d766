"""`minshan watch`: receive what stations send, keep each record once, show who is there and what is missing."""

from __future__ import annotations

import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from provisioning.exits import Exit, Failure
from provisioning.say import _, ngettext

if TYPE_CHECKING:
    from provisioning.receiver import Files, Receiver

FILE = click.Path(dir_okay=False, path_type=Path)
EXAMPLE = "mqtt://[user:password@]host:port"


@click.command(help=_("Receive what stations send: show it, and keep each record once."))
@click.option("--broker", "url", required=True, metavar="URL", help=EXAMPLE)
@click.option("--jsonl", type=FILE, metavar=_("FILE"), help=_("Minute records, one JSON object a line."))
@click.option("--events", type=FILE, metavar=_("FILE"), help=_("All other records, one JSON object a line."))
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    metavar=_("FOLDER"),
    help=_("Photos, each named by station, time and camera."),
)
@click.option("--receipts", is_flag=True, help=_("Tell stations what is safely in FILE (their proof “committed”)."))
@click.option("--ca-file", metavar=_("FILE"), help=_("The authority of the broker's certificate (mqtts)."))
@click.option("--quiet", is_flag=True, help=_("Show troubles and the summary alone."))
def watch(
    url: str,
    jsonl: Path | None,
    events: Path | None,
    pictures: Path | None,
    receipts: bool,
    ca_file: str | None,
    quiet: bool,
) -> None:
    """Run until Ctrl-C or SIGTERM; a broker that is away is waited for."""
    from edge.config.sections import BrokerSection
    from edge.uplink.address import BadAddress, parse
    from provisioning.receiver import Files

    if receipts and jsonl is None:
        raise click.UsageError(_("--receipts needs --jsonl FILE: a receipt says that a record is safely in it."))
    if receipts and events is None and jsonl is not None:
        events = jsonl.with_name(jsonl.name + ".events")  # a receipt covers events too, so they must be somewhere
    try:
        parse(url)
        broker = BrokerSection(url=url, ca_file=ca_file, retry_max_s=10.0)
    except (BadAddress, ValueError):
        said = _("The broker's address must be as mqtt://host:1883 or mqtts://host:8883.")
        raise Failure(Exit.USAGE, said) from None
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    run(broker, Files(jsonl, events, pictures), receipts, quiet)


def run(broker: object, files: Files, receipts: bool, quiet: bool) -> None:
    """Receive until a signal, then say what came."""
    from provisioning.receiver import Receiver
    from provisioning.watch_screen import screen

    ending: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: ending.append(got))
    with screen(quiet) as show:
        try:
            receiver = Receiver(broker, files, receipts, show.seen)  # type: ignore[arg-type]  # imported late
        except OSError as error:
            said = _("{file} cannot be used: {why}").format(file=error.filename, why=error.strerror)
            raise Failure(Exit.USAGE, said) from None
        receiver.run(lambda: bool(ending), lambda: show.tick(receiver))
    receiver.close()
    for line in summary(receiver):
        click.echo(line)


def summary(receiver: Receiver) -> list[str]:
    """What was received, and what is missing, for people."""
    tally, ledger = receiver.tally, receiver.ledger
    said = _("{minutes} minutes, {events} events, {pictures} photos received; {doubles} came twice and were left out")
    lines = [said.format(minutes=tally.minutes, events=tally.events, pictures=tally.pictures, doubles=tally.doubles)]
    for station in ledger.stations():
        missing = sum(span.last - span.first + 1 for span in ledger.missing(station))
        word = ngettext("{n} record missing", "{n} records missing", missing).format(n=missing)
        lines.append(f"  {station}: " + (word if missing else _("nothing missing")))
    return lines
