"""People who are notified: how each is reached, about which stations, when, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from drivers.reason import Reason
from edge.alerts.rules import within
from edge.config.base import NUMBER
from edge.delivery.message import Recipient
from edge.delivery.urgency import local
from edge.records.people import PERSON
from hub.alarms.alarm import Alarm
from hub.database.engine import Engine
from hub.sink import SinkError

PersonName = Annotated[str, Meta(pattern=rf"{PERSON}(?!\n)")]
ChannelName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$(?!\n)")]
Station = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$(?!\n)")]
HourMinute = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$(?!\n)")]
Phone = Annotated[str, Meta(pattern=rf"^({NUMBER})?$(?!\n)")]
MailAddress = Annotated[str, Meta(pattern=r"^([^@\s]{1,64}@[^@\s]{1,190})?$(?!\n)")]


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person on call, in the order of `place`.

    `channels`: names in the hub's file; `stations` None: all; `hours`: the hours of notification by the people's clock,
    None: always. Frost is notified at any hour. `duty`: growers are notified of the weather, the others of upkeep too.
    """

    name: PersonName
    place: Annotated[int, Meta(ge=1, le=1000)] = 1
    channels: Annotated[list[ChannelName], Meta(max_length=16)] = []
    phone: Phone = ""
    mail: MailAddress = ""
    stations: Annotated[list[Station], Meta(max_length=1000)] | None = None
    hours: tuple[HourMinute, HourMinute] | None = None
    language: Literal["zh", "en"] = "zh"
    duty: Literal["grower", "technician", "operator"] = "grower"

    @property
    def recipient(self) -> Recipient:
        """Return where messages go."""
        return Recipient(self.name, self.phone, self.mail)


class PersonError(SinkError):
    """Nobody has that name; `reason` says so."""


class People:
    """Stores people on call. `engine`: used from one thread. All methods raise SinkError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def listed(self) -> list[Contact]:
        """Return all, in their order."""
        found = self._engine.query("SELECT said FROM alarm_person ORDER BY place, name")
        return [msgspec.json.decode(said, type=Contact) for (said,) in found]

    def keep(self, person: Contact) -> None:
        """Store a person, replacing an earlier entry of that name."""
        body = msgspec.json.encode(person).decode()
        self._engine.query(
            "INSERT INTO alarm_person (name, place, said) VALUES (%s, %s, %s) "
            "ON CONFLICT (name) DO UPDATE SET place = excluded.place, said = excluded.said",
            (person.name, person.place, body),
        )

    def person(self, name: str) -> Contact:
        """Return one of them. Raise PersonError."""
        for person in self.listed():
            if person.name == name:
                return person
        raise PersonError(unknown(name))

    def remove(self, name: str) -> None:
        """Remove a person."""
        self._engine.query("DELETE FROM alarm_person WHERE name = %s", (name,))


def unknown(name: str) -> Reason:
    """Return the reason that nobody has this name."""
    return Reason("person_unknown", 'there is nobody named "{name}" here', name=name)


def night_of(now_us: int, offset_h: float) -> int:
    """Return the begin of the present or coming night: the noon before, microseconds UTC."""
    noon = local(now_us, offset_h) - timedelta(hours=12)
    since = timedelta(hours=noon.hour, minutes=noon.minute, seconds=noon.second, microseconds=noon.microsecond)
    return now_us - round(since.total_seconds() * 1e6)


def ready(people: Sequence[Contact], alarm: Alarm, now_us: int, offset_h: float) -> list[str]:
    """Return who may be notified of an alarm now, in order."""
    of_all = not alarm.station  # it is about the hub, or all stations
    theirs = [one for one in people if one.channels and (of_all or concerns(one, alarm.station))]
    if alarm.urgency == "frost":
        return [one.name for one in theirs]
    if alarm.urgency == "upkeep":
        theirs = [one for one in theirs if one.duty != "grower"] or theirs
    time = f"{local(now_us, offset_h):%H:%M}"
    return [one.name for one in theirs if within(one.hours, time, last_too=False)]


def concerns(person: Contact, station: str) -> bool:
    """Return whether a station ("": all of them) is one of a person's."""
    return person.stations is None or station in person.stations
