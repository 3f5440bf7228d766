"""The station's status: the same facts for the socket, the demo's table and the health record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from drivers.clock import Clock, Inbox
from drivers.quantity import quantity
from drivers.reason import Reason, restored
from edge.alerts.horn import HornLane
from edge.budget.budget import Budget
from edge.clock.timekeeper import Timekeeper
from edge.config.sections import Config
from edge.control import picture_price
from edge.control.advice import Advice
from edge.forward.forwarding import Forwarding
from edge.forward.store_queue import StoreQueue
from edge.lanes import Lanes
from edge.measure.derived.minute_values import derive
from edge.recorder.recorder import Recorder
from edge.records.bodies import Hour, Minute, decode, plain
from edge.records.channel_name import ChannelName
from edge.records.record import Record
from edge.sampler import BusLane
from edge.snapshots import (
    ClockStatus,
    ForwardStatus,
    MinuteStatus,
    SensorSnapshot,
    StationStatus,
    StoreStatus,
    Strays,
    UplinkStatus,
)
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.uplink import Uplink

if TYPE_CHECKING:
    from edge.notify.lane import NotifyLane
    from edge.pictures.schedule import PictureLane


class StationParts(msgspec.Struct, frozen=True):
    """The parts of a running station that the status and the commands use."""

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
    budget: Budget
    horn: HornLane | None
    notify: NotifyLane | None
    advice: Advice
    forwarding: Forwarding


def status(station: StationParts) -> StationStatus:
    """Return the status, each lane's part from the snapshot that it last published."""
    recorder = station.recorder.snapshot
    utc, mark = recorder.time_at(station.clock.now())
    latest = minute(recorder.latest)
    return StationStatus(
        station=station.config.station.id,
        title=station.config.station.title,
        utc_offset_h=station.config.site.utc_offset_h,
        time=utc,
        clock=ClockStatus(mark.source, mark.error, time_trouble(station)),
        minute=latest,
        units=units(station),
        derived={} if latest is None else derive(latest.values, latest.quality),
        hour=hour(recorder.hour),
        sensors=sensors(station),
        store=store(station),
        uplink=uplink(station),
        forward=[forward(station.kept, queue) for queue in station.forwarding.queues],
        budget=station.budget.snapshot if station.uplink or station.forwarding.queues else None,
        pictures=None if station.pictures is None else station.pictures.snapshot,
        prices=picture_price.of_each(station.config.camera),
        alerts=list(recorder.alerts),
        horn=None if station.horn is None else station.horn.snapshot,
        notify=None if station.notify is None else station.notify.snapshot,
        maintenance=recorder.maintenance,
        falls=station.lanes.falls,
        inbox_lost=station.inbox.lost,
    )


def minute(latest: Record | None) -> MinuteStatus | None:
    """Return the newest minute; None if there is none."""
    body = None if latest is None else decode(latest.kind, latest.body)
    if latest is None or not isinstance(body, Minute):
        return None
    return MinuteStatus(body.values, body.quality, body.reasons, start=latest.start, duration=latest.duration)


def hour(latest: Record | None) -> Hour | None:
    """Return the newest hour's figures; None if there are none."""
    body = None if latest is None else decode(latest.kind, latest.body)
    return body if isinstance(body, Hour) else None


def uplink(station: StationParts) -> UplinkStatus | None:
    """Return the state of the link and of what is to be sent; None without an uplink."""
    if station.uplink is None:
        return None
    found, kept = station.uplink.snapshot, station.kept
    return UplinkStatus(
        **msgspec.structs.asdict(found),
        unsent=kept.outbox.count_unsent(found.destination),
        unproven=sum(span.last - span.first + 1 for span in kept.outbox.unproven(found.destination)),
        pictures_left=kept.pictures.count(found.destination).bytes_left,
    )


def forward(kept: Store, queue: StoreQueue) -> ForwardStatus:
    """Return the state of another destination."""
    aside = kept.batches.aside(queue.dest)
    newest = kept.outbox.newest_minute(queue.dest, aside)
    return ForwardStatus(
        **msgspec.structs.asdict(queue.snapshot),
        waiting=kept.outbox.count_unsent(queue.dest),
        held=kept.outbox.count_held(queue.dest),
        aside=len(aside),
        refused=restored(msgspec.json.decode(aside[max(aside)])) if aside else None,
        newest=None if newest is None else newest.start,
    )


def plain_status(station: StationParts) -> dict[str, Any]:
    """Return the status as plain JSON values."""
    return plain(status(station))


def time_trouble(station: StationParts) -> Reason | None:
    """Return what is wrong with the sources of time: one that is not believed, or why there is none."""
    return station.recorder.snapshot.doubt or station.timekeeper.snapshot


def units(station: StationParts) -> dict[str, str]:
    """Return channel -> unit for the configuration's channels and those derived from them (gusts, corrected rain)."""
    found = {}
    for (_, name), channel in station.config.channels().items():
        found[channel] = quantity(name).unit
        if name == "wind_speed":
            found[ChannelName.parse(channel).beside("wind_speed_of_gust")] = quantity("wind_speed_of_gust").unit
        if name == "rainfall_amount":
            found[ChannelName.parse(channel).beside("rainfall_amount_corrected")] = quantity(name).unit
    return found


def sensors(station: StationParts) -> list[SensorSnapshot]:
    """Return each sensor as its bus lane last published it."""
    return [sensor for bus in station.buses for sensor in bus.snapshot]


def store(station: StationParts) -> StoreStatus:
    """Return the store's state: what it holds, and what is unsent since when."""
    kept = station.kept
    oldest = kept.outbox.oldest_unsent(PLATFORM)
    return StoreStatus(
        epoch=kept.epoch,
        next_seq=kept.next_seq,
        unsent=kept.outbox.count_unsent(PLATFORM),
        unsent_since=None if oldest is None else oldest.start,
        held=kept.outbox.count_held(PLATFORM),
        bytes=kept.size_bytes(),
        strays=Strays(*kept.pictures.count_strays()),
        trouble=station.recorder.snapshot.trouble,
        waiting=station.recorder.snapshot.waiting,
        mended=station.recorder.snapshot.mended,
    )
