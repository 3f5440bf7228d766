"""`minshan sensors test`: the suite that every driver must pass, on the driver's simulated device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from edge.language.texts import _
from edge.language.words import N_
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import json_option, print_json, set_option
from provisioning.commands.settings import assigned, driver_named, drivers_for, settings, typed
from provisioning.folding import say

if TYPE_CHECKING:
    from drivers.trial import Trial


# The checks of `drivers.contract` in words.
TITLES = {
    "it_states_what_it_is": N_("it states what it is"),
    "settings_refuse_unknown_keys": N_("it refuses unknown settings"),
    "it_gives_all_its_channels_truly": N_("it gives all its channels truly"),
    "it_follows_a_change": N_("it follows a change"),
    "it_survives_silent": N_("it survives a silent device"),
    "it_survives_noise": N_("it survives a noisy line"),
    "it_survives_short": N_("it survives frames cut short"),
    "it_survives_stuck": N_("it survives a stuck device"),
    "it_survives_slow": N_("it survives a slow device"),
    "it_survives_unplugged": N_("it survives an unplugged device"),
    "it_survives_other_address": N_("it notices an answer from another address"),
    "absent_at_start_is_as_later": N_("a device missing at the start is treated like one lost later"),
    "totals_never_fall": N_("running totals never fall"),
    "it_stays_within_its_part": N_("it neither logs nor reads the system clock"),
    "its_decoder_takes_any_bytes": N_("its decoder copes with any bytes"),
}


@click.command(help=_("Run the suite that every driver must pass, on the driver's simulated device."))
@click.argument("name", metavar=_("DRIVER"), shell_complete=drivers_for)
@set_option()
@json_option()
def test(name: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Run each check in turn. Exit with code 1 where one fails."""
    from drivers.contract import CHECKS
    from drivers.trial import PLACES, Trial
    from edge.sim.clock import SimClock

    info = driver_named(name)
    keys = typed(info, assigned(pairs))
    settings(info, {**PLACES.get(info.bus, {}), **keys})
    broken = 0
    for check in CHECKS:
        why = run_check(check, Trial(info, keys, SimClock))
        broken += why is not None
        show(check.__name__.removeprefix("check_"), why, as_json)
    if broken:
        sentence = _('The driver "{name}" fails {n} of {total} checks.')
        raise CommandError(Exit.TROUBLE, sentence.format(name=name, n=broken, total=len(CHECKS)))


def run_check(check: Callable[[Trial], None], trial: Trial) -> str | None:
    """Return None where the check passes, else why not."""
    from drivers.trial import ContractError

    try:
        check(trial)
    except ContractError as why:
        return str(why)
    except Exception as error:  # noqa: BLE001 # a driver on trial may raise anything: that is a finding
        return f"{type(error).__name__}: {error}"
    return None


def show(check: str, why: str | None, as_json: bool) -> None:
    """Print the result of one check on a line."""
    if as_json:
        print_json({"check": check, "well": why is None, "why": why or ""})
    else:
        mark = click.style("✓", fg="green") if why is None else click.style("✗", fg="red")
        title = _(TITLES[check]) if check in TITLES else check.replace("_", " ")
        say(f"{mark} {title}" + (_(": {why}").format(why=why) if why else ""))
