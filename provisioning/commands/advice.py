"""`minshan advice`: what the growers' rules say now, each with why, what it was made from, and its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge.language import texts
from edge.language.texts import _
from edge.language.verdicts import made_from, rule_words, state_words
from provisioning.commands.options import config_option, json_option, print_json
from provisioning.commands.status import ask_station
from provisioning.folding import page


@click.command(help=_("Say whether spraying is sensible now, whether scab may infect, and what the season came to."))
@config_option()
@click.option("--state", type=click.Path(path_type=Path), metavar=_("FOLDER"), help=_("The folder of its data."))
@json_option()
def advice(config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Ask the running station."""
    answer = ask_station(config_file, state, "advice")
    if as_json:
        print_json(answer)
    else:
        page([line for verdict in answer["verdicts"] for line in lines(verdict)])


def lines(verdict: dict[str, Any]) -> list[str]:
    """Return a rule's word, its reasons, its inputs and its source."""
    head = _("{rule}: {state}").format(rule=rule_words(verdict["rule"]), state=state_words(verdict["state"]))
    why = [f"  {texts.render_value(reason)}" for reason in verdict["why"]]
    inputs = made_from(verdict["inputs"])
    made = [_("  from {inputs}").format(inputs=inputs)] if inputs else []
    return [head, *why, *made, f"  {texts.render_value(verdict['source'])}"]
