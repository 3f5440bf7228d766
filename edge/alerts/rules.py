"""The rules of a station's file, prepared: the input of each, its limits, when it may be raised."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from drivers.buses.bus import BUSES
from drivers.quantity import QUANTITIES
from edge.alerts.crops import CRITICAL, most_tender
from edge.alerts.episode import RuleLimits
from edge.alerts.measures import ChannelMeasure, FallMeasure, FrostMeasure, LostMeasure, Measure
from edge.config.sections import AlertSection, Config
from edge.measure.derived.hourly import DERIVED
from edge.records.bodies import AN_HOUR
from edge.records.channel_name import ChannelName

FURTHER_K = (1.0, 2.0, 3.0)  # K below the critical temperature: each is a step of its own
CLEAR_K = 1.0  # K by which a temperature must be better (as Orbit FrostAlert resets)
CLEAR_SHARE = 0.1  # of the first limit, for other quantities
DUST = ("pm1", "pm2p5", "pm10")
LIT_K = 3.0  # K above the critical temperature at which fires are lit: makers warn 2 to 3 K before (METOS, Talgil)
FROST, LOST = "wet_bulb_temperature", "sensors_lost"


class Rule(msgspec.Struct, frozen=True):
    """One rule. `quantity` and `unit` are those of its value."""

    section: AlertSection
    measure: Measure
    quantity: str
    unit: str

    @property
    def name(self) -> str:
        """Its name."""
        return self.section.name

    def stage(self, stages: Mapping[str, str]) -> tuple[str, bool]:
        """Return the stage of its crop, and whether it is assumed; "" for a rule without a crop."""
        crop = self.section.crop
        if crop is None:
            return "", False
        stage = stages.get(crop, "")
        return (stage, False) if stage in CRITICAL[crop] else (most_tender(crop)[0], True)

    @property
    def is_of_dust(self) -> bool:
        """Whether it watches particles, of which smoke consists too."""
        return self.quantity.partition(".")[0] in DUST

    def near_frost(self, stages: Mapping[str, str]) -> float | None:
        """Return the wet bulb, degC, from which on downwards fires may be lit; None if it is not a frost rule."""
        crop = self.section.crop
        if crop is None:
            return None
        return CRITICAL[crop][self.stage(stages)[0]] + max(self.section.near_k, LIT_K)

    def limits(self, stages: Mapping[str, str]) -> RuleLimits:
        """Return its limits at the crop's stage."""
        one = self.section
        if one.crop is not None:
            critical = CRITICAL[one.crop][self.stage(stages)[0]]
            near = (critical + one.near_k,) if one.near_k else ()
            values = (*near, critical, *(critical - further for further in FURTHER_K))
        else:
            values = one.above or one.below or one.falls or one.lost or ()
        above = one.crop is None and one.below is None
        return RuleLimits(values, above, one.hold_min, self._clear_by(values), one.clear_min)

    def may_raise(self, begin_us: int | None, utc_offset_h: float) -> bool:
        """Return whether a minute lies in its season and hours; one of unknown time counts as in both."""
        if begin_us is None:
            return True
        local = datetime.fromtimestamp(begin_us / 1e6, UTC) + timedelta(hours=utc_offset_h)
        season, hours = self.section.season, self.section.hours
        return within(season, f"{local:%m-%d}", last_too=True) and within(hours, f"{local:%H:%M}", last_too=False)

    def _clear_by(self, values: tuple[float, ...]) -> float:
        if self.section.clear_by is not None:
            return self.section.clear_by
        if self.section.lost is not None:
            return 0.5
        return CLEAR_K if self.unit.removesuffix(AN_HOUR) in ("degC", "K") else CLEAR_SHARE * abs(values[0])


def within(span: tuple[str, str] | None, now: str, last_too: bool) -> bool:
    """Return whether a day or time lies in a span, which may wrap around the year or the day; None: always."""
    if span is None:
        return True
    first, last = span
    ended = now <= last if last_too else now < last
    return (now >= first and ended) if first <= last else (now >= first or ended)


def rules_of(config: Config) -> list[Rule]:
    """Return the rules of a configuration."""
    return [rule_of(one, config) for one in config.alert]


def rule_of(one: AlertSection, config: Config) -> Rule:
    """Return one rule."""
    if one.crop is not None:
        return Rule(one, FrostMeasure(one.offset_k, config.site.altitude_m), FROST, "degC")
    if one.lost is not None:
        return Rule(one, LostMeasure(channels_of(config), buses_of(config)), LOST, "")
    name = str(one.channel)
    quantity = ChannelName.parse(name).quantity
    known = DERIVED.get(quantity) or QUANTITIES[quantity]
    if one.falls is not None:
        return Rule(one, FallMeasure(ChannelMeasure(name)), name, f"{known.unit}{AN_HOUR}")
    return Rule(one, ChannelMeasure(name), name, known.unit)


def channels_of(config: Config) -> dict[str, frozenset[str]]:
    """Return each sensor's channels, by their names in a minute."""
    found: dict[str, set[str]] = {}
    for (sensor, _), channel in config.channels().items():
        found.setdefault(sensor, set()).add(channel)
    return {sensor: frozenset(channels) for sensor, channels in found.items()}


def buses_of(config: Config) -> dict[str, frozenset[str]]:
    """Return the sensors of each bus, which is named by its address: "/dev/ttyUSB0"."""
    found: dict[str, set[str]] = {}
    for sensor in config.sensor:
        found.setdefault(BUSES[sensor.info.bus].key(sensor.settings), set()).add(sensor.name)
    return {bus: frozenset(names) for bus, names in found.items()}
