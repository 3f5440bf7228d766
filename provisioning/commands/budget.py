"""`minshan budget plan`: estimate what a station's file will use a month, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.language.texts import _
from provisioning.commands.options import config_option, json_option, loaded, print_json
from provisioning.folding import say

if TYPE_CHECKING:
    from edge.budget.plan import Bill
    from edge.config.sections import Config

PARTS = ("live", "pictures", "forward", "link")


@click.group(help=_("What the mobile data of a station costs."))
def budget() -> None:
    """Group the commands."""


@budget.command(help=_("Estimate what a station's file will cost a month, and what is thinned for its [budget]."))
@config_option()
@json_option()
def plan(config_file: Path | None, as_json: bool) -> None:
    """Print a line for each step of thinning, and the resulting step."""
    config = loaded(config_file)
    found, at = planned(config)
    if as_json:
        most = None if config.budget is None else config.budget.mb_per_month
        steps = [{key: getattr(one, key) for key in ("step", *PARTS, "total")} for one in found]
        print_json({"mb_per_month": most, "step": at, "steps": steps})
        return
    for line in lines(config, found, at):
        say(line)


def planned(config: Config) -> tuple[list[Bill], int]:
    """Return the bill at each step, and the step required from the first day of the month."""
    from edge.budget import plan, reckoning, thinning

    rates = plan.rates(config)
    found = [plan.bill(rates, step) for step in thinning.ThinningStep]
    if config.budget is None:
        return found, thinning.ThinningStep.NOTHING
    most = config.budget.mb_per_month * reckoning.MEGABYTE
    return found, thinning.step(thinning.Rest(most, 0.0, 0.0, reckoning.MONTH, reckoning.MONTH), rates)


def lines(config: Config, found: list[Bill], at: int) -> list[str]:
    """Return the plan for people."""
    names = [
        _("everything as configured"),
        _("full photos once a day"),
        _("thumbnails once an hour too"),
        _("minutes 5 at a time too"),
        _("minutes 10 at a time too"),
        _("minutes once an hour too"),
    ]
    head = _('What the station "{station}" will need in 30 days, in MB, as it is thinned step by step:')
    told = [head.format(station=config.station.id)]
    row = _("  {mark} {total} MB  {name}  (minutes {live}, photos {pictures}, the link itself {link})")
    if config.forward:
        row = _(
            "  {mark} {total} MB  {name}  "
            "(minutes {live}, photos {pictures}, other platforms {forward}, the link itself {link})"
        )
    for one, name in zip(found, names, strict=True):
        mark = "→" if config.budget is not None and one.step == at else " "
        figures = {key: f"{getattr(one, key):.1f}" for key in PARTS}
        told.append(row.format(mark=mark, total=f"{one.total:6.1f}", name=name, **figures))
    return [*told, outcome(config, found[at])]


def outcome(config: Config, one: Bill) -> str:
    """Return the sentence about how the budget is met at this step."""
    if config.budget is None:
        return _(
            "The file has no [budget], so nothing is thinned. To set one, write mb_per_month = 30 in it, for example."
        )
    most = f"{config.budget.mb_per_month:g}"
    if one.total <= config.budget.mb_per_month:
        return _("For {most} MB the step marked → is used: {total} MB.").format(most=most, total=f"{one.total:.1f}")
    if one.live + one.link <= config.budget.mb_per_month:
        sentence = _(
            "For {most} MB the step marked → is used, with only as many photos as fit: all of it would take {total} MB."
        )
        if config.forward:
            sentence = _(
                "For {most} MB the step marked → is used, with only as much to other platforms and "
                "as many photos as fit: all of it would take {total} MB."
            )
        return sentence.format(most=most, total=f"{one.total:.1f}")
    sentence = _("{most} MB is not even enough for minutes once an hour and the link itself: {total} MB.")
    return sentence.format(most=most, total=f"{one.live + one.link:.1f}")
