"""Measured data for clients of the station: the same queries and answers as at a hub.

`now`, `series`, `channels`, `events` and `pictures` take the arguments of the hub's API without the station, and answer
with the structs of `edge/records/answers.py`. The store is read in slices, so that no minute waits for a page.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from edge.control.arguments import CommandRefusedError, NoArguments
from edge.control.status import StationParts
from edge.history import pages
from edge.history.curves import Curves
from edge.history.hours import StoredHours
from edge.history.pages import BadPageError
from edge.measure.aggregates import SUSPECT, US
from edge.records.answers import Now, StationState, Value
from edge.records.asked import BACKWARDS, AskedStep, Channel, Kinds, Page, unit_of, us
from edge.records.bodies import Minute, decode, plain
from edge.records.record import Kind, Record
from edge.wire.contract import CameraName

Time = Annotated[datetime, Meta(tz=True)] | float  # with a zone, or seconds since 1970


class SeriesArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel in a half-open span, up to now if no end is given."""

    channel: Channel
    first: Time = msgspec.field(name="from")
    last: Time | None = msgspec.field(name="to", default=None)
    step: AskedStep = "auto"


class ChannelsArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span."""

    first: Time = msgspec.field(name="from")
    last: Time | None = msgspec.field(name="to", default=None)


class EventsArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span, and one or several kinds, separated by commas."""

    first: Time = msgspec.field(name="from")
    last: Time | None = msgspec.field(name="to", default=None)
    kind: Kinds | None = None
    page: Page | None = None


class PicturesArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span, and which camera."""

    first: Time = msgspec.field(name="from")
    last: Time | None = msgspec.field(name="to", default=None)
    camera: CameraName | None = None
    page: Page | None = None


class ReadingsArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which quantity and which sensor; None: all."""

    quantity: Annotated[str, Meta(max_length=64)] | None = None
    sensor: Annotated[str, Meta(max_length=64)] | None = None


def give_station(parts: StationParts, arguments: NoArguments) -> dict[str, Any]:
    """Return when the newest dated minute began, and how far the clock is ahead of UTC."""
    newest, offset = parts.kept.by_time.newest_minute(), round(parts.config.site.utc_offset_h * 3600)
    return plain(StationState(parts.config.station.id, None, newest, offset))


def give_now(parts: StationParts, arguments: NoArguments) -> dict[str, Any]:
    """Return the newest minute."""
    return plain(now_of(parts))


def give_series(parts: StationParts, arguments: SeriesArguments) -> dict[str, Any]:
    """Return a channel's curve, as far as it fits into one answer."""
    curves = Curves(parts.config.station.id, parts.kept)
    return plain(curves.series(arguments.channel, *span(parts, arguments), arguments.step))


def give_channels(parts: StationParts, arguments: ChannelsArguments) -> dict[str, Any]:
    """Return the channels that have data in a span."""
    return {"channels": sorted(StoredHours(parts.kept).names(*span(parts, arguments)))}


def give_events(parts: StationParts, arguments: EventsArguments) -> dict[str, Any]:
    """Return a page of events."""
    kinds = arguments.kind.split(",") if arguments.kind else ()
    try:
        return plain(pages.events(parts.config.station.id, parts.kept, *span(parts, arguments), kinds, arguments.page))
    except BadPageError as error:
        raise CommandRefusedError(error.reason) from None


def give_pictures(parts: StationParts, arguments: PicturesArguments) -> dict[str, Any]:
    """Return a page of pictures."""
    asked = arguments.camera, arguments.page
    try:
        return plain(pages.pictures(parts.config.station.id, parts.kept, *span(parts, arguments), *asked))
    except BadPageError as error:
        raise CommandRefusedError(error.reason) from None


def now_of(parts: StationParts) -> Now:
    """Return the newest recorded minute as an answer. Raise StoreError."""
    station, record = parts.config.station.id, parts.kept.last(Kind.MINUTE)
    body = None if record is None else decode(record.kind, record.body)
    if record is None or not isinstance(body, Minute):
        return Now(station, None, None, None, None, None, {})
    values = {
        name: Value(value, body.quality.get(name, SUSPECT), unit_of(name), body.reasons.get(name))
        for name, value in body.values.items()
    }
    end = None if record.start is None else record.start + round(record.duration * US)
    clock, age = record.clock, age_of(parts, record, end)
    return Now(station, record.start, end, None, clock.source, clock.error, values, age)


def age_of(parts: StationParts, record: Record, end: int | None) -> float | None:
    """Return the seconds since a record ended: by this boot's clock, else by UTC; None if neither is known."""
    now = parts.clock.now()
    if record.stamp.boot == parts.recorder.snapshot.boot:
        return round(max(0.0, now - record.stamp.boottime - record.duration), 3)
    utc, _ = parts.recorder.snapshot.time_at(now)
    return None if utc is None or end is None else round((utc - end) / US, 3)


def span(parts: StationParts, arguments: Any) -> tuple[int, int]:
    """Return a span in microseconds UTC. Raise CommandRefusedError if its end is not after its begin."""
    first = us(arguments.first)
    last = None if arguments.last is None else us(arguments.last)
    if last is None:
        last = parts.recorder.snapshot.time_at(parts.clock.now())[0] or first + 1  # if the time is unknown
    if last <= first:
        raise CommandRefusedError(BACKWARDS)
    return first, last


def give_advice(parts: StationParts, arguments: NoArguments) -> dict[str, Any]:
    """Return the verdicts of the growers' rules now."""
    recorder = parts.recorder.snapshot
    now, _ = recorder.time_at(parts.clock.now())
    return {"verdicts": [plain(one) for one in parts.advice.verdicts(now, recorder.hour)]}


def give_readings(parts: StationParts, arguments: ReadingsArguments) -> dict[str, Any]:
    """Return each sensor's newest reading of each quantity, before it becomes part of a minute.

    `value`, `age_s` and `doubt` are None if there is none yet; `down`: why the sensor gives none now (None: it does);
    `mm_per_tip`: for a rain gauge whose resolution is known.
    """
    now = parts.clock.now()
    found = []
    for sensor, quantity, reading, down in (one for bus in parts.buses for one in bus.newest()):
        if arguments.quantity not in (None, quantity) or arguments.sensor not in (None, sensor.name):
            continue
        known: dict[str, Any] = {"value": None, "age_s": None, "doubt": None}
        if reading is not None:
            age = round(max(0.0, now - reading.at), 3)
            known = {"value": reading.value, "age_s": age, "doubt": reading.doubt}
        tip = getattr(sensor.settings, "mm_per_tip", None)
        found.append({"sensor": sensor.name, "quantity": quantity, **known, "mm_per_tip": tip, "down": down})
    return plain({"readings": found})
