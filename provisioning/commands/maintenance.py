"""`minshan maintenance`: somebody works on the station, so that it counts no spilt water as rain."""

from __future__ import annotations

import re
from pathlib import Path

import click

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import config_option, json_option, print_json
from provisioning.commands.status import ask_station

SECONDS = {"": 60, "s": 1, "m": 60, "min": 60, "h": 3600}
DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|)")


@click.command(
    help=_(
        "Mark what is measured for DURATION (20m, 1h, 0 ends it) as maintenance: it is kept and flagged, "
        "never counted as weather. It ends by itself."
    )
)
@click.argument("duration", metavar=_("DURATION"))
@click.argument("text", metavar=_("[TEXT]"), default="")
@config_option()
@click.option("--state", type=click.Path(path_type=Path), metavar=_("FOLDER"), help=_("The folder of its data."))
@json_option()
def maintenance(duration: str, text: str, config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Ask the running station for it."""
    seconds = parsed(duration)
    answer = ask_station(
        config_file, state, {"ask": "maintenance", "seconds": seconds, "text": text or _("work on the station")}
    )
    if as_json:
        print_json(answer)
    elif seconds:
        said = _("Maintenance for {duration}; it ends by itself, or by `minshan maintenance 0`.")
        click.echo(said.format(duration=texts.duration(seconds)))
    else:
        click.echo(_("Maintenance ends with the present minute."))


def parsed(duration: str) -> float:
    """Return the seconds of "20m", "90s", "1h", "20" (minutes). Raise CommandError for any other text."""
    found = DURATION.fullmatch(duration.strip())
    if found is None:
        raise CommandError(Exit.USAGE, _('"{text}" is no duration; write 20m or 1h').format(text=duration))
    return float(found[1]) * SECONDS[found[2]]
