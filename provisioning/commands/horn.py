"""`minshan horn`: silence the horn or test it."""

from __future__ import annotations

from pathlib import Path

import click

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.options import config_option, json_option, print_json, state_option
from provisioning.commands.status import ask_station
from provisioning.folding import say

BY = click.option("--by", default="", metavar=_("NAME"), help=_("Who silences it."))


@click.group(help=_("Silence the station's horn, or test it."))
def horn() -> None:
    """Group the commands."""


@horn.command(help=_("Silence the horn; it sounds again when an alert worsens or a new one is raised."))
@BY
@config_option()
@state_option()
@json_option()
def silence(by: str, config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Have the running station silence its horn."""
    answer = ask_station(config_file, state, "silence-horn", by=by)
    if as_json:
        print_json(answer)
    elif answer["rules"]:
        sentence = _("Silenced until it is worse or over: {rules}")
        say(sentence.format(rules=_(", ").join(map(texts.rule, answer["rules"]))))
    else:
        say(_("Nothing called for the horn."))


@horn.command(help=_("Sound the horn for three seconds."))
@config_option()
@state_option()
@json_option()
def test(config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Have the running station test its horn, and wait for the end."""
    answer = ask_station(config_file, state, "test-horn")
    if as_json:
        print_json(answer)
    else:
        say(_("The horn was switched on for three seconds. If you did not hear it, check its power and its wires."))
