"""The channels of a station, each with the counter from which it continues."""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from drivers.quantity import Aggregation as QuantityKind
from drivers.quantity import quantity
from edge.config.sections import Config
from edge.measure.closing import Doubts
from edge.measure.correction import RainCurve
from edge.measure.counter import Counter, CounterState
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine

log = logging.getLogger("minshan.recorder")


def channel_lines(config: Config, state: dict[str, Any], boot: str) -> list[ChannelLine]:
    """One line a channel, counters as they were when the store's last minute closed."""
    names = config.channels()
    counters = state.get("counters", {})
    lines = []
    for sensor in config.sensor:
        pace = sensor.info.samples_per_minute(sensor.settings)
        for channel in sensor.info.channels(sensor.settings):
            name = names[sensor.name, channel.quantity]
            limits = limits_for(channel.quantity, config.site.altitude_m)
            line = ChannelLine(name, sensor.name, channel, limits, pace, height_m=sensor.height_m, heated=sensor.heated)
            if quantity(channel.quantity).kind is QuantityKind.TOTAL:
                line.counter = Counter(msgspec.convert(counters.get(name, {}), CounterState), boot)
                if sensor.rain_correction is not None:
                    line.curve = RainCurve(sensor.rain_correction.a, sensor.rain_correction.b)
            lines.append(line)
    return lines


def kept_doubts(state: dict[str, Any]) -> Doubts | None:
    """Return the doubts as they were when the store's last record was written; None where there are none to read."""
    try:
        return msgspec.convert(state.get("doubts", {}), Doubts)
    except msgspec.ValidationError as error:
        log.warning("the saved state of doubted sensors cannot be read: %s", error)
        return None
