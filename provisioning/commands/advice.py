"""`minshan advice`: the present result of the growers' rules, each with its cause, inputs and source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge.language.texts import _
from edge.language.verdicts import restored_verdict, verdict_words
from provisioning.commands.options import config_option, json_option, print_json, state_option
from provisioning.commands.status import ask_station
from provisioning.folding import page


@click.command(
    help=_("Say whether spraying is advisable now, whether scab may infect, and what the season adds up to.")
)
@config_option()
@state_option()
@json_option()
def advice(config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Ask the running station."""
    answer = ask_station(config_file, state, "advice")
    if as_json:
        print_json(answer)
    else:
        page([line for verdict in answer["verdicts"] for line in lines(verdict)])


def lines(verdict: dict[str, Any]) -> list[str]:
    """Return the lines of a rule: its verdict, reasons, inputs, thresholds and source."""
    said = verdict_words(restored_verdict(verdict))
    made = [_("  from {inputs}").format(inputs=_(", ").join(said.inputs))] if said.inputs else []
    limits = [_("  thresholds: {limits}").format(limits=_(", ").join(said.limits))] if said.limits else []
    head = _("{rule}: {state}").format(rule=said.rule, state=said.state)
    return [head, *(f"  {why}" for why in said.why), *made, *limits, f"  {said.source}"]
