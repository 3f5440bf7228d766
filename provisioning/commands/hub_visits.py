"""`minshan hub visits`: what needs attention, station by station, and what to take along."""

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


@click.command(help=_("Show what needs attention at which station, and what to take along."))
@FILE
@json_option()
def visits(config_file: Path, as_json: bool) -> None:
    """Print a line for each cause. Exit with 1 where there is one."""
    import msgspec

    from hub.alarms.visits import visits as found
    from hub.alarms.words import cause_words

    config = loaded(config_file)
    with opened(config) as engine:
        listed = found(engine, None, system_utc())
    if not listed and not as_json:
        say(_("No station needs attention."))
    for one in listed:
        if as_json:
            print_json(msgspec.to_builtins(one))
            continue
        name = config.alarms.names.get(one.station, one.station)
        take = _(", ").join(map(_, one.take))
        say(_("{station}: {cause}; take: {take}").format(station=name, cause=cause_words(one), take=take))
        for why in one.why:
            if why:
                say("  " + texts.render_value(why[0] if isinstance(why, list) else why))
    if listed:
        raise click.exceptions.Exit(Exit.TROUBLE)
