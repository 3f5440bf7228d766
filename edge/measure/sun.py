"""Light that cannot come from the sun: at night, or far above a clear sky; and darkness that no cloud causes.

Sources: sun's height as in FAO-56; clear sky by Haurwitz 1945 (1098 cos z exp(-0.057 / cos z) W/m2), with FAO-56's
gain by altitude (2e-5 per metre on 0.75). Half more than that is allowed: the edge of a cloud adds up to a third for
minutes. Lux by 122 lx per W/m2. At night yard lamps may give some hundred lux, and a thermopile reads slightly above 0.
The thickest storm transmits some thousandths of a clear sky for minutes, not for an hour (ours): a sensor that reports
less while the sun is high is covered or dead, until it reports 2 %. Checks over hours and days: `brightness`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from drivers.quantity import quantity
from drivers.reason import Reason
from edge.measure.brightness import HIGH, Brightness, Seen
from edge.measure.derived.et0 import LUX_PER_WATT, Place, sun_height
from edge.measure.quality import Flag
from edge.measure.snow import Dome, Frost
from edge.measure.value import Value

Site = Place
TOO_MUCH = 1.5  # times a clear sky
DUSK = math.radians(-6.0)  # civil twilight ends
TWILIGHT, NIGHT = (
    50.0,
    10.0,
)  # W/m2 that are allowed in addition to the clear sky while the sun is above DUSK, and at night
COVERED, UNCOVERED, DARK_S = 0.005, 0.02, 3600.0  # of a clear sky; consecutive s of high sun
PER_WATT = {"solar_irradiance": 1.0, "illuminance": LUX_PER_WATT}


class Sun:
    """Compares the light channels of a station with the sun."""

    def __init__(self, site: Site, channels: Mapping[str, str]) -> None:
        """`channels`: name -> quantity."""
        self._site = site
        self._lights = {name: of for name, of in channels.items() if of in PER_WATT}
        self._dark = dict.fromkeys(self._lights, 0.0)  # s of high sun with next to no light reported
        self._domes = {name: Dome() for name in self._lights}
        self._bright = {name: Brightness() for name in self._lights}
        self._frost = Frost()

    def doubts(
        self, begin: float, end: float, utc_offset: float | None, values: Mapping[str, Value]
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, in the minute [begin, end) s; nothing if the time is unknown."""
        if utc_offset is None or not self._lights:
            return {}
        height = self.height((begin + end) / 2 + utc_offset)
        clear = clear_sky(height, self._site.altitude_m)
        most = TOO_MUCH * clear + (TWILIGHT if height > DUSK else NIGHT)
        air, humidity = (good_value(values, of) for of in ("air_temperature", "relative_humidity"))
        warmed = self._frost.warmed(air, height > 0)
        found: dict[str, Reason | None] = {}
        for name, of in self._lights.items():
            value = values.get(name)
            if value is None or value.value is None:
                continue
            watts = value.value / PER_WATT[of]
            high = end - begin if height > HIGH else 0.0
            self._watch(name, watts, high, clear)
            snow = self._domes[name].doubt(watts / clear if clear > TWILIGHT else None, high, warmed, humidity)
            bright = self._bright[name].doubt(watts, clear, height, end - begin)
            if watts > most:
                found[name] = more_than_sun(value.value, of, height, most)
            elif self._dark[name] >= DARK_S - 1.0:
                found[name] = Reason("covered", "covered or dead? under {most:g} % of a clear sky", most=100 * COVERED)
            elif snow or bright:
                found[name] = snow or bright
        return {name: reason for name, reason in found.items() if reason}

    def share(self, begin: float, end: float, utc_offset: float | None, values: Mapping[str, Value]) -> float | None:
        """Return the brightest good sensor's share of a clear sky; None if the sun is low or its height unknown."""
        height = None if utc_offset is None else self.height((begin + end) / 2 + utc_offset)
        if height is None or height <= HIGH:
            return None
        clear = clear_sky(height, self._site.altitude_m)
        told = [
            v.value / PER_WATT[of]
            for name, of in self._lights.items()
            if (v := values.get(name)) is not None and v.value is not None and v.flag is Flag.PASS
        ]
        return max(told) / clear if told else None

    def shines(self, begin: float, end: float, utc_offset: float | None) -> float | None:
        """Return the sine of the sun's height in the minute [begin, end) s; 0 while it is down, None: not known."""
        return None if utc_offset is None else max(0.0, math.sin(self.height((begin + end) / 2 + utc_offset)))

    def _watch(self, name: str, watts: float, seconds: float, clear: float) -> None:
        """Add a minute's light; `seconds`: of high sun in it."""
        doubted = self._dark[name] >= DARK_S - 1.0
        if (watts > UNCOVERED * clear and seconds) if doubted else (clear > TWILIGHT and watts > COVERED * clear):
            self._dark[name] = 0.0  # a doubted one is cleared only by high sun: beside a low one a lamp would suffice
        else:
            self._dark[name] += seconds

    def keep(self) -> tuple[list[str], list[str], dict[str, Seen]]:
        """Return the sensors doubted as covered, those doubted as snowed under, and each sensor's saved brightness."""
        dark = [name for name, seconds in self._dark.items() if seconds >= DARK_S - 1.0]
        seen = {name: one.seen for name, one in self._bright.items() if one.seen != Seen()}
        return dark, [name for name, dome in self._domes.items() if dome.snowed], seen

    def resume(self, dark: Iterable[str], snowed: Iterable[str], seen: Mapping[str, Seen]) -> None:
        """Restore the state of such sensors."""
        self._dark |= {name: DARK_S for name in dark if name in self._lights}
        self._domes |= {name: Dome(snowed=True) for name in snowed if name in self._lights}
        self._bright |= {name: Brightness(kept) for name, kept in seen.items() if name in self._lights}

    def height(self, utc: float) -> float:
        """Return the sun's height at an instant (UTC s), radians."""
        local = datetime.fromtimestamp(utc + self._site.utc_offset_h * 3600.0, UTC)
        hours = local.hour + local.minute / 60.0 + local.second / 3600.0
        return sun_height(local.timetuple().tm_yday, hours, self._site)


def good_value(values: Mapping[str, Value], of: str) -> float | None:
    """Return the primary sensor's good value, None if there is none."""
    value = values.get(of)
    return value.value if value is not None and value.flag is Flag.PASS else None


def more_than_sun(value: float, of: str, height: float, most: float) -> Reason:
    """Return why light is doubted; `height`: the sun's, radians; `most`: what it gives at most, W/m2."""
    return Reason(
        "more_than_the_sun",
        "{value:.4g} {unit}, more than the sun gives {height:.0f} degrees high ({most:.3g})",
        value=value,
        unit=quantity(of).unit,
        height=round(math.degrees(height)),
        most=round(most * PER_WATT[of], 1),
    )


def clear_sky(height: float, altitude_m: float) -> float:
    """Return the irradiance under a clear sky, W/m2; 0 while the sun is down."""
    level = math.sin(height)
    if level <= 0:
        return 0.0
    return 1098.0 * level * math.exp(-0.057 / level) * (0.75 + 2e-5 * altitude_m) / 0.75
