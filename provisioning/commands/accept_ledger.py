"""`minshan accept-ledger`: the platform was replaced; the new one's receipts count from now on."""

from __future__ import annotations

from pathlib import Path

import click

from edge.language.texts import _
from provisioning.commands.options import config_option, json_option, print_json, state_option
from provisioning.commands.status import ask_station
from provisioning.folding import say


@click.command(
    "accept-ledger",
    help=_(
        "Accept the receipts of another receiver, after the one that the station trusts was "
        "replaced. The new one is asked what it has, and is sent the rest again. Without this "
        "command it is trusted after a day."
    ),
)
@config_option()
@state_option()
@json_option()
def accept_ledger(config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Have the running station accept the new ledger."""
    answer = ask_station(config_file, state, "accept-ledger")
    if as_json:
        print_json(answer)
        return
    sentence = _("Receipts of {accepted} are accepted from now on, no longer those of {before}.")
    say(sentence.format(accepted=answer["ledger"], before=answer.get("before") or "–"))
