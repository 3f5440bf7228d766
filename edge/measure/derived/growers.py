"""The inputs of growers' rules: the good values of the last hour, and the wetness of each hour of the last days."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping

import msgspec

from drivers.reason import Reason
from edge.measure.derived.minute_values import derive
from edge.measure.derived.scab import HUMID, LEAF_WET, WetHour, scab
from edge.measure.derived.spray import SprayInputs, spray
from edge.measure.derived.verdict import UNKNOWN, Verdict, lacks
from edge.measure.limits import standard_pressure
from edge.measure.quality import Flag
from edge.measure.sun import Site, Sun
from edge.records.bodies import Hour

DAYS = 5  # the longest relevant spell lasts 80 h
RECENT_MIN, WIND_MIN, WIND_LEAST = 60, 10, 8
RECENT_S = (RECENT_MIN + 2) * 60.0  # of older minutes only these channels are used:
OF_HOURS = ("air_temperature", "relative_humidity", "rainfall_amount", "leaf_wetness")
HOUR_S = 3600
SEASON = Reason(
    "season_source",
    "Anderson 1986, Weinberger 1950, Richardson 1974, Fishman 1987 with Erez 1990; degree days above 10 °C as UC IPM "
    "counts them for codling moth; not derived in Maoxian",
)
COUNTED = ("chill_hours", "utah_chill_units", "chill_portions", "growing_degree_hours", "growing_degree_days")


class Good(msgspec.Struct, frozen=True):
    """A minute's begin, s UTC, and its good values; `rained`: its rain is not 0 but in doubt."""

    begin: float
    values: dict[str, float]
    rained: bool = False


class GrowersMinutes:
    """Collects minutes in the order of time and evaluates the rules; `channels`: what the station measures."""

    def __init__(self, site: Site, channels: Collection[str]) -> None:
        self._pressure = standard_pressure(site.altitude_m)
        self._sun = Sun(site, {})
        self._has_leaf = "leaf_wetness" in channels
        self._hours: dict[int, WetHour] = {}
        self._recent: deque[Good] = deque(maxlen=RECENT_MIN)

    @property
    def newest(self) -> float | None:
        """When the newest minute began, s UTC; None if there is none."""
        return self._recent[-1].begin if self._recent else None

    def take(self, begin: float, values: Mapping[str, float | None], quality: Mapping[str, float | None]) -> None:
        """Add a minute that began at `begin`, s UTC."""
        good = {n: v for n, v in values.items() if v is not None and quality.get(n) == Flag.PASS}
        rained = "rainfall_amount" not in good and (values.get("rainfall_amount") or 0.0) > 0.0
        self._recent.append(Good(begin, good, rained))
        air, rain, wet = good.get("air_temperature"), good.get("rainfall_amount"), self._wet(good)
        if air is not None and wet is not None:
            hour = self._hours.setdefault(int(begin // HOUR_S), WetHour(estimated=not self._has_leaf))
            hour.take(air, wet, self._sun.height(begin) > 0, rain or 0.0)

    def forget_old(self) -> None:
        """Delete the hours that are too old for any spell."""
        for old in [number for number in self._hours if number < max(self._hours) - DAYS * 24]:
            del self._hours[old]

    def verdicts(self, now: float, hour: Hour | None) -> list[Verdict]:
        """Return each rule's verdict at `now` (s UTC); `hour`: the newest hour's figures."""
        return [spray(self._spray_inputs(now)), scab(self._wet_hours(now)), season(hour)]

    def _wet(self, good: dict[str, float]) -> bool | None:
        """Return whether the leaves are wet; None if that, or the rain, is unknown."""
        rain, humidity = good.get("rainfall_amount"), good.get("relative_humidity")
        if rain is None:
            return None
        if self._has_leaf:
            leaf = good.get("leaf_wetness")
            return None if leaf is None else leaf >= LEAF_WET
        return None if humidity is None else rain > 0 or humidity >= HUMID

    def _wet_hours(self, now: float) -> list[WetHour]:
        """Return the consecutive hours of the last days, an empty one if nothing is known of it."""
        last = int(now // HOUR_S)
        first = min(self._hours, default=last)
        return [self._hours.get(number, WetHour()) for number in range(max(first, last - DAYS * 24), last)] + (
            [self._hours[last]] if self._hours.get(last, WetHour()).known >= 40 else []
        )

    def _spray_inputs(self, now: float) -> SprayInputs:
        recent = [one for one in self._recent if now - one.begin <= RECENT_S]
        values = recent[-1].values if recent and now - recent[-1].begin <= 180.0 else {}
        whole = {"air_pressure": self._pressure, **values}
        winds = [one.values["wind_speed"] for one in recent[-WIND_MIN:] if "wind_speed" in one.values]
        rains = [one.values["rainfall_amount"] for one in recent if "rainfall_amount" in one.values]
        known = len(rains) >= RECENT_MIN - 5 and not any(one.rained for one in recent)
        fell = sum(rains) if known or sum(rains) > 0 else None
        return SprayInputs(
            values.get("air_temperature"),
            values.get("relative_humidity"),
            derive(whole, dict.fromkeys(whole, int(Flag.PASS))).get("delta_t"),
            sum(winds) / len(winds) if values and len(winds) >= WIND_LEAST else None,
            fell if values else None,
            values.get("leaf_wetness"),
            self._has_leaf,
            min(self._sun.height(now - HOUR_S), self._sun.height(now + HOUR_S)) <= 0,
        )


def season(body: Hour | None) -> Verdict:
    """Return chill by three models, and warmth, since the season began."""
    if body is None:
        return Verdict("season", UNKNOWN, [lacks("air_temperature")], dict.fromkeys(COUNTED), {}, SEASON)
    counts = msgspec.structs.asdict(body.season)
    why = []
    if body.season.missing:
        why.append(
            Reason("season_gaps", "{hours} hours without a temperature are not in it", hours=body.season.missing)
        )
    state = "counted" if body.season.hours else UNKNOWN
    found: dict[str, float | None] = {name: counts[name] for name in COUNTED}
    return Verdict("season", state, why, {"hours": float(body.season.hours), **found}, {}, SEASON)
