"""A sensor whose value does not change for an hour in which its surroundings changed.

Strategy: for each channel a run of minutes is tracked in which all samples lie within its least change: a few numbers.
A run ends when the quantity changes, or when physics allows it to stand still; gaps and restarts do not end a doubted
run. Other runs are empty after a restart, which can delay a flag but causes none. How long a device usually stands
still is learnt from itself (`still`), and witnesses shorten the time further: another sensor of the same quantity that
changes, and temperature and humidity for each other (also in `humidity_way`).

Sources. Z: Zahumensky 2004 (WMO): an hour; wind 0.5 m/s and direction 10 degrees, both only while the wind is over 0.1
m/s; humidity only under 95 %, below 0 degC under 95 % of saturation over ice. C: five days of a real station
(repository Loongle/weather-data). Z's 1 % for humidity would flag 885 of their 7,167 good minutes, so there, as for
pressure and particles, still means a change of less than the device's own step (none of them stood still for an hour).
Its temperature, reported in tenths, did for 103 minutes on a rainy night, and humidity changed by at most 1.3 % in such
spells: so a coarse thermometer is judged after two hours, and not in fog, nor while humidity stands still too.
Witnesses are ours: relative humidity falls by 6 % of itself per kelvin of warming; in twenty other days of C no
thermometer stood still for twenty minutes while humidity changed by 3 %. A barometer has no witness: the weather
changes it so little in an hour that a drifting second one would accuse a good one. The check of wind reported by one
and the same number is ours too: air is turbulent, and never turns cups at the same speed for ten minutes.
"""

from collections.abc import Mapping, Sequence

import msgspec

from drivers.driver import Channel
from drivers.reason import Reason
from edge.measure.humidity_way import HumidityWay
from edge.measure.lasting import FOG, fog_at
from edge.measure.quality import Flag
from edge.measure.still import HOUR, LEARNT, RULES, WIDE_S, Habit, MovementRule, StillDoubt, StillRun
from edge.measure.value import Value, beside
from edge.records.channel_name import ChannelName

COARSE = 0.05  # degC; a thermometer with smaller steps never stands still for an hour
COARSE_HOURS = 2.0
# Even in a calm night one with steps of tenths does not stand still for ALONE times its longest run; at least ALONE_S.
ALONE, ALONE_S = 10.0, 2700.0
# The least time for which a channel stands still (s) and the least change of the witness meanwhile, in its unit.
TWIN_S, TWIN_MOVES = 600.0, {"air_temperature": 0.5, "relative_humidity": 3.0}
TWIN_STEPS = 5.0  # and at least so many steps of both devices
AIR_S, BY_HUMIDITY = 1200.0, 4.0  # a thermometer by its hygrometer: s, %
PER_KELVIN, OWED, OWED_STEPS = 0.06, 3.0, 5.0  # a hygrometer by its thermometer: share per K, owed %, steps
# %; before an hour is over, a hygrometer is judged by its own habit only if it owes so much. While humidity changes by
# less, a thermometer with steps of tenths may stand still for a night.
OWED_SOON = 1.5
EQUAL, BY_WAY, BY_DAY = "equal", "way", "day"  # suffixes of the names of habits other than that of standing still
EQUAL_S = 600.0  # wind by one and the same number, s, and three times its device's longest such run
FRAME = 3  # still quantities of one sensor that mean a repeated frame, whatever other sensors do


class WatchedChannel(msgspec.Struct):
    """A channel whose value must change from time to time."""

    name: str
    sensor: str
    quantity: str
    rule: MovementRule
    coarse: bool
    step: float
    run: StillRun
    witnesses: dict[str, StillRun]  # channel -> how far it moved in this run
    steps: Mapping[str, float]  # channel -> a witness's own step
    equal: StillRun | None  # of wind: samples that do not differ at all
    way: HumidityWay | None  # of a coarse thermometer beside a hygrometer

    def moved(self, name: str) -> float:
        """Return by how much a witness changed in this run; 0 if it had no values."""
        run = self.witnesses.get(name)
        return run.high - run.low if run is not None and run.seconds else 0.0


class Persistence:
    """Watches the channels of a station for standing still."""

    def __init__(
        self, channels: Mapping[str, tuple[str, Channel]], twins: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """`channels`: name -> (sensor, what it can measure); `twins`: name -> channels of the same on the mast."""
        self._watched = [
            WatchedChannel(
                name,
                sensor,
                channel.quantity,
                rule,
                channel.quantity == "co2" or (channel.quantity == "air_temperature" and channel.resolution >= COARSE),
                channel.resolution,
                StillRun(rule.least or channel.resolution, channel.quantity == "wind_from_direction", rule.share),
                {other: StillRun(float("inf")) for other in witnesses(name, channels, (twins or {}).get(name, ()))},
                {other: its.resolution for other, (_, its) in channels.items()},
                StillRun(channel.resolution) if channel.quantity == "wind_speed" else None,
                humidity_way(name, channels),
            )
            for name, (sensor, channel) in channels.items()
            if (rule := RULES.get(channel.quantity)) and channel.resolution <= rule.finest
        ]

    def doubts(
        self,
        begin: float,
        end: float,
        values: Mapping[str, Value],
        samples: Mapping[str, Sequence[float]],
        sun: float | None = None,
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect after the minute [begin, end) s. `sun`: sine of its elevation, or 0."""
        for each in self._watched:
            doubted = each.run.doubted
            if samples.get(each.name):
                add_minute(each, begin, end, values, samples[each.name])
            if each.way:
                each.way.pass_(end - begin if samples.get(each.name) else 0.0, sun)
                if not each.run.seconds or each.run.begin == begin:
                    each.way.end(doubted)
            track_witnesses(each, begin, end, values, samples)
        hour = [each for each in self._watched if each.run.stood(HOUR)]
        sensors = [each.sensor for each in hour]
        for each in hour:
            each.run.doubted |= sensors.count(each.sensor) >= FRAME
        for each in self._watched:
            still = each.run.stood(self._limit(each)) or wind_is_constant(each)
            each.run.doubted |= (still and self._others_move(each)) or must_have_changed(each)
            for _, run in runs_of(each):
                run.doubted |= each.run.doubted and run.seconds > 0
        return {
            each.name: Reason("stands_still", "unchanged for {minutes} min", minutes=round(each.run.seconds / 60))
            for each in self._watched
            if each.run.doubted
        }

    def keep(self) -> dict[str, StillDoubt]:
        """Return the doubted runs."""
        return {each.name: each.run.keep() for each in self._watched if each.run.doubted}

    def standing(self) -> dict[str, float]:
        """Return for how many seconds each channel has stood still."""
        return {each.name: each.run.seconds for each in self._watched}

    def habits(self) -> dict[str, tuple[float, float]]:
        """Return each channel's habit: its longest still run, s, and for how many s it was watched."""
        return {
            name: (round(habit.longest, 1), round(habit.watched))
            for each in self._watched
            for name, habit in habits_of(each)
            if habit.watched >= LEARNT
        }

    def resume(self, kept: Mapping[str, StillDoubt], habits: Mapping[str, tuple[float, float]], begin: float) -> None:
        """Restore doubted runs and habits at the instant `begin`, s."""
        for each in self._watched:
            for name, habit in habits_of(each):
                habit.longest, habit.watched = habits.get(name, (habit.longest, habit.watched))
            if still := kept.get(each.name):
                each.run.resume(still, begin)

    @staticmethod
    def _limit(each: WatchedChannel) -> float:
        if each.step > each.rule.wide:
            return WIDE_S
        if each.quantity == "solar_irradiance" or each.run.enough < each.run.least:
            return HOUR  # a clear noon stands still for twenty minutes, and so does weak wind
        if each.coarse:
            return each.run.habit.limit(ALONE, ALONE_S, COARSE_HOURS * HOUR)
        return each.run.habit.limit()

    def _others_move(self, still: WatchedChannel) -> bool:
        if (
            still.quantity == "relative_humidity"
            and still.run.seconds < HOUR - 1.0
            and not expected_change(still) >= OWED_SOON
        ):
            return False
        if still.coarse:
            calm = self._limit(still) >= COARSE_HOURS * HOUR  # such a device stands still for an hour by itself
            humidity = hygrometer(still)
            if humidity and (humidity.high >= FOG or (calm and humidity.high - humidity.low < OWED_SOON)):
                return False
        return any(
            each.run.moved is not None and each.run.moved > still.run.begin
            for each in self._watched
            if each is not still
        )


def witnesses(name: str, channels: Mapping[str, tuple[str, Channel]], twins: Sequence[str]) -> list[str]:
    """Return the witnesses of a channel: its twins, and for air temperature and humidity the other of the two."""
    channel = ChannelName.parse(name)
    half = {"air_temperature": "relative_humidity", "relative_humidity": "air_temperature"}.get(channel.quantity)
    found = [] if half is None else [n for n in (channel.beside(half), half) if n in channels][:1]
    return [*found, *twins]


def humidity_way(name: str, channels: Mapping[str, tuple[str, Channel]]) -> HumidityWay | None:
    """Return the humidity path for a coarse thermometer beside a hygrometer; None for any other channel."""
    of = channels[name][1]
    beside = [n for n in witnesses(name, channels, ()) if is_a(n, "relative_humidity")]
    if of.quantity != "air_temperature" or of.resolution < COARSE or not beside:
        return None
    return HumidityWay(channels[beside[0]][1].resolution)


def hygrometer(each: WatchedChannel) -> StillRun | None:
    """Return humidity's run during a thermometer's; None if there was no humidity."""
    found = (run for name, run in each.witnesses.items() if is_a(name, "relative_humidity"))
    return next((run for run in found if run.seconds), None)


def is_a(name: str, of: str) -> bool:
    """Return whether a channel is of that quantity."""
    return ChannelName.parse(name).quantity == of


def runs_of(each: WatchedChannel) -> list[tuple[str, StillRun]]:
    """Return a channel's runs, each with the name under which its habit is saved."""
    return [(each.name, each.run), *([(f"{each.name} {EQUAL}", each.equal)] if each.equal else [])]


def habits_of(each: WatchedChannel) -> list[tuple[str, Habit]]:
    """Return a channel's habits, each with the name under which it is saved."""
    found = [(name, run.habit) for name, run in runs_of(each)]
    if each.way:
        found += [(f"{each.name} {BY_WAY}", each.way.habit), (f"{each.name} {BY_DAY}", each.way.by_day)]
    return found


def wind_is_constant(each: WatchedChannel) -> bool:
    """Return whether wind has been reported by one number for longer than is possible."""
    return each.equal is not None and each.equal.seconds >= each.equal.habit.limit(shortest=EQUAL_S) - 1.0


def must_have_changed(each: WatchedChannel) -> bool:
    """Return whether a witness changed so much that this channel must have changed."""
    seconds, humidity = each.run.seconds, hygrometer(each)
    if each.way and humidity and humidity.high < FOG and each.way.tells(seconds):
        return True
    for name in each.witnesses if seconds >= TWIN_S - 1.0 else ():
        moved = each.moved(name)
        if is_a(name, each.quantity):
            steps = TWIN_STEPS * max(each.step, each.steps[name])
            if moved >= max(TWIN_MOVES.get(each.quantity, float("inf")), steps) - 1e-6:
                return True
        elif seconds < AIR_S - 1.0:
            continue
        elif each.quantity == "air_temperature":
            if moved >= BY_HUMIDITY:
                return True
        elif expected_change(each) >= max(OWED, OWED_STEPS * each.step):
            return True
    return False


def expected_change(each: WatchedChannel) -> float:
    """Return by how much humidity should have changed in this run, %, by its thermometer; infinity without one."""
    known = [each.moved(name) for name in each.witnesses if is_a(name, "air_temperature")]
    return PER_KELVIN * (each.run.low + each.run.high) / 2 * known[0] if known else float("inf")


def add_minute(
    each: WatchedChannel, begin: float, end: float, values: Mapping[str, Value], samples: Sequence[float]
) -> None:
    """Add a minute to a channel's run, or end the run if the quantity may stand still."""
    value = values.get(each.name)
    if value is None or value.value is None:
        return
    if each.quantity == "wind_from_direction" and not wind_blows(each.name, values):
        return  # a vane without wind shows nothing: its run is paused
    for _, run in runs_of(each):
        if each.rule.low < value.value < still_from(each, values):
            run.take(begin, end, samples)
        else:
            run.rest()


def still_from(each: WatchedChannel, values: Mapping[str, Value]) -> float:
    """Return the value from which on the quantity may stand still: for humidity saturation, in frost over ice."""
    if each.quantity != "relative_humidity":
        return each.rule.high
    return fog_at(beside(ChannelName.parse(each.name), "air_temperature", values))


def track_witnesses(
    each: WatchedChannel, begin: float, end: float, values: Mapping[str, Value], samples: Mapping[str, Sequence[float]]
) -> None:
    """Track how much the witnesses change in this run; doubted values are ignored."""
    for name, run in each.witnesses.items():
        if not each.run.seconds:
            run.rest()
        elif samples.get(name) and name in values and values[name].flag is Flag.PASS:
            run.take(begin, end, samples[name])
            if each.way and is_a(name, "relative_humidity"):
                each.way.take(samples[name])


def wind_blows(direction: str, values: Mapping[str, Value]) -> bool:
    """Return whether the wind of that vane's sensor (or the primary's) is over 0.1 m/s."""
    speed = values.get(ChannelName.parse(direction).beside("wind_speed")) or values.get("wind_speed")
    return speed is not None and speed.value is not None and speed.value > RULES["wind_speed"].low
