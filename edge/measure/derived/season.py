"""The derived values of an hour: evapotranspiration, warmth and chill, means, each with its own flag.

Minutes go in, hours come out. A figure is computed from the hour's minutes that passed, at least 40; otherwise it is
missing, and its reason says what was missing and how many minutes were in doubt. Gaps are not filled. A figure whose
inputs the station does not measure is omitted. The state is saved with each record and restored at a start, so that a
restart within an hour loses nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from drivers.reason import Reason
from edge.measure.derived import chill, et0
from edge.measure.derived.air_quality import pm2p5_sub_index
from edge.measure.derived.hourly import DERIVED, EVAPORATED, HOURLY, INDEX, WARMTH
from edge.measure.derived.minute_values import unrounded
from edge.measure.quality import Flag
from edge.records.bodies import Hour, SeasonCounts

HOUR = 3600
NEEDED = 40.0  # minutes of an hour, two thirds
PM_NEEDED = 45.0  # minutes; GB 3095's hour of particles is valid from 45 on
MOST_MISSING = 24 * 31  # hours recorded one by one after a gap; the hours of a longer gap are only counted
CLOCK_WENT_BACK = 24 * HOUR  # s; if a minute is earlier by more, the clock was ahead before
CLEARNESS_S = 24 * HOUR  # s; the evening's clearness is valid for the following night only
MJ_PER_WATT_HOUR = 0.0036
DIGITS = 6  # of a mean: the float sum of sixty times 7.2 degC is slightly more, and would not be a chill hour
AIR = ("air_temperature", "relative_humidity")
LIGHT = ("solar_irradiance", "illuminance")
INPUTS = (*AIR, "wind_speed", *LIGHT, "pm2p5")
BY_PRESSURE = ("wet_bulb_temperature", "delta_t")
Figure = float | Reason


class Sum(msgspec.Struct):
    """Minutes that passed, the sum of their values, and minutes with a doubted value."""

    minutes: float = 0.0
    total: float = 0.0
    doubted: float = 0.0

    def mean(self, needed: float = NEEDED) -> float | None:
        """Return the hour's mean, None with too few minutes; rounded, so that no limit depends on float errors."""
        return round(self.total / self.minutes, DIGITS) if self.minutes >= needed - 1e-6 else None


class SeasonState(msgspec.Struct):
    """The state saved across restarts.

    `hour`: number of the current hour (UTC s / 3600); `newest`: begin of the last minute added, UTC s; `clearness`:
    Rs/Rso of the last hour of high sun, `clear_at` its number; `year`: in which the season of `counted` began, `since`:
    the begin of its first hour, UTC s.
    """

    hour: int | None = None
    newest: float = 0.0
    sums: dict[str, Sum] = {}
    clearness: float | None = None
    clear_at: int = 0
    counted: chill.ChillSeason = msgspec.field(default_factory=chill.begun)
    year: int | None = None
    since: int = 0


class Orchard(msgspec.Struct, frozen=True):
    """The site: its place, the anemometer's height above ground (m, None: unknown), the quantities that the station's
    primary channels measure, and the day, "MM-DD", from which a season is counted.
    """

    place: et0.Place
    wind_height_m: float | None
    measured: frozenset[str] = frozenset(INPUTS)
    season_begins: str = "11-01"


class HourBuilder:
    """Computes hours from minutes: `for hour in season.ended(begin): ...`, then `season.take(begin, ...)`."""

    def __init__(self, orchard: Orchard, state: SeasonState | None = None) -> None:
        self.state = state or SeasonState()
        self._orchard, self._place = orchard, orchard.place

    def take(
        self, begin: float, duration: float, values: Mapping[str, float | None], quality: Mapping[str, int]
    ) -> None:
        """Add a minute: its begin, UTC s, its length, s, values and flags.

        One that is not later than the last is ignored: it was counted. One from long before shows that the clock was
        ahead: hours are counted from there on.
        """
        state = self.state
        if state.hour is None or state.newest - begin > CLOCK_WENT_BACK:
            state.hour, state.sums, state.newest = int(begin // HOUR), {}, 0.0
        if begin <= state.newest or begin // HOUR < state.hour:
            return
        state.newest = begin
        for name, value in {n: values.get(n) for n in INPUTS}.items():
            if value is not None:
                add(state.sums.setdefault(name, Sum()), value, duration, quality.get(name) == Flag.PASS)
        for name, derived in unrounded(values, quality).items():
            add(state.sums.setdefault(name, Sum()), derived, duration, True)

    def ended(self, until: float) -> Iterator[Hour]:
        """Yield the hours that end by `until`, UTC s. When an hour is yielded, the state is that after it."""
        state, last = self.state, int(until // HOUR)
        if state.hour is not None and last - state.hour > MOST_MISSING:
            hour = self._close(state.hour)
            state.counted.missing += last - state.hour - 1
            state.hour = last
            yield hour
        while state.hour is not None and state.hour < last:
            hour = self._close(state.hour)
            state.hour += 1
            yield hour

    def _close(self, number: int) -> Hour:
        """Return an hour's figures, and reset its sums."""
        self._begin_season(number)
        sums, self.state.sums = self.state.sums, {}
        figures: dict[str, Figure] = {}
        radiation = None
        if self._measures(AIR[0]):
            figures |= self._warmth(sums)
        if self._measures(*AIR, "wind_speed") and any(map(self._measures, LIGHT)):
            evaporated = self._evaporated(number, sums)
            figures[EVAPORATED] = evaporated if isinstance(evaporated, Reason) else evaporated.mm
            radiation = None if isinstance(evaporated, Reason) else evaporated.radiation
        figures |= self._derived(sums)
        if self._measures("pm2p5"):
            figures[INDEX] = self._index(number, sums)
        return self._hour_of(number, figures, radiation)

    def _hour_of(self, number: int, figures: Mapping[str, Figure], radiation: str | None) -> Hour:
        values: dict[str, float | None] = {}
        quality: dict[str, int] = {}
        reasons: dict[str, Reason] = {}
        for name, figure in figures.items():
            missing = isinstance(figure, Reason)
            values[name] = None if isinstance(figure, Reason) else HOURLY[name].rounded(figure)
            quality[name] = int(Flag.MISSING if missing else Flag.PASS)
            if isinstance(figure, Reason):
                reasons[name] = figure
        if self.state.counted.unsure and quality.get("chill_portions") == Flag.PASS:
            quality["chill_portions"] = int(Flag.SUSPECT)
            reasons["chill_portions"] = Reason(
                "chill_over_gap",
                "{hours} hours without a temperature lie within this portion",
                hours=self.state.counted.unsure,
            )
        return Hour(number * HOUR * 1_000_000, values, quality, self.counts(), reasons, radiation)

    def counts(self) -> SeasonCounts:
        """Return the season's sums so far."""
        counted = self.state.counted
        return SeasonCounts(
            self.state.since * 1_000_000,
            counted.hours,
            counted.missing,
            counted.chill_hours,
            counted.utah,
            round(counted.degree_hours, 3),
            round(counted.portions, 6),
            None if counted.degree_days is None else round(counted.degree_days, 3),
        )

    def _measures(self, *names: str) -> bool:
        return self._orchard.measured.issuperset(names)

    def _local(self, utc: float) -> datetime:
        return datetime.fromtimestamp(utc + self._place.utc_offset_h * HOUR, UTC)

    def _begin_season(self, number: int) -> None:
        """Start new counts with the first hour of a season."""
        state, local = self.state, self._local(number * HOUR)
        year = local.year - (local.strftime("%m-%d") < self._orchard.season_begins)
        if state.year is None or year > state.year:
            state.year, state.since, state.counted = year, number * HOUR, chill.begun()

    def _warmth(self, sums: Mapping[str, Sum]) -> dict[str, Figure]:
        temperature = mean_of(sums, AIR[0])
        if isinstance(temperature, Reason):
            self.state.counted.take(None)
            return dict.fromkeys(WARMTH, temperature)
        portion = self.state.counted.take(temperature)
        hour = chill.growing_degree_hours(temperature), chill.chill_hour(temperature), chill.utah_units(temperature)
        return dict(zip(WARMTH, (*hour, portion)))

    def _derived(self, sums: Mapping[str, Sum]) -> dict[str, Figure]:
        """Return the means of the minutes' derived values; the frost point only if the hour has one."""
        if not self._measures(*AIR):
            return {}
        found: dict[str, Figure] = {}
        for name in DERIVED:
            held = sums.get(name, Sum())
            mean = held.mean()
            lacking = [*AIR, *(["air_pressure"] if name in BY_PRESSURE else [])]
            if mean is not None:
                found[name] = mean
            elif name != "frost_point_temperature" and self._measures(*lacking):
                found[name] = lacks(sums, min(lacking, key=lambda n: sums.get(n, Sum()).minutes))
        return found

    def _index(self, number: int, sums: Mapping[str, Sum]) -> Figure:
        mean = mean_of(sums, "pm2p5", PM_NEEDED)
        return mean if isinstance(mean, Reason) else pm2p5_sub_index(mean, self._local(number * HOUR).date()).value

    def _evaporated(self, number: int, sums: Mapping[str, Sum]) -> et0.Evapotranspiration | Reason:
        """Return the hour's ET0, or why there is none."""
        temperature, humidity, wind = (mean_of(sums, name) for name in (*AIR, "wind_speed"))
        for lacking in (temperature, humidity, wind):
            if isinstance(lacking, Reason):
                return lacking
        assert isinstance(temperature, float) and isinstance(humidity, float) and isinstance(wind, float)
        height = self._orchard.wind_height_m
        if height is None or height < et0.LEAST_WIND_HEIGHT:
            return Reason("wind_height_unfit", "the anemometer's height is not known, or under 0.5 m")
        sun = sunlight(sums, self._orchard.measured)
        if isinstance(sun, Reason):
            return sun
        hour = self._hour(number, temperature, humidity, et0.wind_at_2m(wind, height), sun[0] * MJ_PER_WATT_HOUR)
        found = et0.hourly(hour, self._place, sun[1])
        return found or Reason("no_clearness", "no hour with a high sun in the day before shows how clear the sky is")

    def _hour(self, number: int, temperature: float, humidity: float, wind: float, sun: float) -> et0.HourWeather:
        state = self.state
        local = self._local(number * HOUR + HOUR / 2)
        carried = state.clearness if (number - state.clear_at) * HOUR <= CLEARNESS_S else None
        middle = local.hour + local.minute / 60.0
        hour = et0.HourWeather(local.timetuple().tm_yday, middle, temperature, humidity, wind, sun, carried)
        seen = et0.clearness_of(hour, self._place)
        if seen is not None:
            state.clearness, state.clear_at = seen, number
        return hour


def add(held: Sum, value: float, duration: float, passed: bool) -> None:
    """Add a minute's value, weighted by its length, s."""
    minutes = duration / 60.0
    if passed:
        held.minutes, held.total = held.minutes + minutes, held.total + value * minutes
    else:
        held.doubted += minutes


def mean_of(sums: Mapping[str, Sum], name: str, needed: float = NEEDED) -> Figure:
    """Return an hour's mean, or why there is none."""
    mean = sums.get(name, Sum()).mean(needed)
    return lacks(sums, name, needed) if mean is None else mean


def sunlight(sums: Mapping[str, Sum], measured: frozenset[str]) -> tuple[float, str] | Reason:
    """Return the mean irradiance, W/m2, "measured" or "estimated" from light, or why there is none."""
    watts, lux = (sums.get(name, Sum()).mean() for name in LIGHT)
    if watts is not None:
        return max(0.0, watts), "measured"
    if lux is not None:
        return max(0.0, et0.irradiance_from_lux(lux)), "estimated"
    return lacks(sums, LIGHT[0] if LIGHT[0] in measured else LIGHT[1])


def lacks(sums: Mapping[str, Sum], name: str, needed: float = NEEDED) -> Reason:
    """Return why an hour has no figure: too few good minutes of an input."""
    held = sums.get(name, Sum())
    return Reason(
        "hour_lacks",
        "{good} good minutes of {channel} in the hour, {needed} needed; {doubted} in doubt",
        good=int(held.minutes),
        channel=name,
        needed=int(needed),
        doubted=round(held.doubted),
    )
