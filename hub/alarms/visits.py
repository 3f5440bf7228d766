"""What a technician has to do, station by station, in one list per trip: causes merged, and what to take along."""

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

LOOKED_AT = 60  # newest minutes of a station
WEEK_US = 7 * DAY_US  # in which a camera has taken pictures, where it takes any; beyond it none is looked for
ENOUGH = 3  # newest pictures of a camera
OFTEN = 0.5  # of them in which a channel is not good, from which on somebody is to look at it
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
SHARED = ("port", "bus", "chip", "i2c_bus")  # settings by which sensors stand on one bus


class Visit(msgspec.Struct, frozen=True):
    """One thing to see to at a station. `cause`: one of ORDER; `what`: sensors or cameras; `take`: what to bring.

    `since_us`: since when, microseconds UTC, None where that is not known; `why`: the station's own reasons.
    """

    station: str
    cause: str
    what: list[str]
    take: list[str]
    since_us: int | None = None
    why: list[object] = []


class SetupSensor(msgspec.Struct, frozen=True):
    """What is looked at of a sensor of a station's setup."""

    name: str
    channels: list[str]
    settings: dict[str, Any] | None = None


class MinuteRecord(msgspec.Struct, frozen=True):
    """A record of a minute."""

    body: Minute


MINUTE = msgspec.json.Decoder(MinuteRecord, dec_hook=restore)


def visits(engine: Engine, mine: frozenset[str] | None, now: int) -> list[Visit]:
    """Return what is to be seen to, of these stations alone (None: of all). Raise SinkError."""
    found: list[Visit] = []
    open_ = [one for one in AlarmBook(engine).since(now, mine) if one.open]
    cards = card_troubles(engine, now)
    for station in names(engine):
        if mine is not None and station not in mine:
            continue
        since = {one.what: one.raised_us for one in open_ if one.station == station}
        if "silent" in since:
            found.append(_visit(station, "silent", [], since["silent"]))
            continue  # what it said before says nothing about now
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
    """Return which sensors are silent or doubtful most of the time; a whole bus that is silent is one cause."""
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
    """Return which sensors say nothing, and which say doubtful things, in most of these minutes, and why the last time.

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
    """Return what a minute's record says; None where it says it in a way that is not known here."""
    try:
        return MINUTE.decode(raw).body
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _sensors(setup: dict[str, Any]) -> tuple[dict[str, str], dict[str, frozenset[str]]]:
    """Return whose each channel is, and which sensors stand on each bus, by a setup."""
    owners: dict[str, str] = {}
    buses: dict[str, set[str]] = {}
    listed = setup.get("sensors")
    for sensor in filter(None, map(_understood, listed)) if isinstance(listed, list) else ():
        owners |= dict.fromkeys(sensor.channels, sensor.name)
        settings = sensor.settings or {}
        bus = next((f"{key} {settings[key]}" for key in SHARED if settings.get(key) is not None), None)
        if bus is not None:
            buses.setdefault(bus, set()).add(sensor.name)
    return owners, {bus: frozenset(names) for bus, names in buses.items()}


def _understood(sensor: object) -> SetupSensor | None:
    """Return a sensor of a setup; None where a newer station says something else there."""
    try:
        return msgspec.convert(sensor, SetupSensor)
    except msgspec.ValidationError:
        return None


def _of_cameras(engine: Engine, station: str, now: int) -> list[Visit]:
    """Return the cameras whose newest pictures all have a fault."""
    pictures = _pictures(engine, station, now)
    bad = {camera: said for camera, said in pictures.items() if len(said) >= ENOUGH and all(said)}
    return [_visit(station, "camera", bad, None, [reasons[0] for reasons in bad.values()])] if bad else []


def _pictures(engine: Engine, station: str, now: int) -> dict[str, list[Any]]:
    """Return of each camera the reasons of its newest pictures, of the last week.

    One that takes a picture a day stands beside one that takes many: so many of each are looked at.
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
