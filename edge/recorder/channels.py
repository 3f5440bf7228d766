"""The channels of a station, each with what was kept of its device: a counter, doubts, and what was learnt.

A channel's name may come to mean another device: a second gauge is made the primary one, a sensor is replaced by one
of another kind, the size of a tip is put right. So what is kept is kept with its device, and goes on under the name
that the device has now, also where its sensor was renamed; of a device that is no longer there nothing goes on. Else
the difference of two gauges' totals would be rain, and a good sensor in doubt for what the one before it did.
"""

from __future__ import annotations

import logging
import zlib
from collections import Counter as Counts
from collections.abc import Mapping
from typing import Any

import msgspec

from drivers.buses.bus import BUSES
from drivers.driver import Channel
from drivers.quantity import Aggregation as QuantityKind
from drivers.quantity import quantity
from edge.config.sections import Config, SensorSection
from edge.measure.closing import Doubts
from edge.measure.correction import RainCurve
from edge.measure.counter import Counter, CounterState
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine
from edge.store.errors import StoreError
from edge.store.notes import Notes

log = logging.getLogger("minshan.recorder")
KIND = "devices"  # of the note in which they are kept
REMEMBERED = 20  # configurations: one that is tried for a while comes back


def channel_lines(config: Config, state: dict[str, Any], boot: str, had: Mapping[str, str]) -> list[ChannelLine]:
    """One line a channel, counters as they were when the store's last minute closed; `had`: see `KeptDevices`."""
    names = config.channels()
    counters, before = state.get("counters", {}), names_before(config, had)
    lines = []
    for sensor in config.sensor:
        pace = sensor.info.samples_per_minute(sensor.settings)
        for channel in sensor.info.channels(sensor.settings):
            name = names[sensor.name, channel.quantity]
            limits = limits_for(channel.quantity, config.site.altitude_m)
            line = ChannelLine(name, sensor.name, channel, limits, pace, height_m=sensor.height_m, heated=sensor.heated)
            if quantity(channel.quantity).kind is QuantityKind.TOTAL:
                kept = counters.get(before.get(name), {})
                line.counter = Counter(msgspec.convert(kept, CounterState), boot)
                if sensor.rain_correction is not None:
                    line.curve = RainCurve(sensor.rain_correction.a, sensor.rain_correction.b)
            lines.append(line)
    return lines


def devices(config: Config) -> dict[str, str]:
    """Return channel -> what tells its device from others."""
    names = config.channels()
    return {
        names[sensor.name, channel.quantity]: device(sensor, channel)
        for sensor in config.sensor
        for channel in sensor.info.channels(sensor.settings)
    }


def device(sensor: SensorSection, channel: Channel) -> str:
    """Return what tells a device's channel from another's: a sum with its sensor's name, and one with its place.

    Its kind, serial number and own step are part of both. A gauge on another port has the same total, and so has one
    that is called by another name.
    """
    kind, bus = getattr(sensor.settings, "profile", ""), BUSES[sensor.info.bus]
    one = f"{sensor.driver}|{kind}|{sensor.serial}|{channel.quantity}|{channel.resolution:g}"
    place = f"{bus.key(sensor.settings)}|{bus.address(sensor.settings)}|{one}"
    return " ".join(f"{zlib.crc32(text.encode()):08x}" for text in (f"{sensor.name}|{one}", place))


class KeptDevices:
    """The devices of the store's last record and of now, each channel -> device.

    A record names its own by their sum alone (`sum`): all of them would take a third of what a minute writes. `had` is
    empty where an older version wrote the record, or nobody can read any more what it was.
    """

    def __init__(self, notes: Notes, config: Config, state: dict[str, Any]) -> None:
        self.had: Mapping[str, str] = {}
        now = msgspec.json.encode(devices(config))
        self.sum = f"{zlib.crc32(now):08x}"
        try:
            value = notes.get(KIND, str(state.get("devices")))
            self.had = msgspec.json.decode(value, type=dict[str, str]) if value else {}
            if now != value:
                notes.put(KIND, self.sum, now, REMEMBERED)
        except StoreError as trouble:  # a full or damaged disk must not keep the station from starting, and mending it
            log.warning("which devices the channels have cannot be read or saved: %s", trouble)


def names_before(config: Config, had: Mapping[str, str]) -> dict[str, str]:
    """Return channel -> the name that its device had before; of those alone that go on, the same where nobody knows.

    A device goes on by its name or by its place; where these name two devices nobody can say which of them it is, and
    it begins anew.
    """
    now = devices(config)
    if not had:
        return {name: name for name in now}
    pairs = set()
    for part in (0, 1):  # an older version kept the first alone
        names = {one.split()[part]: name for name, one in had.items() if len(one.split()) > part}
        pairs |= {(name, names[one.split()[part]]) for name, one in now.items() if one.split()[part] in names}
    after, before = Counts(name for name, _ in pairs), Counts(name for _, name in pairs)
    return {name: old for name, old in pairs if after[name] == before[old] == 1}


def kept_doubts(config: Config, state: dict[str, Any], had: Mapping[str, str]) -> Doubts | None:
    """Return the doubts as they were when the store's last record was written; None where there are none to read."""
    try:
        doubts = msgspec.convert(state.get("doubts", {}), Doubts)
    except msgspec.ValidationError as error:
        log.warning("the saved state of doubted sensors cannot be read: %s", error)
        return None
    return doubts.renamed({before: name for name, before in names_before(config, had).items()})
