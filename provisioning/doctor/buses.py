"""A bus on which no sensor answers is reported once, not once per sensor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from edge.config.sections import Config


def by_bus(sensors: Sequence[tuple[str, str]], findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings of these sensors (name and bus of each), in the same order; for a dead bus only one.

    Further findings after them are passed through.
    """
    left = iter(findings)
    buses = [bus for _name, bus in sensors]
    waiting: dict[str, list[Finding]] = {}
    alive = {bus for bus in buses if buses.count(bus) == 1}
    for place, (bus, finding) in enumerate(zip(buses, left, strict=False)):
        there = waiting.setdefault(bus, [])
        there.append(finding)
        if bus in alive or not finding.silent:
            alive.add(bus)
            yield from there
            there.clear()
        elif bus not in buses[place + 1 :]:
            yield dead(bus, _(", ").join(name for name, other in sensors if other == bus), there[0])
    yield from left


def buses_of(config: Config) -> list[tuple[str, str]]:
    """Return the name and the bus of each sensor of a file."""
    from drivers.buses.bus import BUSES

    return [(sensor.name, BUSES[sensor.info.bus].key(sensor.settings)) for sensor in config.sensor]


def dead(bus: str, names: str, first: Finding) -> Finding:
    """Return the finding for a dead bus, with that of its first sensor."""
    sentence = _("{bus}: none of its sensors answers ({names}); the first: {finding}")
    shared = (
        "" if first.busless else _("First check what they share: the adapter, its power, the two wires of the line.")
    )
    return Finding(
        "sensor",
        False,
        sentence.format(bus=bus, names=names, finding=first.sentence),
        texts.sentences(shared, first.remedy),
        True,
    )
