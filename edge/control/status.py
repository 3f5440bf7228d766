"""What the station says of itself: the same facts for the socket, the demo's table and the health record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drivers.clock import Clock, Inbox
from drivers.quantity import quantity
from edge.clock.timekeeper import Timekeeper
from edge.config.sections import Config
from edge.lanes import Lanes
from edge.measure.derived.minute_values import derive
from edge.pictures.schedule import PictureLane
from edge.recorder.recorder import Recorder
from edge.records.channel_name import ChannelName
from edge.sampler import BusLane
from edge.store.store import Store
from edge.uplink.uplink import Uplink


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a running station that have something to tell."""

    config: Config
    clock: Clock
    kept: Store
    inbox: Inbox
    recorder: Recorder
    buses: list[BusLane]
    uplink: Uplink | None
    pictures: PictureLane | None
    lanes: Lanes
    timekeeper: Timekeeper


def status(station: Parts) -> dict[str, Any]:
    """All facts, plain JSON: times are microseconds UTC or None, durations s, sizes bytes."""
    recorder = station.recorder
    utc, mark = recorder.time_at(station.clock.now())
    latest = recorder.latest
    return {
        "station": station.config.station.id,
        "title": station.config.station.title,
        "utc_offset_h": station.config.site.utc_offset_h,
        "time": utc,
        "clock": {"source": mark.source, "error": mark.error, "trouble": time_trouble(station)},
        "minute": None if latest is None else {"start": latest.start, "duration": latest.duration, **latest.body},
        "units": units(station),
        "derived": {} if latest is None else derive(latest.body["values"], latest.body["quality"]),
        "sensors": sensors(station),
        "store": store(station),
        "uplink": None if station.uplink is None else station.uplink.status(),
        "pictures": None if station.pictures is None else station.pictures.status(),
        "maintenance": None if recorder.maintenance is None else recorder.maintenance.text,
        "falls": dict(station.lanes.falls),
        "inbox_lost": station.inbox.lost,
    }


def time_trouble(station: Parts) -> dict[str, Any] | None:
    """What is wrong with the sources of the time: one that is not believed, or why the box has none."""
    trouble = station.recorder.timeline.doubt or station.timekeeper.trouble
    return None if trouble is None else trouble.builtins()


def units(station: Parts) -> dict[str, str]:
    """Channel -> unit, for the channels of the configuration and the gusts that follow from them."""
    found = {}
    for (_, name), channel in station.config.channels().items():
        found[channel] = quantity(name).unit
        if name == "wind_speed":
            found[ChannelName.parse(channel).beside("wind_speed_of_gust")] = quantity("wind_speed_of_gust").unit
        if name == "rainfall_amount":
            found[ChannelName.parse(channel).beside("rainfall_amount_corrected")] = quantity(name).unit
    return found


def sensors(station: Parts) -> list[dict[str, Any]]:
    """Each sensor: its bus lane, whether it is down and why, how many readings, what was refused."""
    return [
        {
            "name": seat.sensor.name,
            "driver": seat.sensor.driver,
            "bus": bus.name,
            "down": None if seat.down is None else seat.down.builtins(),
            "readings": seat.readings,
            "refused": dict(seat.refused),
            "errors": dict(seat.errors),
        }
        for bus in station.buses
        for seat in bus.seats
    ]


def store(station: Parts) -> dict[str, Any]:
    """What is kept and what is unsent since when."""
    kept = station.kept
    files, size = kept.pictures.count_strays()
    oldest = kept.outbox.oldest_unsent()
    return {
        "epoch": kept.epoch,
        "next_seq": kept.next_seq,
        "unsent": kept.outbox.count_unsent(),
        "unsent_since": None if oldest is None else oldest.start,
        "held": kept.outbox.held(),
        "bytes": kept.size_bytes(),
        "strays": {"files": files, "bytes": size},
        "trouble": station.recorder.journal.trouble,
    }
