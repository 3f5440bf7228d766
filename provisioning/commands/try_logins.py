"""`minshan try-logins`: try the cameras' refused logins again at once, after the cause is removed."""

from __future__ import annotations

from pathlib import Path

import click

from edge.language.texts import _
from provisioning.commands.options import config_option, json_option, print_json, state_option
from provisioning.commands.status import ask_station
from provisioning.folding import say


@click.command(
    help=_(
        "Retry refused camera logins at once. By itself the station waits half an hour, then 2 h, 8 "
        "h and a day between attempts, because cameras lock accounts. Changed settings are tried at "
        "the next start."
    )
)
@config_option()
@state_option()
@json_option()
def try_logins(config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Have the running station retry the logins."""
    answer = ask_station(config_file, state, "try-logins")
    if as_json:
        print_json(answer)
    else:
        say(_("Refused logins are tried again now, one at a time."))
