"""`minshan maintenance`: somebody is working on the station, so spilt water does not count as rain."""

from __future__ import annotations

from pathlib import Path

import click

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.durations import Duration
from provisioning.commands.options import as_command, config_option, json_option, print_json, state_option
from provisioning.commands.status import ask_station
from provisioning.folding import say


@click.command(
    help=_(
        "Mark what is measured for DURATION (20m, 1h, 0 ends it) as maintenance: it is kept and flagged, "
        "never counted as weather. It ends by itself."
    )
)
@click.argument("seconds", type=Duration(zero=True), metavar=_("DURATION"))
@click.argument("words", metavar=_("[TEXT]"), nargs=-1)
@config_option()
@state_option()
@json_option()
def maintenance(
    seconds: float, words: tuple[str, ...], config_file: Path | None, state: Path | None, as_json: bool
) -> None:
    """Have the running station start or end maintenance."""
    from edge.control.arguments import LONGEST_MAINTENANCE

    if seconds > LONGEST_MAINTENANCE:
        raise click.UsageError(_("Maintenance lasts 24 hours at most."))
    said = " ".join(words) or _("work on the station")
    answer = ask_station(config_file, state, "maintenance", seconds=seconds, text=said)
    if as_json:
        print_json(answer)
    elif seconds:
        said = _("Maintenance for {duration}; it ends by itself, or by `{command}`.")
        command = as_command("maintenance 0", config_file, state)
        say(said.format(duration=texts.duration(seconds), command=command))
    else:
        say(_("Maintenance ends with the current minute."))
