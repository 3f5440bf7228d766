"""`minshan sensors read`: a device's present readings; from the running station where that occupies the buses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from drivers.errors import DeviceError
from drivers.quantity import quantity
from drivers.reading import Reading
from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.control.client import AskError, Client, NotRunningError
from edge.language import texts
from edge.language.readings import read_label
from edge.language.texts import _, ngettext
from edge.records.bodies import restore
from provisioning.commands.device import (
    Chosen,
    chosen,
    every,
    first_read,
    gone,
    opened,
    place,
    quantities,
    refused,
    the_rest,
)
from provisioning.commands.durations import IntRange
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.finding import Finding, show
from provisioning.commands.options import config_option, json_option, print_json, set_option, state_folder
from provisioning.commands.settings import drivers_for
from provisioning.commands.status import SOCKET, ask_station
from provisioning.folding import say

if TYPE_CHECKING:
    from drivers.clock import Clock

BETWEEN = 2.0  # s at most between two reads of a polled device
EVERY_S = 0.5  # s between two queries for new readings of a station
PATIENCE_S = 10.0  # s for which a sensor may have no reading yet after the station's start


class Told(NamedTuple):
    """A quantity, its newest value (None: none yet), how long ago it was read, s, and what the device doubts of it."""

    quantity: str
    value: float | None
    age_s: float | None
    doubt: Reason | None


class SilentSensorError(Exception):
    """A sensor gives no readings; with the finding and the reason."""

    def __init__(self, finding: Finding, why: Reason) -> None:
        super().__init__(finding.sentence)
        self.finding, self.why = finding, why


@click.command(
    help=_(
        "Read a device now. NAME is a driver (with --set) or a sensor of the station's file; without NAME all sensors "
        "of the file are read. A running station holds its devices: it is asked for its newest readings."
    )
)
@click.argument("name", metavar=_("[NAME]"), required=False, shell_complete=drivers_for)
@set_option()
@config_option()
@click.option("--count", metavar="N", type=IntRange(1), default=1, show_default=True, help=_("How many times."))
@json_option()
def read(name: str | None, pairs: tuple[str, ...], config_file: Path | None, count: int, as_json: bool) -> None:
    """Print each sensor's readings, or why it gives none."""
    if name is None and pairs:
        raise CommandError(Exit.USAGE, _("--set needs the NAME of a driver or a sensor."))
    clock = SystemClock()
    asked = every(config_file) if name is None else [chosen(name, pairs, config_file)]
    at_station = asked[0].of_file and is_running(config_file)
    if at_station and not as_json:
        say(_("The station is running; its newest readings:"))
    silent = []
    for one in asked:
        found = of_station(one, count, config_file, clock) if at_station else of_device(one, count, clock)
        try:
            show_all(one, found, at_station, as_json, named=name is None)
        except SilentSensorError as error:
            silent.append(error.finding)
            if as_json:
                print_json({"sensor": one.name, "down": error.why.builtins()})
            elif name is None:
                show(error.finding)
    if silent and name is not None:
        raise CommandError(Exit.DEVICE, silent[0].sentence, silent[0].remedy)
    if silent:
        sentence = ngettext("{n} sensor gives no readings.", "{n} sensors give no readings.", len(silent))
        raise CommandError(Exit.DEVICE, sentence.format(n=len(silent)))


def show_all(one: Chosen, found: Iterator[Told], with_age: bool, as_json: bool, named: bool) -> None:
    """Print a sensor's readings; below its name where several sensors are read."""
    for turn, told in enumerate(found):
        if as_json:
            print_json(facts(one.name, told))
            continue
        if named and turn == 0:
            say(_("{name} ({driver} on {place}):").format(name=one.name, driver=one.info.name, place=where(one)))
        say(("  " if named else "") + line(told, with_age))


def where(one: Chosen) -> str:
    """Return a sensor's bus and its address on it, in words."""
    return place(one.info, one.settings)


def is_running(config_file: Path | None) -> bool:
    """Return whether the station of that file is running. Raise CommandError where it refuses the query."""
    try:
        with Client(state_folder(config_file) / SOCKET):
            return True
    except NotRunningError:
        return False
    except AskError as error:
        raise CommandError(Exit.TROUBLE, str(error), error.remedy) from None


def of_device(one: Chosen, count: int, clock: Clock) -> Iterator[Told]:
    """Open the bus and the device as the station does, and yield the readings of `count` frames.

    Quantities missing from them are waited for, and yielded without a value if they do not arrive.
    """
    interval, found = one.info.interval, dict[str, Reading]()
    try:
        with opened(one.info, one.settings, clock) as device:
            for turn in range(count):
                if turn and interval:
                    clock.sleep_until(clock.now() + min(interval, BETWEEN))
                for reading in device.read() if turn else first_read(one.info, device, clock):
                    found[reading.quantity] = reading
                    yield of_reading(reading, clock)
            wanted = [name for name in quantities(one.info, one.settings) if name not in found]
            rest = the_rest(one.info, device, wanted, {}, clock) if wanted else {}
            for name in wanted:
                yield of_reading(rest[name], clock) if name in rest else Told(name, None, None, None)
    except DeviceError as error:
        raise SilentSensorError(refused(one.name, one.info, one.settings, error), error.reason) from None


def of_reading(reading: Reading, clock: Clock) -> Told:
    """Return a reading with its age."""
    return Told(reading.quantity, reading.value, round(max(0.0, clock.now() - reading.at), 3), reading.doubt)


def of_station(one: Chosen, count: int, config_file: Path | None, clock: Clock) -> Iterator[Told]:
    """Yield the running station's last readings, then new ones, `count` times in all.

    Raise SilentSensorError where the sensor is down: no old value is shown as present.
    """
    until, since = clock.now() + PATIENCE_S, None
    while count:
        asked = clock.now()
        found = ask_station(config_file, None, "readings", sensor=one.name)["readings"]
        if not found:
            sentence = _("The running station has no sensor “{name}”: its file has changed since it began.")
            remedy = _("Restart it: sudo systemctl restart minshan")
            raise CommandError(Exit.CONFIG, sentence.format(name=one.name), remedy)
        if (why := found[0]["down"]) is not None:
            down = restore(Reason, why)
            raise SilentSensorError(gone(one.name, one.info.name, where(one), one.info.bus, down, config_file), down)
        new = [row for row in found if is_new(row, asked, since)]
        if any(row["value"] is not None for row in new) or (since is None and asked > until):
            yield from (told(row) for row in new)
            since, count = clock.now(), count - 1
        if count:
            clock.sleep_until(clock.now() + EVERY_S)


def is_new(row: dict[str, Any], asked: float, since: float | None) -> bool:
    """Return whether a reading is newer than the previous answer (at the instant `since`, None: there was none)."""
    return since is None or (row["age_s"] is not None and row["age_s"] < asked - since)


def told(row: dict[str, Any]) -> Told:
    """Return a reading in a station's answer."""
    doubt = None if row["doubt"] is None else restore(Reason, row["doubt"])
    return Told(row["quantity"], row["value"], row["age_s"], doubt)


def facts(sensor: str, told: Told) -> dict[str, Any]:
    """Return a reading for programs."""
    return {
        "sensor": sensor,
        "quantity": told.quantity,
        "value": None if told.value is None else round(told.value, 6),
        "unit": quantity(told.quantity).unit,
        "doubt": None if told.doubt is None else told.doubt.builtins(),
        "age_s": told.age_s,
    }


def line(told: Told, with_age: bool) -> str:
    """Return a reading for people."""
    kind = quantity(told.quantity)
    amount = _("no reading yet")
    if told.value is not None:
        amount = f"{told.value:.{kind.decimals}f} {texts.unit(kind.unit)}"
    if with_age and told.age_s is not None:
        amount = _("{amount}, {age} ago").format(amount=amount, age=texts.duration(told.age_s))
    why = " " + _(" ({reason})").format(reason=texts.render(told.doubt)) if told.doubt else ""
    return _("{place}: {sentence}").format(place=read_label(told.quantity), sentence=amount + why)
