"""`minshan sensors test`: the suite that every driver must pass, on the driver's simulated device."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from provisioning.exits import Exit, Failure
from provisioning.options import json_option, print_json
from provisioning.say import _
from provisioning.settings import assigned, driver_named, settings, typed

if TYPE_CHECKING:
    from drivers.trial import Trial


@click.command(help=_("Run the suite that every driver must pass, on the driver's simulated device."))
@click.argument("name", metavar=_("DRIVER"))
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help=_("A setting of the driver."))
@json_option()
def test(name: str, pairs: tuple[str, ...], as_json: bool) -> None:
    """Each check in turn; ends with code 1 where one does not hold."""
    from drivers.contract import CHECKS
    from drivers.trial import PLACES, Trial
    from edge.sim.clock import SimClock

    info = driver_named(name)
    keys = typed(info, assigned(pairs))
    settings(info, {**PLACES.get(info.bus, {}), **keys})
    broken = 0
    for check in CHECKS:
        why = tried(check, Trial(info, keys, SimClock))
        broken += why is not None
        show(check.__name__.removeprefix("check_").replace("_", " "), why, as_json)
    if broken:
        said = _('The driver "{name}" does not keep {n} of {total} checks.')
        raise Failure(Exit.TROUBLE, said.format(name=name, n=broken, total=len(CHECKS)))


def tried(check: Callable[[Trial], None], trial: Trial) -> str | None:
    """None where the check holds, else why not."""
    from drivers.trial import ContractError

    try:
        check(trial)
    except ContractError as why:
        return str(why)
    except Exception as error:  # noqa: BLE001 # a driver on trial may raise anything: that is a finding
        return f"{type(error).__name__}: {error}"
    return None


def show(check: str, why: str | None, as_json: bool) -> None:
    """One check on a line."""
    if as_json:
        print_json({"check": check, "well": why is None, "why": why or ""})
    else:
        mark = click.style("✓", fg="green") if why is None else click.style("✗", fg="red")
        click.echo(f"{mark} {check}" + (f": {why}" if why else ""))
