"""The channels of a station, each with the saved state of its device: a counter, doubts, and what was learnt.

A channel's name may come to mean another device: a second gauge becomes the primary one, a sensor is replaced by one
of another kind, the size of a tip is corrected. So state is saved by device and continues under the device's current
name, even if its sensor was renamed; the state of a removed device is dropped. Otherwise the difference of two gauges'
totals would count as rain, and a good sensor would be doubted for the faults of its predecessor.
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
KIND = "devices"  # of the note in which they are saved
REMEMBERED = 20  # configurations: one may be tried for a while and reverted


def channel_lines(config: Config, state: dict[str, Any], boot: str, had: Mapping[str, str]) -> list[ChannelLine]:
    """Return one line for each channel, with counters as of the last stored minute; `had`: see `KeptDevices`."""
    names = config.channels()
    counters, before = kept_counters(state), names_before(config, had)
    lines = []
    for sensor in config.sensor:
        pace = sensor.info.samples_per_minute(sensor.settings)
        for channel in sensor.info.channels(sensor.settings):
            name = names[sensor.name, channel.quantity]
            limits = limits_for(channel.quantity, config.site.altitude_m)
            line = ChannelLine(name, sensor.name, channel, limits, pace, height_m=sensor.height_m, heated=sensor.heated)
            if quantity(channel.quantity).kind is QuantityKind.TOTAL:
                line.counter = Counter(counters.get(before.get(name, "")), boot)
                if sensor.rain_correction is not None:
                    line.curve = RainCurve(sensor.rain_correction.a, sensor.rain_correction.b)
            lines.append(line)
    return lines


def kept_counters(state: dict[str, Any]) -> dict[str, CounterState]:
    """Return the counters saved with the store's last record, by channel, without those that cannot be read.

    A newer version may have saved them in another form: a station downgraded to this one must start nevertheless.
    """
    saved, found = state.get("counters"), {}
    for name, counter in saved.items() if isinstance(saved, dict) else ():
        try:
            found[name] = msgspec.convert(counter, CounterState)
        except msgspec.ValidationError as error:
            log.warning("the saved total of %s cannot be read, its rain is counted from now on: %s", name, error)
    return found


def devices(config: Config) -> dict[str, str]:
    """Return channel -> identity of its device."""
    names = config.channels()
    return {
        names[sensor.name, channel.quantity]: device(sensor, channel)
        for sensor in config.sensor
        for channel in sensor.info.channels(sensor.settings)
    }


def device(sensor: SensorSection, channel: Channel) -> str:
    """Return the identity of a device's channel: a checksum with its sensor's name, and one with its bus address.

    The driver, profile, serial number, quantity and resolution are part of both. A gauge keeps its total when it is
    moved to another port or renamed.
    """
    kind, bus = getattr(sensor.settings, "profile", ""), BUSES[sensor.info.bus]
    one = f"{sensor.driver}|{kind}|{sensor.serial}|{channel.quantity}|{channel.resolution:g}"
    place = f"{bus.key(sensor.settings)}|{bus.address(sensor.settings)}|{one}"
    return " ".join(f"{zlib.crc32(text.encode()):08x}" for text in (f"{sensor.name}|{one}", place))


class KeptDevices:
    """The devices as of the store's last record (`had`), channel -> device, and the checksum of the current ones.

    A record contains only the checksum (`sum`): the whole table would be a third of what a minute writes. `had` is
    empty if an older version wrote the record, or the table cannot be read any more.
    """

    def __init__(self, notes: Notes, config: Config, state: dict[str, Any]) -> None:
        self.had: Mapping[str, str] = {}
        now = msgspec.json.encode(devices(config))
        self.sum = f"{zlib.crc32(now):08x}"
        try:
            value = notes.get(KIND, str(state.get("devices")))
            self.had = _decoded(value)
            if now != value:
                notes.put(KIND, self.sum, now, REMEMBERED)
        except StoreError as trouble:  # a full or damaged disk must not keep the station from starting and repairing it
            log.warning("which devices the channels have cannot be read or saved: %s", trouble)


def _decoded(value: bytes | None) -> dict[str, str]:
    """Return the saved devices; none if there are none, or another version saved them in another form."""
    try:
        return msgspec.json.decode(value, type=dict[str, str]) if value else {}
    except msgspec.MsgspecError:
        return {}


def names_before(config: Config, had: Mapping[str, str]) -> dict[str, str]:
    """Return channel -> its device's previous name, for the devices that continue; the same name if `had` is empty.

    A device is recognised by its name or by its address; if these match two different devices, it is ambiguous and
    starts without saved state.
    """
    now = devices(config)
    if not had:
        return {name: name for name in now}
    pairs = set()
    for part in (0, 1):  # an older version saved only the first
        names = {one.split()[part]: name for name, one in had.items() if len(one.split()) > part}
        pairs |= {(name, names[one.split()[part]]) for name, one in now.items() if one.split()[part] in names}
    after, before = Counts(name for name, _ in pairs), Counts(name for _, name in pairs)
    return {name: old for name, old in pairs if after[name] == before[old] == 1}


def kept_doubts(config: Config, state: dict[str, Any], had: Mapping[str, str]) -> Doubts | None:
    """Return the doubts saved with the store's last record; None if they cannot be read."""
    try:
        doubts = msgspec.convert(state.get("doubts", {}), Doubts)
    except msgspec.ValidationError as error:
        log.warning("the saved state of doubted sensors cannot be read: %s", error)
        return None
    return doubts.renamed({before: name for name, before in names_before(config, had).items()})
