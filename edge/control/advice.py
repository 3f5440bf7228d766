"""What growers ask for, of the minutes that are kept: may I spray now, scab, chill and warmth of the season.

All of it is made of the store, so a restart loses none of it. Five days of minutes are read at the first question,
afterwards only what is new.
"""

from __future__ import annotations

from collections import deque

import msgspec

from drivers.reason import Reason
from edge.config.sections import Config
from edge.measure.derived.minute_values import derive
from edge.measure.derived.scab import HUMID, LEAF_WET, WetHour, scab
from edge.measure.derived.spray import SprayInputs, spray
from edge.measure.derived.verdict import UNKNOWN, Verdict, lacks
from edge.measure.limits import standard_pressure
from edge.measure.quality import Flag
from edge.measure.sun import Site, Sun
from edge.records.bodies import Hour, Minute, decode
from edge.records.record import Kind, Record
from edge.store.store import Store

DAYS = 5  # the longest spell that matters lasts 80 h
RECENT_MIN, WIND_MIN, WIND_LEAST = 60, 10, 8
AT_ONCE = 1000  # records
HOUR_S = 3600
SEASON = Reason(
    "season_source",
    "Anderson 1986, Weinberger 1950, Richardson 1974, Fishman 1987 with Erez 1990; not derived in Maoxian",
)
COUNTED = ("chill_hours", "utah_chill_units", "chill_portions", "growing_degree_hours")


class Good(msgspec.Struct, frozen=True):
    """A minute's begin, s UTC, and its good values."""

    begin: float
    values: dict[str, float]


class Advice:
    """Reads the minutes once and answers; one lane alone."""

    def __init__(self, config: Config, store: Store) -> None:
        place = config.site
        self._store = store
        self._names = frozenset(config.channels().values())
        self._pressure = standard_pressure(place.altitude_m)
        self._sun = Sun(Site(place.latitude, place.longitude, place.altitude_m, place.utc_offset_h), {})
        self._begin_anew()

    def verdicts(self, now_us: int | None, hour: Record | None) -> list[Verdict]:
        """Return what each rule says now (microseconds UTC, None not known). Raise StoreError."""
        self._read()
        now = self._recent[-1].begin if now_us is None and self._recent else (now_us or 0) / 1e6
        return [spray(self._spray_inputs(now)), scab(self._wet_hours(now)), season(hour)]

    def _begin_anew(self) -> None:
        self._moves = self._store.times.moves().count
        self._read_to = max(self._store.next_seq - DAYS * 1500, 1) - 1
        self._hours: dict[int, WetHour] = {}
        self._recent: deque[Good] = deque(maxlen=RECENT_MIN)

    def _read(self) -> None:
        if self._store.times.moves().count != self._moves:
            self._begin_anew()
        while self._read_to + 1 < self._store.next_seq:
            last = min(self._read_to + AT_ONCE, self._store.next_seq - 1)
            for record in self._store.range(self._read_to + 1, last):
                body = decode(record.kind, record.body) if record.kind == Kind.MINUTE else None
                if isinstance(body, Minute) and record.start is not None:
                    self._take(record.start / 1e6, body)
            self._read_to = last
        for old in [number for number in self._hours if number < max(self._hours) - DAYS * 24]:
            del self._hours[old]

    def _take(self, begin: float, minute: Minute) -> None:
        good = {n: v for n, v in minute.values.items() if v is not None and minute.quality.get(n) == Flag.PASS}
        self._recent.append(Good(begin, good))
        air, rain, wet = good.get("air_temperature"), good.get("rainfall_amount"), self._wet(good)
        if air is not None and wet is not None:
            hour = self._hours.setdefault(int(begin // HOUR_S), WetHour(estimated=not self._has_leaf))
            hour.take(air, wet, self._sun.height(begin) > 0, rain or 0.0)

    @property
    def _has_leaf(self) -> bool:
        return "leaf_wetness" in self._names

    def _wet(self, good: dict[str, float]) -> bool | None:
        """Return whether the leaves are wet; None where that is not known, or whether it rains."""
        rain, humidity = good.get("rainfall_amount"), good.get("relative_humidity")
        if rain is None:
            return None
        if self._has_leaf:
            leaf = good.get("leaf_wetness")
            return None if leaf is None else leaf >= LEAF_WET
        return None if humidity is None else rain > 0 or humidity >= HUMID

    def _wet_hours(self, now: float) -> list[WetHour]:
        """Return the last days' hours one after the other, an empty one where nothing is known."""
        last = int(now // HOUR_S)
        first = min(self._hours, default=last)
        return [self._hours.get(number, WetHour()) for number in range(max(first, last - DAYS * 24), last)] + (
            [self._hours[last]] if self._hours.get(last, WetHour()).known >= 40 else []
        )

    def _spray_inputs(self, now: float) -> SprayInputs:
        recent = [one for one in self._recent if now - one.begin <= (RECENT_MIN + 2) * 60.0]
        values = recent[-1].values if recent and now - recent[-1].begin <= 180.0 else {}
        whole = {"air_pressure": self._pressure, **values}
        winds = [one.values["wind_speed"] for one in recent[-WIND_MIN:] if "wind_speed" in one.values]
        rains = [one.values["rainfall_amount"] for one in recent if "rainfall_amount" in one.values]
        fell = sum(rains) if len(rains) >= RECENT_MIN - 5 or sum(rains) > 0 else None
        return SprayInputs(
            values.get("air_temperature"),
            values.get("relative_humidity"),
            derive(whole, dict.fromkeys(whole, int(Flag.PASS))).get("delta_t"),
            sum(winds) / len(winds) if values and len(winds) >= WIND_LEAST else None,
            fell if values else None,
            values.get("leaf_wetness"),
            self._has_leaf,
        )


def season(hour: Record | None) -> Verdict:
    """Return chill by three models, and warmth, side by side, since the season began."""
    body = None if hour is None else decode(hour.kind, hour.body)
    if not isinstance(body, Hour):
        return Verdict("season", UNKNOWN, [lacks("air_temperature")], dict.fromkeys(COUNTED), {}, SEASON)
    counts = msgspec.structs.asdict(body.season)
    why = []
    if body.season.missing:
        why.append(
            Reason("season_gaps", "{hours} hours without a temperature are not in it", hours=body.season.missing)
        )
    state = "counted" if body.season.hours else UNKNOWN
    found: dict[str, float | None] = {name: float(counts[name]) for name in COUNTED}
    return Verdict("season", state, why, {"hours": float(body.season.hours), **found}, {}, SEASON)
