"""`minshan sensors address`: give an RS-485 sensor another Modbus address, or see which ones answer on its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drivers.errors import DeviceError, NoAnswer
from edge.language import texts
from edge.language.remedies import REMEDIES
from edge.language.texts import _
from provisioning.commands.device import chosen, refused
from provisioning.commands.durations import IntRange
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import config_option, set_option
from provisioning.commands.settings import drivers_for
from provisioning.folding import say

if TYPE_CHECKING:
    from drivers.buses.modbus import ModbusBus


@click.command(
    help=_(
        "Give an RS-485 sensor another Modbus address: new ones all have address 1, so connect them one at a time. "
        "Without ADDRESS it says which addresses answer on the line (two minutes). NAME is modbus (with --set) or a "
        "sensor of the station's file."
    )
)
@click.argument("name", metavar=_("NAME"), shell_complete=drivers_for)
@click.argument("new", metavar=_("[ADDRESS]"), type=IntRange(1, 247), required=False)
@set_option()
@config_option()
def address(name: str, new: int | None, pairs: tuple[str, ...], config_file: Path | None) -> None:
    """Open the line as the station does; the sensor's profile defines how its address is changed."""
    from drivers.buses.bus import BUSES
    from drivers.devices.modbus_address import answering, readdress
    from drivers.devices.profiles import ProfileError
    from edge.clock.clock import SystemClock

    info, own, called, _of_file = chosen(name, pairs, config_file)
    if info.bus != "modbus":
        raise CommandError(Exit.USAGE, _("Only a Modbus sensor has an address that can be set."))
    try:
        bus: ModbusBus = BUSES[info.bus].open(own, SystemClock())
        try:
            if new is None:
                print_answering(answering(bus, own))
            else:
                print_changed(readdress(bus, own, new), new)
        finally:
            bus.close()
    except ProfileError as error:
        raise CommandError(Exit.CONFIG, error.reason) from None
    except DeviceError as error:
        finding = refused(called, info, own, error)
        raise CommandError(Exit.DEVICE, finding.sentence, finding.remedy) from None


def print_answering(found: Iterator[int]) -> None:
    """Print each address as it answers. Raise CommandError where none does."""
    none = True
    for number in found:
        none = False
        say(_("address {number} answers").format(number=number))
    if none:
        raise CommandError(Exit.DEVICE, _("No address answers on this line"), _(REMEDIES[NoAnswer.kind.code]))


def print_changed(answers: bool, new: int) -> None:
    """Print that the sensor has its new address (`answers`: already), and what to change in the file."""
    sentence = _("The sensor answers at address {number} now.")
    if not answers:
        sentence = _("The sensor has address {number} once its power has been off and on again.")
    following = _("Write address = {number} below its [[sensor]].")
    say(texts.sentences(sentence, following).format(number=new))
