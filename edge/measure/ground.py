"""A soil probe that reports no water at all, or only water, and a leaf that stays wet when no leaf would.

Soil: the driest soil holds some water, so exactly 0 is a probe in the air, a broken wire, or frost that it takes for
dryness (34,702 readings of two substrates over a year, brentelia/Microclimatic-Data, are at least 1 %); and no soil is
100 % water by volume, which a shorted probe and one lying in water report. Leaf: a film of rain or dew, some tenths of
a millimetre, dries within two hours in air under 50 %, and sprinkling moistens the air around; a sensor that reports
more than half wet for longer, without rain, is dirty or shorted, until it is seen to dry. The limits are ours, no
source found.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from drivers.reason import Reason
from edge.measure.value import Value, beside
from edge.records.channel_name import ChannelName

ALL_WATER = 100.0  # %
WET, DRY_AIR, LASTS = 50.0, 50.0, 2 * 3600.0  # % leaf wetness, % humidity, s


class Leaf(msgspec.Struct):
    """For how long a leaf has been wet in dry air, s; `doubted`: too long, and it has not dried since."""

    seconds: float = 0.0
    doubted: bool = False


class Ground:
    """The soil probes and leaf sensors of a station. `channels`: name -> quantity."""

    def __init__(self, channels: Mapping[str, str]) -> None:
        self._soils = [name for name, of in channels.items() if of == "soil_moisture"]
        self._leaves = {name: Leaf() for name, of in channels.items() if of == "leaf_wetness"}
        self._gauges = [name for name, of in channels.items() if of == "rainfall_amount"]

    def doubts(self, duration: float, values: Mapping[str, Value]) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after a minute of so many seconds."""
        found = {}
        for name in self._soils:
            value = values.get(name)
            if value is not None and value.value == 0:
                found[name] = Reason("no_soil_water", "is the probe in the soil? no soil has 0 % water")
            elif value is not None and value.value == ALL_WATER:
                found[name] = Reason("all_water", "is the probe in water? no soil has 100 % water")
        rains = any((value := values.get(name)) is not None and value.value for name in self._gauges)
        for name, leaf in self._leaves.items():
            if add_minute(name, leaf, duration, values, rains):
                found[name] = Reason(
                    "wet_in_dry_air",
                    "dirty? wet for {hours} h in air under {humidity:g} %",
                    hours=round(leaf.seconds / 3600.0),
                    humidity=DRY_AIR,
                )
        return found

    def keep(self) -> dict[str, float]:
        """Return the doubted leaves, and for how many seconds they have been wet in dry air."""
        return {name: leaf.seconds for name, leaf in self._leaves.items() if leaf.doubted}

    def resume(self, kept: Mapping[str, float]) -> None:
        """Restore doubted leaves."""
        self._leaves |= {name: Leaf(seconds, True) for name, seconds in kept.items() if name in self._leaves}


def add_minute(name: str, leaf: Leaf, duration: float, values: Mapping[str, Value], rains: bool) -> bool:
    """Add a minute of one leaf. Return whether it is in doubt; a minute without a value changes nothing."""
    value = values.get(name)
    if value is None or value.value is None:
        return False
    humidity = beside(ChannelName.parse(name), "relative_humidity", values)
    if value.value < WET:
        leaf.seconds, leaf.doubted = 0.0, False
    elif not leaf.doubted and (rains or (humidity is not None and humidity >= DRY_AIR)):
        leaf.seconds = 0.0
    elif humidity is not None and humidity < DRY_AIR:
        leaf.seconds += duration
    leaf.doubted |= leaf.seconds >= LASTS - 1.0
    return leaf.doubted
