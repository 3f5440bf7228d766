"""Values of one minute that can't be true together, and means that leap from one minute to the next.

Sources: Zahumensky 2004 (WMO): gust >= mean speed; steps from minute to minute (in `limits`). That speed 0 and
direction 0 belong together holds by itself (`minute.calm`). Particles: PM1 is part of PM2.5 and that of PM10, so the
counts must rise; 2 ug/m3 and 5 % are left for rounding and for three means over different samples (ours). Dew point <=
temperature needs no check of its own: the dew point is derived, and humidity over 103 % fails by its range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drivers.quantity import Aggregation, quantity
from drivers.reason import Reason
from edge.measure.quality import Flag
from edge.measure.value import Value
from edge.records.channel_name import ChannelName

GUST_SLACK = 0.1  # m/s, the reporting resolution
PM_SLACK, PM_SHARE = 2.0, 0.05
PARTICLES = ("pm1", "pm2p5", "pm10")
NEVER_ZERO = "relative_humidity"


def together(values: Mapping[str, Value]) -> dict[str, Reason]:
    """Return channel -> why it is suspect, from all values of one minute.

    Both sides of a contradiction are, except where the other side is in doubt already: that one explains it.
    """
    values = {name: value for name, value in values.items() if value.flag is Flag.PASS}
    doubts: dict[str, Reason] = {}
    for name in values:
        channel = ChannelName.parse(name)
        base = channel.quantity
        if base == "wind_speed_of_gust":
            doubts |= gust(name, channel.beside("wind_speed"), values)
        elif base in PARTICLES[:-1]:
            doubts |= particles(name, channel.beside(PARTICLES[PARTICLES.index(base) + 1]), values)
    return doubts


def number(values: Mapping[str, Value], name: str) -> float | None:
    """Return a channel's value, None where it has none."""
    value = values.get(name)
    return None if value is None else value.value


def gust(gust_name: str, speed_name: str, values: Mapping[str, Value]) -> dict[str, Reason]:
    """Return doubts of gust and mean speed where the gust is weaker than the mean it is part of."""
    highest, mean = number(values, gust_name), number(values, speed_name)
    if highest is None or mean is None or highest >= mean - GUST_SLACK - 1e-9:
        return {}
    doubt = Reason("gust_under_mean", "gust {gust:g} under the mean speed {mean:g}", gust=highest, mean=mean)
    return dict.fromkeys((gust_name, speed_name), doubt)


def particles(small_name: str, large_name: str, values: Mapping[str, Value]) -> dict[str, Reason]:
    """Return doubts of both sizes where the smaller exceeds the larger, in which its particles count too."""
    small, large = number(values, small_name), number(values, large_name)
    if small is None or large is None or small <= large * (1 + PM_SHARE) + PM_SLACK:
        return {}
    doubt = Reason(
        "smaller_over_larger",
        "{channel} {small:g} over {other} {large:g}",
        channel=str(small_name),
        small=small,
        other=str(large_name),
        large=large,
    )
    return dict.fromkeys((small_name, large_name), doubt)


class Zeros:
    """Doubts what a device tells as 0 together with a humidity that is none: an answer of zeros alone is no answer.

    No outdoor air is at 0 %, and readings of it fail; beside them, 0.0 degC is no frost. One frame is judged where it
    is decoded (drivers.limits), but many a device tells each quantity in a frame of its own. A gauge's rise is left
    out: its total was not 0.
    """

    def __init__(self, channels: Mapping[str, tuple[str, str]]) -> None:
        """`channels`: name -> (sensor, quantity)."""
        self._channels = {n: c for n, c in channels.items() if quantity(c[1]).kind is not Aggregation.TOTAL}

    def doubts(self, values: Mapping[str, Value]) -> dict[str, Reason]:
        """Return channel -> why it is suspect."""
        void = {
            sensor: name
            for name, (sensor, of) in self._channels.items()
            if of == NEVER_ZERO and (number(values, name) == 0 or (name in values and values[name].flag is Flag.FAIL))
        }
        return {
            name: Reason("zeros", "0 together with {other}, which is none", other=void[sensor])
            for name, (sensor, _) in self._channels.items()
            if number(values, name) == 0 and sensor in void and void[sensor] != name
        }


class MinuteSteps:
    """Compares each mean with the minute before.

    Nothing is compared over a gap, after a restart, or with a mean that is itself in doubt: a spike in one minute
    would make the good one after it suspect.
    """

    def __init__(self, most: Mapping[str, tuple[str, float]]) -> None:
        """`most`: channel -> (quantity, most change from minute to minute)."""
        self._most = most
        self._before: dict[str, float] = {}
        self._end: float | None = None

    def doubts(self, begin: float, end: float, values: Mapping[str, Value]) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s."""
        before = self._before if self._end is not None and abs(begin - self._end) < 1.0 else {}
        self._end = end
        now = {name: v for name in self._most if (v := number(values, name)) is not None}
        self._before = {name: v for name, v in now.items() if values[name].flag is Flag.PASS}
        return dict(self._leaps(before, now))

    def _leaps(self, before: Mapping[str, float], now: Mapping[str, float]) -> Iterable[tuple[str, Reason]]:
        for name, value in now.items():
            of, most = self._most[name]
            change = abs(value - before.get(name, value))
            if change > most + 1e-9:
                yield (
                    name,
                    Reason(
                        "minute_step",
                        "a step of {change:.4g} {unit} from the minute before (at most {most:g})",
                        change=round(change, 6),
                        unit=quantity(of).unit,
                        most=most,
                    ),
                )
