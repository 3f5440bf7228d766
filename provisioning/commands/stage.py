"""`minshan stage`: set the growth stage of a crop, so that the frost rules know what it withstands."""

from __future__ import annotations

from pathlib import Path

import click

from edge.language import texts
from edge.language.texts import _
from edge.language.words import CROPS, STAGES
from provisioning.commands.answers import key
from provisioning.commands.options import config_option, json_option, print_json, state_option
from provisioning.commands.status import ask_station
from provisioning.folding import say

CROP = click.argument("crop", metavar=_("CROP"))
STAGE = click.argument("stage", metavar=_("STAGE"))
BY = click.option("--by", required=True, metavar=_("NAME"), help=_("Who confirms it."))


@click.command(help=_("Set the STAGE of a CROP (apple full-bloom): the frost rules follow it."))
@CROP
@STAGE
@BY
@config_option()
@state_option()
@json_option()
def stage(crop: str, stage: str, by: str, config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Set the stage at the running station."""
    crop, stage = keys(crop, stage)
    answer = ask_station(config_file, state, "stage", crop=crop, stage=stage, by=by)
    if as_json:
        print_json(answer)
        return
    sentence = _("{crop}: {stage}, from the next minute on.")
    say(sentence.format(crop=texts.crop(crop), stage=texts.stage(stage)))
    if doubt := texts.render_known(answer.get("why")):
        say(f"! {doubt}")


def keys(crop: str, stage: str) -> tuple[str, str]:
    """Return the keys of a typed crop and stage: 苹果 盛花期 is apple full-bloom."""
    from edge.alerts.crops import CRITICAL

    crop = key(crop, CROPS, CROPS)
    return crop, key(stage, CRITICAL.get(crop, ()), STAGES)
