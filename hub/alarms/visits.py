"""The visits due: what needs attention at which station, with causes merged, and what to take along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import msgspec

from edge.language.words import N_
from edge.measure.quality import Flag
from edge.records.asked import DAY_US
from edge.records.bodies import Minute, restore
from hub.alarms.book import AlarmBook
from hub.alarms.cards import card_troubles
from hub.database.engine import Engine
from hub.database.rows import json_object
from hub.stations import names, setup_of

LOOKED_AT = 60  # newest minutes of a station that are read
WEEK_US = 7 * DAY_US  # maximum age of pictures that are read
ENOUGH = 3  # newest pictures of a camera that must all have a fault
OFTEN = 0.5  # share of those minutes with a fault from which on a sensor needs a visit
Cause = Literal["silent", "battery", "bus", "sensor_silent", "sensor_doubtful", "camera", "card", "two_boxes"]
ORDER: tuple[str, ...] = get_args(Cause)
TAKE: Mapping[Cause, tuple[str, ...]] = {
    "silent": (N_("spare SIM"), N_("spare battery"), N_("spare box")),
    "battery": (N_("spare battery"), N_("cloth for the panel")),
    "bus": (N_("surge protector"), N_("fuse"), N_("terminals")),
    "sensor_silent": (N_("spare sensor"), N_("terminals")),
    "sensor_doubtful": (N_("cleaning things"), N_("reference instrument")),
    "camera": (N_("lens cloth"),),
    "card": (N_("spare SD card"),),
    "two_boxes": (N_("laptop"),),  # to give one of them another id
}
SHARED = ("port", "bus", "chip", "i2c_bus")  # settings that identify the bus of a sensor


class Visit(msgspec.Struct, frozen=True):
    """One reason for a visit. `cause`: one of ORDER; `what`: sensors or cameras; `take`: what to bring.

    `since_us`: since when, microseconds UTC, None where it is not known; `why`: the station's own reasons.
    """

    station: str
    cause: str
    what: list[str]
    take: list[str]
    since_us: int | None = None
    why: list[object] = []


class SetupSensor(msgspec.Struct, frozen=True):
    """The used part of a sensor in a station's setup."""

    name: str
    channels: list[str]
    settings: dict[str, Any] | None = None


class MinuteRecord(msgspec.Struct, frozen=True):
    """A record of a minute."""

    body: Minute


MINUTE = msgspec.json.Decoder(MinuteRecord, dec_hook=restore)


def visits(engine: Engine, mine: frozenset[str] | None, now: int) -> list[Visit]:
    """Return the visits due, of these stations only (None: all). Raise SinkError."""
    found: list[Visit] = []
    open_ = [one for one in AlarmBook(engine).since(now, mine) if one.open]
    cards = card_troubles(engine, now)
    for station in names(engine):
        if mine is not None and station not in mine:
            continue
        since = {one.what: one.raised_us for one in open_ if one.station == station}
        if "silent" in since:
            found.append(_visit(station, "silent", [], since["silent"]))
            continue  # its last data says nothing about its present state
        if "battery" in since:
            found.append(_visit(station, "battery", [], since["battery"]))
        found += _of_sensors(engine, station, since.get("sensor"))
        found += _of_cameras(engine, station, now)
        if "two_boxes" in since:
            found.append(_visit(station, "two_boxes", [], since["two_boxes"]))
        if (why := cards.get(station)) is not None:
            found.append(_visit(station, "card", [], since.get("card"), [why.builtins()]))
    return sorted(found, key=lambda visit: (visit.station, ORDER.index(visit.cause)))


def _visit(
    station: str, cause: Cause, what: Iterable[str], since: int | None = None, why: list[Any] | None = None
) -> Visit:
    return Visit(station, cause, sorted(what), list(TAKE[cause]), since, why or [])


def _of_sensors(engine: Engine, station: str, since: int | None) -> list[Visit]:
    """Return visits for sensors that are silent or doubtful most of the time; a whole silent bus is one cause."""
    owners, buses = _sensors(setup_of(engine, station))
    silent, doubtful, why = _counted(_minutes(engine, station), owners)
    found: list[Visit] = []
    for sensors in buses.values():
        if len(sensors) > 1 and sensors <= silent:
            found.append(_visit(station, "bus", sensors, since))
            silent = silent - sensors
    if silent:
        found.append(_visit(station, "sensor_silent", silent, since))
    if doubtful:
        found.append(_visit(station, "sensor_doubtful", doubtful, None, [why.get(name) for name in sorted(doubtful)]))
    return found


def _counted(
    minutes: list[Minute], owners: Mapping[str, str]
) -> tuple[frozenset[str], frozenset[str], dict[str, object]]:
    """Return the sensors that are silent, those that are doubtful, in most of these minutes, and the latest reasons.

    `minutes`: the newest first.
    """
    silent: dict[str, int] = {}
    doubtful: dict[str, int] = {}
    why: dict[str, object] = {}
    for minute in minutes:
        flags: dict[str, list[int]] = {}
        for channel, flag in minute.quality.items():
            name = owners.get(channel, channel)
            flags.setdefault(name, []).append(flag)
            if flag in (Flag.SUSPECT, Flag.FAIL) and channel in minute.reasons:
                why.setdefault(name, minute.reasons[channel].builtins())
        for name, some in flags.items():
            silent[name] = silent.get(name, 0) + all(flag == Flag.MISSING for flag in some)
            doubtful[name] = doubtful.get(name, 0) + any(flag in (Flag.SUSPECT, Flag.FAIL) for flag in some)
    least = max(1, OFTEN * len(minutes))
    quiet = frozenset(name for name, count in silent.items() if count >= least)
    return quiet, frozenset(name for name, count in doubtful.items() if count >= least) - quiet, why


def _minutes(engine: Engine, station: str) -> list[Minute]:
    found = engine.query(
        "SELECT raw FROM record WHERE station = %s AND kind = 'minute' AND wrong IS NULL AND start IS NOT NULL "
        "ORDER BY start DESC LIMIT %s",
        (station, LOOKED_AT),
    )
    return [minute for (raw,) in found if (minute := _minute(raw)) is not None]


def _minute(raw: bytes) -> Minute | None:
    """Return a minute's decoded body; None where it cannot be decoded."""
    try:
        return MINUTE.decode(raw).body
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _sensors(setup: dict[str, Any]) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """Return the sensor of each channel, and the sensors on each bus, from a setup."""
    owners: dict[str, str] = {}
    buses: dict[str, set[str]] = {}
    listed = setup.get("sensors")
    for sensor in filter(None, map(_sensor, listed)) if isinstance(listed, list) else ():
        owners |= dict.fromkeys(sensor.channels, sensor.name)
        settings = sensor.settings or {}
        bus = next((f"{key} {settings[key]}" for key in SHARED if settings.get(key) is not None), None)
        if bus is not None:
            buses.setdefault(bus, set()).add(sensor.name)
    return owners, {bus: frozenset(names) for bus, names in buses.items()}


def _sensor(sensor: object) -> SetupSensor | None:
    """Return a sensor of a setup; None where it cannot be decoded, as a newer station's."""
    try:
        return msgspec.convert(sensor, SetupSensor)
    except msgspec.ValidationError:
        return None


def _of_cameras(engine: Engine, station: str, now: int) -> list[Visit]:
    """Return a visit for the cameras whose newest pictures all have a fault."""
    pictures = _pictures(engine, station, now)
    bad = {camera: said for camera, said in pictures.items() if len(said) >= ENOUGH and all(said)}
    return [_visit(station, "camera", bad, None, [reasons[0] for reasons in bad.values()])] if bad else []


def _pictures(engine: Engine, station: str, now: int) -> dict[str, list[Any]]:
    """Return the reasons of the newest pictures of each camera, of the last week.

    The limit is per camera, as cameras may take pictures at very different rates.
    """
    found = engine.query(
        "SELECT body FROM (SELECT body, row_number() OVER (PARTITION BY body ->> 'camera' "
        "ORDER BY coalesce(start, arrived) DESC, epoch, seq) AS place FROM record WHERE station = %s "
        "AND kind = 'picture' AND kind <> 'minute' AND start IS NOT NULL AND coalesce(start, arrived) >= %s) AS newest "
        "WHERE place <= %s ORDER BY place",
        (station, now - WEEK_US, ENOUGH),
    )
    pictures: dict[str, list[Any]] = {}
    for (body,) in found:
        said = json_object(body)
        reasons = said.get("reasons")
        pictures.setdefault(str(said.get("camera")), []).append(reasons if isinstance(reasons, list) else [])
    return pictures
