"""`minshan run`: the station itself, until it is stopped."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click

from edge.language.log_lines import to_stderr
from edge.language.texts import _, ngettext, speak
from edge.loading import unswept
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import config_option, json_option, loaded, print_json
from provisioning.folding import say


@click.command(help=_("Run the station: measure, keep and send until it is told to stop (Ctrl-C)."))
@config_option()
@click.option("--check", is_flag=True, help=_("Only check the file, then end."))
@json_option()
def run(config_file: Path | None, check: bool, as_json: bool) -> None:
    """Start the daemon, or only check the configuration."""
    if check:
        checked(config_file, as_json)
        return
    config = loaded(config_file)
    if config.station.language is not None:
        speak(config.station.language)
    log_to_stderr()
    with unswept():
        from edge.daemon import serve
        from edge.store.errors import StoreError

    try:
        serve(config)
    except StoreError as trouble:
        raise CommandError(Exit.STORE, trouble.reason) from None


def checked(config_file: Path | None, as_json: bool) -> None:
    """Check the file, and print that it is valid, with warnings; `loaded` raises CommandError where it is not."""
    from provisioning.commands.doubts import doubts, unfinished  # the station itself has none
    from provisioning.doctor.broker_notes import notes

    config = loaded(config_file)
    if as_json:
        print_json({"file": config.path, "station": config.station.id, "sensors": len(config.sensor)})
        return
    count = ngettext("{n} sensor", "{n} sensors", len(config.sensor)).format(n=len(config.sensor))
    say(
        _('{file} is right: station "{station}", {sensors}.').format(
            file=config.path, station=config.station.id, sensors=count
        )
    )
    for sentence, remedy in (
        *unfinished(config),
        *doubts(config),
        *(notes(config.broker) if config.broker is not None else ()),
    ):
        say(f"! {sentence}\n  → {remedy}")


def log_to_stderr() -> None:
    """Log one line per event to stderr, with the time unless the journal adds it."""
    stamp = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "
    to_stderr(logging.INFO, stamp + "%(levelname)s %(name)s: %(message)s")
