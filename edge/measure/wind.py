"""Wind of one minute: scalar mean speed, unit-vector mean direction, and the gust as a 3-second mean.

Sources: WMO-No. 8 Part I ch. 5 (scalar mean; 3-s gust, WMO-No. 306 I.1 par. 15.5.5); calm is direction 0 and
north 360 (WMO code table 0877). The unit-vector mean weights all samples equally (Campbell's WindVector 0/1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from drivers.reason import Reason
from edge.measure.value import Value
from edge.records.channel_name import ChannelName

VARIABLE = Reason("directions_cancel", "variable: the directions cancel out")
GUST_WINDOW_S = 3.0
GUST_PACE = 60.0  # readings a minute: slower ones give no 3-s mean
GUST_SPAN_S = 1.5  # s from first to last sample of a window: after a gap three quick samples are no 3-s mean (ours)
UNDEFINED = 1e-3  # a resultant shorter than this has no direction: 180 degrees apart, evenly


def mean_direction(degrees: Sequence[float]) -> float | None:
    """Return the unit-vector mean of directions, degrees in (0, 360]; None if they cancel out."""
    east = math.fsum(math.sin(math.radians(d)) for d in degrees) / len(degrees)
    north = math.fsum(math.cos(math.radians(d)) for d in degrees) / len(degrees)
    if math.hypot(east, north) < UNDEFINED:
        return None
    return math.degrees(math.atan2(east, north)) % 360.0 or 360.0


def reported_direction(degrees: float) -> int:
    """Return whole degrees 1-360: a direction that rounds to 0 is north, 360 (0 is reserved for calm)."""
    return round(degrees) % 360 or 360


def highest_gust(samples: Sequence[tuple[float, float]], begin: float) -> float | None:
    """Return the highest 3-s running mean, m/s, of (instant s, speed m/s) samples.

    The windows end at `begin` or later. `samples` includes those from up to 3 s before `begin`: a gust across the
    minute's edge counts in the minute in which it ends. None if no window has three samples (slower than 1 Hz there is
    no 3-s mean) that span GUST_SPAN_S, which a quick device may lack after a gap.
    """
    best: float | None = None
    first = 0
    for last, (instant, _) in enumerate(samples):
        while samples[first][0] <= instant - GUST_WINDOW_S + 1e-6:
            first += 1
        window = samples[first : last + 1]
        if instant < begin or len(window) < 3 or instant - window[0][0] < GUST_SPAN_S:
            continue
        mean = math.fsum(speed for _, speed in window) / len(window)
        best = mean if best is None else max(best, mean)
    return best


def calm(values: dict[str, Value]) -> None:
    """Set the direction to 0 (calm) if the reported mean speed of the same sensor (or the primary) is 0.0.

    Its flag is no better than that of the speed: blocked cups do not prove calm.
    """
    for name, value in values.items():
        channel = ChannelName.parse(name)
        if channel.quantity != "wind_from_direction":
            continue
        speed = values.get(channel.beside("wind_speed")) or values.get("wind_speed")
        if speed is None or speed.value != 0.0:
            continue
        if value.reason == VARIABLE or (value.value is not None and value.flag < speed.flag):
            values[name] = Value(0.0, speed.flag, speed.reason)
        elif value.value is not None:
            values[name] = Value(0.0, value.flag, value.reason)


def doubt_gusts(values: dict[str, Value]) -> None:
    """Doubt a gust if the mean speed of the same sensor is doubted: evidence against its cups concerns both."""
    for name, value in values.items():
        channel = ChannelName.parse(name)
        if channel.quantity != "wind_speed_of_gust" or value.value is None:
            continue
        speed = values.get(channel.beside("wind_speed"))
        if speed is not None and speed.value is not None and value.flag < speed.flag:
            values[name] = Value(value.value, speed.flag, speed.reason)
