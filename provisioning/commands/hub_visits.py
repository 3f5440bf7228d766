"""`minshan hub visits`: what is to be seen to, station by station, and what to take along."""

from __future__ import annotations

from pathlib import Path

import click

from edge.clock.clock import system_utc
from edge.language import texts
from edge.language.texts import _
from provisioning.commands.exits import Exit
from provisioning.commands.hub_on_call import opened
from provisioning.commands.hub_options import FILE, loaded
from provisioning.commands.options import json_option, print_json
from provisioning.folding import say


@click.command(help=_("Show what is to be seen to at which station, and what to take along."))
@FILE
@json_option()
def visits(config_file: Path, as_json: bool) -> None:
    """Print a line a cause. End with 1 where there is one."""
    import msgspec

    from hub.alarms.visits import visits as found

    config = loaded(config_file)
    with opened(config) as engine:
        listed = found(engine, None, system_utc())
    for one in listed:
        if as_json:
            print_json(msgspec.to_builtins(one))
            continue
        name = config.alarms.names.get(one.station, one.station)
        what = f" ({_(', ').join(one.what)})" if one.what else ""
        take = _(", ").join(things().get(thing, thing) for thing in one.take)
        say(_("{station}: {cause}; take: {take}").format(station=name, cause=causes()[one.cause] + what, take=take))
        for why in one.why:
            if why:
                say("  " + texts.render_value(why[0] if isinstance(why, list) else why))
    if listed:
        raise click.exceptions.Exit(Exit.TROUBLE)


def causes() -> dict[str, str]:
    """Return the causes of a visit in words."""
    return {
        "silent": _("it says nothing"),
        "battery": _("the battery is low"),
        "bus": _("a whole bus is silent: look at its surge protector and fuse"),
        "sensor_silent": _("a sensor is silent"),
        "sensor_doubtful": _("a sensor says doubtful values"),
        "camera": _("pictures have faults"),
    }


def things() -> dict[str, str]:
    """Return what is taken along, in words."""
    return {
        "spare SIM": _("spare SIM"),
        "spare battery": _("spare battery"),
        "spare box": _("spare box"),
        "cloth for the panel": _("cloth for the panel"),
        "surge protector": _("surge protector"),
        "fuse": _("fuse"),
        "terminals": _("terminals"),
        "spare sensor": _("spare sensor"),
        "cleaning things": _("cleaning things"),
        "reference instrument": _("reference instrument"),
        "lens cloth": _("lens cloth"),
    }
