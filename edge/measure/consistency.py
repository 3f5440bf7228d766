"""Values of one minute that cannot be true together, and means that jump from one minute to the next.

Sources: Zahumensky 2004 (WMO): steps from minute to minute (in `limits`). Gust and mean, and particles, as in one frame
(`drivers.contradictions`). Speed 0 always comes with direction 0 (`wind.calm`). Dew point <= temperature needs no check
of its own: the dew point is derived, and humidity over 103 % fails by its range.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from drivers.contradictions import IN_ORDER, out_of_order
from drivers.quantity import Aggregation, quantity
from drivers.reason import Reason
from edge.measure.persistence import PER_KELVIN
from edge.measure.quality import Flag
from edge.measure.value import Value
from edge.records.channel_name import ChannelName

NEVER_ZERO = "relative_humidity"


def together(values: Mapping[str, Value]) -> dict[str, Reason]:
    """Return channel -> why it is suspect, from all values of one minute.

    Both sides of a contradiction are, unless one is in doubt already, which explains it.
    """
    values = {name: value for name, value in values.items() if value.flag is Flag.PASS}
    doubts: dict[str, Reason] = {}
    for name in values:
        channel = ChannelName.parse(name)
        for less, more in IN_ORDER:
            pair = name, channel.beside(more)
            first, second = (number(values, of) for of in pair)
            if channel.quantity == less and first is not None and second is not None:
                doubt = out_of_order(pair[0], first, pair[1], second)
                doubts |= dict.fromkeys(pair, doubt) if doubt else {}
    return doubts


def number(values: Mapping[str, Value], name: str) -> float | None:
    """Return a channel's value, None if it has none."""
    value = values.get(name)
    return None if value is None else value.value


class Zeros:
    """Doubts values of 0 that a device reports together with a humidity of 0: an answer of zeros is not an answer.

    No outdoor air is at 0 %, and such readings fail; beside them, 0.0 degC is no frost. A single frame is checked when
    it is decoded (drivers.limits), but many devices report each quantity in a frame of its own. A gauge's rise is
    excluded: its total was not 0.
    """

    def __init__(self, channels: Mapping[str, tuple[str, str]]) -> None:
        """`channels`: name -> (sensor, quantity)."""
        self._channels = {n: c for n, c in channels.items() if quantity(c[1]).kind is not Aggregation.TOTAL}

    def doubts(self, values: Mapping[str, Value], only_zeros: Container[str] = ()) -> dict[str, Reason]:
        """Return channel -> why it is suspect. `only_zeros`: channels that reported only 0, failed or not."""
        void = {
            sensor: name
            for name, (sensor, of) in self._channels.items()
            if of == NEVER_ZERO and (number(values, name) == 0 or name in only_zeros)
        }
        return {
            name: Reason("zeros", "0 together with {other}, which is not valid", other=void[sensor])
            for name, (sensor, _) in self._channels.items()
            if number(values, name) == 0 and sensor in void and void[sensor] != name
        }


class MinuteSteps:
    """Compares each mean with the minute before.

    Nothing is compared across a gap, after a restart, or with a doubted mean: a spike in one minute would make the
    good one after it suspect. The part of a humidity's step that the same minute's warming explains is ignored: a gust
    into a cold night's air warms it by 2 K and dries it by 10 % without any fault.
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
            if change > most + 1e-9 and abs(unexplained(name, of, before, now)) > most + 1e-9:
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


def unexplained(name: str, of: str, before: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Return a step of a mean, less the change of relative humidity that the air's warming or cooling explains."""
    change, own = now[name] - before[name], ChannelName.parse(name).beside("air_temperature")
    air = own if own in now else "air_temperature"
    if of != "relative_humidity" or air not in now or air not in before:
        return change
    expected = -PER_KELVIN * (now[name] + before[name]) / 2 * (now[air] - before[air])
    return change - expected if change * expected > 0 else change
