"""A mean that jumps and stays there: in doubt until it jumps back, at most six hours.

Within three minutes a mean jumps by more than air does, and no related quantity changes with it. An exchange of air (a
front, a downburst, foehn) changes temperature and humidity together, the more the larger the jump: by at least a fifth
of the 6 % of itself by which humidity changes per kelvin, where it can (in 640 days of a real station, repository
Loongle/weather-data, by half of it in each of six jumps over 2 K). Pressure jumps by 2 hPa only when a thunderstorm's
cold, heavy air arrives: then the air cools by at least 2 K. Soil never jumps by 3 K within three minutes (Zahumensky's
error limits from minute to minute: 2 hPa, 1 K), and for air without a hygrometer a jump of 8 K is likelier a fault. If
a second sensor jumps too, the measured quantity itself has changed (hail). A fault is a state, and growers read its
minutes: so the doubt lasts until the end of the fault is seen.

Humidity alone may change with the air: a valley's wind turns, fog parts, foehn comes, and other vapour arrives at the
same temperature, by 20 % in five minutes. It flows in: no two consecutive samples, even a minute apart, differ by half
of it. A fault jumps from one sample to the next, and a drop that runs over the element ends at saturation (ours).
Likewise cold air may flow into fog, where humidity stays at saturation and shows nothing.

A jump may also be a repair, of a drift or of a fault that developed slowly. They are distinguished by a quantity that
changes slowly: the air's vapour pressure for temperature and humidity; pressure and soil temperature themselves. A jump
that brings it back to its value of four to six hours ago, when it was not in doubt, is a repair, and the minutes after
it are good (ours). A jump within a minute is judged by the mean of the next.

A channel without values for ten minutes is not compared with earlier means. Whether its offset ended meanwhile is
decided by the same slow quantity: the new value must bring it nearer to its value before the jump than the new value
less the jump would.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import inf
from statistics import median

import msgspec

from drivers.quantity import quantity
from drivers.reason import Reason
from edge.measure.dead_hygrometers import PER_KELVIN
from edge.measure.derived.psychrometrics import vapour_pressure_water
from edge.measure.lasting import FOG
from edge.measure.quality import Flag
from edge.measure.value import Value, beside
from edge.records.channel_name import ChannelName

LONGEST = 6 * 3600.0  # s; after that it is unknown which level is true
MINUTES = 3  # within which a jump is complete: a fault within a minute affects two means
# quantity -> the jump that air makes only together with changes of (quantity -> by at least so much)
LEAPS: dict[str, tuple[float, dict[str, float]]] = {
    "air_temperature": (3.0, {"relative_humidity": 2.0}),
    "relative_humidity": (12.0, {"air_temperature": 0.5}),
    "air_pressure": (2.0, {"air_temperature": 2.0}),
    "soil_temperature": (3.0, {}),
}
ALONE = {"air_temperature": 8.0, "air_pressure": 2.0}  # K, hPa; a jump without a related channel
SHARE = 0.2  # of the change of humidity that a jump of the temperature implies
ALONG = 0.5  # of a jump; a second sensor that jumps by so much confirms it
AT_ONCE = 0.5  # of a jump, between two samples: then it is not inflowing air
REMEMBERED = (4 * 3600.0, 6 * 3600.0)  # s; the age of the values with which a jump is compared
EVERY = 600.0  # s between two remembered values
NEARER = 0.5  # a repair reduces the distance of the slow quantity to its earlier value to less than this share
SILENT = 600.0  # s without a mean after which earlier means are not used
SHORT_GAP = 3600.0  # s; across a longer one the air itself may have returned to the earlier level


class Leapt(msgspec.Struct):
    """The saved state of an offset: its size, its age, s, the level before it."""

    size: float
    age: float
    base: float


class ChannelLevel(msgspec.Struct):
    """One channel's last means, and the jump that keeps it in doubt: its size, when it was, the level before.

    `steps`: the largest change between two samples, of each minute that a jump may take; `newest`: the last sample.
    `settles`: until when, after a jump back, no jump is looked for; `slow`: (instant s, slow quantity) of the last
    hours; `fresh`: the next mean is the first after a short gap, in which the fault may have ended; `last`: when there
    was a mean; `returns`: it had no values meanwhile, and it is not yet decided whether the fault ended.
    """

    means: deque[tuple[float, dict[str, float]]] = msgspec.field(default_factory=lambda: deque(maxlen=MINUTES))
    steps: deque[float | None] = msgspec.field(default_factory=lambda: deque(maxlen=MINUTES + 1))
    newest: float | None = None
    slow: deque[tuple[float, float]] = msgspec.field(default_factory=lambda: deque(maxlen=40))
    leap: float = 0.0
    since: float = 0.0
    base: float = 0.0
    settles: float = float("-inf")
    fresh: bool = False
    last: float | None = None
    returns: bool = False


class ChannelOffsets:
    """The offsets of a station's channels. `channels`: name -> quantity."""

    def __init__(self, channels: Mapping[str, str]) -> None:
        self._levels = {name: ChannelLevel() for name, of in channels.items() if of in LEAPS}
        self._seconds = {n: [o for o in self._levels if o != n and channels[o] == channels[n]] for n in self._levels}
        self._changes: dict[str, float] = {}  # name -> its largest change in this minute
        self._end: float | None = None

    def doubts(
        self, begin: float, end: float, values: Mapping[str, Value], samples: Mapping[str, Sequence[float]]
    ) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s; `samples`: those that passed."""
        if self._end is not None and abs(begin - self._end) > 1.0:
            for level in self._levels.values():
                level.means.clear()
        self._end = end
        for name, level in self._levels.items():
            note_steps(level, samples.get(name, ()))
        self._changes = {
            name: largest_change(level, value.value)
            for name, level in self._levels.items()
            if (value := values.get(name)) is not None and value.value is not None
        }
        found = {name: self._doubt(name, level, begin, values) for name, level in self._levels.items()}
        return {name: reason for name, reason in found.items() if reason}

    def forget(self, doubted: Iterable[str]) -> None:
        """Forget the means of channels that another check doubts: the end of that doubt would be a jump."""
        for name in doubted:
            if name in self._levels and not self._levels[name].leap:
                self._levels[name].means.clear()

    def work(self) -> None:
        """Skip a minute in which somebody worked on the station: a fault may end in it, but no jump is measured."""
        for level in self._levels.values():
            level.fresh = True

    def keep(self, now: float) -> dict[str, Leapt]:
        """Return the doubted offsets at the instant `now`, s."""
        return {n: Leapt(v.leap, now - v.since, v.base) for n, v in self._levels.items() if v.leap}

    def resume(self, kept: Mapping[str, Leapt], begin: float, gap: float) -> None:
        """Restore such offsets at the instant `begin`, s, after a gap, s."""
        for name, leapt in kept.items():
            if level := self._levels.get(name):
                level.leap, level.since, level.base = leapt.size, begin - leapt.age - gap, leapt.base
                level.fresh = gap < SHORT_GAP

    def _doubt(self, name: str, level: ChannelLevel, begin: float, values: Mapping[str, Value]) -> Reason | None:
        value = values.get(name)
        if value is None or value.value is None:
            return None
        channel = ChannelName.parse(name)
        least, others = LEAPS[channel.quantity]
        now = {of: v for of in others if (v := beside(channel, of, values)) is not None}
        if level.last is not None and begin - level.last > SILENT:
            level.means.clear()
            level.returns = level.leap != 0
        level.last = begin
        follow_offset(level, value.value, begin)
        if level.returns and level.leap and len(now) == len(others) and level.slow:
            level.returns = False
            level.leap = 0.0 if has_ended(level, channel.quantity, value.value, now) else level.leap
        grows = level.leap != 0 and is_incomplete(level, begin)
        change = value.value - level.base if grows else largest_change(level, value.value)
        told = all(of in now for of in others)
        least = least if told else ALONE.get(channel.quantity, inf)
        leaps = not level.leap and abs(change) > least and begin >= level.settles
        leaps = leaps and not related_changed(level, channel.quantity, change, now, others)
        leaps = leaps and not (may_flow_in(level, channel.quantity, value.value, change) and was_gradual(level, change))
        leaps = leaps and not any(self._changes.get(second, 0.0) / change >= ALONG for second in self._seconds[name])
        if (leaps or grows) and told and is_repair(level, channel.quantity, value.value, change, now, begin):
            level.leap, level.settles = 0.0, begin + (MINUTES + 1) * 60.0
            level.means.clear()
        elif leaps:
            level.leap, level.since, level.base = change, begin, value.value - change
            level.means.clear()
        level.means.append((value.value, now))
        if not level.leap:
            remember(level, channel.quantity, value, now, begin)
            return None
        return Reason(
            "offset_since",
            "jumped by {change:.3g} {unit} {minutes} min ago and has not returned",
            change=round(level.leap, 3),
            unit=quantity(channel.quantity).unit,
            minutes=round((begin - level.since) / 60.0),
        )


def follow_offset(level: ChannelLevel, value: float, begin: float) -> None:
    """Let an offset grow in its first minutes, and end it when the value jumps back or it is too old."""
    if not level.leap:
        return
    change, fresh = largest_change(level, value), level.fresh
    level.fresh = False
    if fresh and abs(value - level.base) < abs(level.leap) / 2:
        level.leap = 0.0
    elif is_incomplete(level, begin):
        level.leap = max(level.leap, value - level.base, key=abs)
    elif change * level.leap < 0 and abs(change) > abs(level.leap) / 2:
        level.leap, level.settles = 0.0, begin + (MINUTES + 1) * 60.0
    elif begin - level.since >= LONGEST:
        level.leap = 0.0


def note_steps(level: ChannelLevel, samples: Sequence[float]) -> None:
    """Remember the largest difference of two consecutive samples up to the end of this minute."""
    row = [*([] if level.newest is None else [level.newest]), *samples]
    level.steps.append(max((abs(b - a) for a, b in pairwise(row)), default=0.0) if samples else None)
    level.newest = row[-1] if row else None


def may_flow_in(level: ChannelLevel, of: str, value: float, change: float) -> bool:
    """Return whether inflowing air can explain a jump: of humidity below fog, or of a temperature falling in fog."""
    if of == "relative_humidity":
        return value < FOG
    in_fog = any(before.get("relative_humidity", 0.0) >= FOG for _, before in level.means)
    return of == "air_temperature" and change < 0 and in_fog


def was_gradual(level: ChannelLevel, change: float) -> bool:
    """Return whether a jump was seen to be gradual; a minute without a sample that passed hides that."""
    return all(step is not None and step < AT_ONCE * abs(change) for step in level.steps)


def is_incomplete(level: ChannelLevel, begin: float) -> bool:
    """Return whether a jump may still be incomplete: one within a minute affects the means of two."""
    return 0 <= begin - level.since < MINUTES * 60.0


def largest_change(level: ChannelLevel, value: float) -> float:
    """Return the largest change from one of the last means to this value."""
    return max((value - before for before, _ in level.means), key=abs, default=0.0)


def related_changed(
    level: ChannelLevel, of: str, change: float, now: Mapping[str, float], others: Mapping[str, float]
) -> bool:
    """Return whether a related quantity changed with a jump, by as much as a jump of the air implies."""
    return any(
        abs(now[other] - before[other]) >= max(least, SHARE * implied_change(of, change, before[other]))
        for _, before in level.means
        for other, least in others.items()
        if other in now and other in before
    )


def implied_change(of: str, change: float, humidity: float) -> float:
    """Return the change of relative humidity, %, that a jump of the air's temperature implies; otherwise 0."""
    if of != "air_temperature":
        return 0.0
    return min(PER_KELVIN * humidity * abs(change), 100.0 - humidity if change < 0 else humidity)


def slow_of(of: str, value: float, now: Mapping[str, float]) -> float:
    """Return the slow quantity: the vapour pressure, hPa, for temperature or humidity, otherwise the value itself."""
    if of == "air_temperature":
        return vapour_pressure_water(value) * now["relative_humidity"] / 100.0
    if of == "relative_humidity":
        return vapour_pressure_water(now["air_temperature"]) * value / 100.0
    return value


def remember(level: ChannelLevel, of: str, value: Value, now: Mapping[str, float], begin: float) -> None:
    """Remember the slow quantity of a good minute, every ten minutes."""
    if value.flag is not Flag.PASS or value.value is None or len(now) < len(LEAPS[of][1]):
        return
    if not level.slow or begin - level.slow[-1][0] >= EVERY - 1.0:
        level.slow.append((begin, slow_of(of, value.value, now)))


def has_ended(level: ChannelLevel, of: str, value: float, now: Mapping[str, float]) -> bool:
    """Return whether the slow quantity is nearer to its value before the jump than it would be less the jump."""
    was = level.slow[-1][1]
    with_it, without = (abs(slow_of(of, v, now) - was) for v in (value, value - level.leap))
    return with_it < NEARER * without


def is_repair(
    level: ChannelLevel, of: str, value: float, change: float, now: Mapping[str, float], begin: float
) -> bool:
    """Return whether a jump brings the slow quantity back to its value of hours ago; False if that is unknown."""
    low, high = REMEMBERED
    known = [slow for at, slow in level.slow if low <= begin - at <= high]
    if not known:
        return False
    was = median(known)
    before, after = (abs(slow_of(of, v, now) - was) for v in (value - change, value))
    return after < NEARER * before
