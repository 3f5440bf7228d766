"""What an hour adds to a season: reference evapotranspiration, warmth and chill, each with a flag of its own.

Minutes go in, hours come out. An hour counts where two thirds of its minutes passed, otherwise its figures are
missing, with a reason, and the season says how many hours it lacks. Nothing is filled. The state is kept with each
minute and given back at a start, so that a restart inside an hour loses none of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from drivers.quantity import Quantity
from drivers.reason import Reason
from edge.measure.derived import chill, et0
from edge.measure.quality import Flag

HOUR = 3600
NEEDED = 40  # minutes of an hour
MOST_MISSING = 24 * 31  # hours told one by one after a gap; a longer one begins anew
CLEARNESS_S = 24 * HOUR  # the evening's clearness holds for a night, not for the next one
MJ_PER_WATT_HOUR = 0.0036
INPUTS = ("air_temperature", "relative_humidity", "wind_speed", "solar_irradiance", "illuminance")

HOURLY: dict[str, Quantity] = {
    q.name: q
    for q in (
        Quantity("reference_evapotranspiration", "mm", 0.001),
        Quantity("growing_degree_hours", "K h", 0.1),
        Quantity("chill_hours", "h", 1),
        Quantity("utah_chill_units", "unit", 0.5),
        Quantity("chill_portions", "portion", 0.001),
    )
}
WARMTH = tuple(HOURLY)[1:]


class Sum(msgspec.Struct):
    """Minutes that passed, and their sum."""

    minutes: int = 0
    total: float = 0.0

    def mean(self) -> float | None:
        """Return the hour's mean, None with too few minutes."""
        return self.total / self.minutes if self.minutes >= NEEDED else None


class SeasonState(msgspec.Struct):
    """What must outlive a restart.

    `hour`: number of the hour under way (UTC s / 3600); `newest`: begin of the last minute taken, UTC s; `clearness`:
    Rs/Rso of the last hour of high sun, `clear_at` its number.
    """

    hour: int | None = None
    newest: float = 0.0
    sums: dict[str, Sum] = {}
    clearness: float | None = None
    clear_at: int = 0
    counted: chill.Season = msgspec.field(default_factory=chill.Season)


class HourValues(msgspec.Struct, frozen=True):
    """The figures of one hour. `begin`: UTC s; `radiation`: "measured", "estimated" (from lux) or None.

    `season`: the counts since the season began, this hour in them.
    """

    begin: int
    values: dict[str, float | None]
    quality: dict[str, int]
    reasons: dict[str, Reason]
    radiation: str | None
    season: chill.Season


class Season:
    """Makes hours of minutes. `wind_height_m`: the anemometer's height above ground, None where nobody knows."""

    def __init__(self, place: et0.Place, wind_height_m: float | None, state: SeasonState | None = None) -> None:
        self.state = state or SeasonState()
        self._place, self._wind_height = place, wind_height_m

    def begin_anew(self) -> None:
        """Begin a new season's counts."""
        self.state.counted = chill.Season()

    def update(
        self, begin: float, values: Mapping[str, float | None], quality: Mapping[str, int]
    ) -> tuple[HourValues, ...]:
        """Take the minute that began at `begin` (UTC s); return the hours that it ends.

        A minute not later than the last one taken is left out: it was counted.
        """
        state, hour = self.state, int(begin // HOUR)
        if state.hour is not None and begin <= state.newest:
            return ()
        ended = self._until(hour)
        state.hour, state.newest = hour, begin
        for name in INPUTS:
            value = values.get(name)
            if value is not None and quality.get(name) == Flag.PASS:
                held = state.sums.setdefault(name, Sum())
                held.minutes, held.total = held.minutes + 1, held.total + value
        return ended

    def _until(self, hour: int) -> tuple[HourValues, ...]:
        state, found = self.state, []
        if state.hour is not None and hour - state.hour > MOST_MISSING:
            state.counted.missing += hour - state.hour - 1
            found.append(self._close(state.hour))
            return tuple(found)
        while state.hour is not None and state.hour < hour:
            found.append(self._close(state.hour))
            state.hour += 1
        return tuple(found)

    def _close(self, number: int) -> HourValues:
        """Return an hour's figures, and begin the next."""
        state = self.state
        means = {name: held.mean() for name, held in state.sums.items()}
        state.sums = {}
        values: dict[str, float | None] = dict.fromkeys(HOURLY)
        reasons: dict[str, Reason] = {}
        self._warmth(means.get("air_temperature"), values, reasons)
        evaporated = self._evaporated(number, means)
        radiation = None
        if isinstance(evaporated, Reason):
            reasons["reference_evapotranspiration"] = evaporated
        else:
            values["reference_evapotranspiration"], radiation = evaporated.mm, evaporated.radiation
        shown = {name: None if value is None else HOURLY[name].rounded(value) for name, value in values.items()}
        quality = {name: int(Flag.MISSING if value is None else Flag.PASS) for name, value in shown.items()}
        return HourValues(number * HOUR, shown, quality, reasons, radiation, msgspec.structs.replace(state.counted))

    def _warmth(self, temperature: float | None, values: dict[str, float | None], reasons: dict[str, Reason]) -> None:
        portion = self.state.counted.take(temperature)
        if temperature is None:
            reasons |= dict.fromkeys(WARMTH, lacks("air_temperature"))
            return
        values["growing_degree_hours"] = chill.growing_degree_hours(temperature)
        values["chill_hours"] = chill.chill_hour(temperature)
        values["utah_chill_units"] = chill.utah_units(temperature)
        values["chill_portions"] = portion

    def _evaporated(self, number: int, means: Mapping[str, float | None]) -> et0.Evapotranspiration | Reason:
        """Return the hour's ET0, or why there is none."""
        temperature, humidity, wind = (means.get(name) for name in INPUTS[:3])
        watts, lux = means.get("solar_irradiance"), means.get("illuminance")
        for name, value in zip(INPUTS[:3], (temperature, humidity, wind)):
            if value is None:
                return lacks(name)
        if self._wind_height is None or self._wind_height < et0.LEAST_WIND_HEIGHT:
            return Reason("wind_height_unfit", "the anemometer's height is not known, or under 0.5 m")
        if watts is None and lux is None:
            return lacks("solar_irradiance")
        assert temperature is not None and humidity is not None and wind is not None  # seen above
        kind = "estimated" if watts is None else "measured"
        sun = max(0.0, et0.irradiance_from_lux(lux or 0.0) if watts is None else watts) * MJ_PER_WATT_HOUR
        hour = self._hour(number, temperature, humidity, et0.wind_at_2m(wind, self._wind_height), sun)
        found = et0.hourly(hour, self._place, kind)
        return found or Reason("no_clearness", "no hour of high sun in the day before tells how clear the sky is")

    def _hour(self, number: int, temperature: float, humidity: float, wind: float, sun: float) -> et0.Hour:
        state = self.state
        local = datetime.fromtimestamp(number * HOUR + HOUR / 2 + self._place.utc_offset_h * HOUR, UTC)
        carried = state.clearness if (number - state.clear_at) * HOUR <= CLEARNESS_S else None
        middle = local.hour + local.minute / 60.0
        hour = et0.Hour(local.timetuple().tm_yday, middle, temperature, humidity, wind, sun, carried)
        seen = et0.clearness_of(hour, self._place)
        if seen is not None:
            state.clearness, state.clear_at = seen, number
        return hour


def lacks(name: str) -> Reason:
    """Return why an hour has no figure: too few good minutes of what it is made from."""
    return Reason("hour_lacks", "under 40 good minutes of {channel} in the hour", channel=name)
