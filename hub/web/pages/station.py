"""One station on the hub: as its own page shows it, its curves, its pictures, what happened, each of its days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from edge.language import texts
from edge.language.texts import _
from edge.page.happenings import happening
from edge.page.station_view import Beside, BoxLine, Photo, station_view
from edge.page.view import rank
from edge.records.answers import Completeness, Event, Picture
from edge.records.asked import Channel, Page
from edge.wire.contract import CameraName, StationId
from hub.causes import cause, reason_of
from hub.rights import Right
from hub.web.arguments import OfStation
from hub.web.handlers import caller
from hub.web.handlers import station as state_of
from hub.web.pages.alerts import open_lines
from hub.web.pages.wall import derived_of
from hub.web.pages.words import kind_word
from hub.web.table import Asked, PageAnswer

DAY_US = 86_400_000_000
SPANS = {"day": 1, "week": 7, "season": 120}  # days


class CurveOf(msgspec.Struct, frozen=True):
    """A channel (none: the first), and how much of it."""

    station: StationId
    channel: Channel | None = None
    span: Annotated[str, Meta(max_length=10)] = "day"


class DayOf(msgspec.Struct, frozen=True):
    """One day of a station."""

    station: StationId
    day: date


class CameraOf(msgspec.Struct, frozen=True):
    """One camera of a station."""

    station: StationId
    camera: CameraName
    page: Page | None = None


class EventsPage(msgspec.Struct, frozen=True):
    """A page of what happened."""

    station: StationId
    page: Page | None = None


class EventLine(NamedTuple):
    """One event: when it was (or arrived: `dated` false), its kind, and what it says."""

    time_us: int
    dated: bool
    kind: str
    text: str


def show(asked: Asked, said: OfStation) -> PageAnswer:
    """Return the station as it is now."""
    state, now = state_of(asked, said), asked.queries.now(said.station)
    curves = asked.queries.curves(said.station, asked.now_us - DAY_US, asked.now_us)
    beside = Beside(
        alerts=open_lines(asked, said.station), photo=photo(asked, said.station), box=box(asked, said.station)
    )
    seen = station_view(now, asked.now_us, state.utc_offset_s, curves, derived_of(now), beside)
    values = {"seen": seen, "curves_url": f"/stations/{said.station}/curves", "station": said.station}
    return of_station(asked, said.station, "station_here.html", said.station, values, state.utc_offset_s)


def of_station(
    asked: Asked, station: str, template: str, title: str, values: Mapping[str, object], offset_s: int
) -> PageAnswer:
    """Return a page of one station, with the ways to its others."""
    base = f"/stations/{station}"
    ways = [
        *((base, _("Now")), (f"{base}/curves", _("Curves")), (f"{base}/events", _("Events"))),
        *((f"{base}/growers", _("For growers")), (f"{base}/sheet", _("Monthly sheet"))),
    ]
    if caller(asked).may(Right.COMMAND, station):
        ways.append((f"{base}/commands", _("Commands")))
    return PageAnswer(template, {"title": title, "ways": ways, "station_name": station, **values}, offset_s)


def photo(asked: Asked, station: str) -> Photo | None:
    """Return the newest picture of a station of which something is here."""
    here = [one for one in asked.queries.cameras(station, asked.now_us) if one.here and one.time_us is not None]
    if not here:
        return None
    newest = max(here, key=lambda one: one.time_us or 0)
    address = f"/api/v1/pictures/{newest.sha256}"
    word = "" if newest.quality == 1 else texts.flag_word(newest.quality)
    why = _(", ").join(filter(None, map(reason_of, newest.reasons)))
    link = f"/stations/{station}/pictures/{newest.camera}"
    return Photo(f"{address}/thumbnail", link, newest.time_us, newest.camera, word, why)


def box(asked: Asked, station: str) -> list[BoxLine]:
    """Return what the hub knows of the box itself."""
    kept, lacking = asked.queries.records(station)
    if not lacking:
        return [BoxLine(_("all records received that are known of ({n})").format(n=kept))]
    return [
        BoxLine(texts.ngettext("{n} record not received", "{n} records not received", lacking).format(n=lacking), True)
    ]


def curves(asked: Asked, said: CurveOf) -> PageAnswer:
    """Return a channel's curve, which a script draws, and its figures by day for who has none."""
    offset = state_of(asked, OfStation(said.station)).utc_offset_s
    span = said.span if said.span in SPANS else "day"
    first = asked.now_us - SPANS[span] * DAY_US
    names = sorted(asked.queries.channels(said.station, first, asked.now_us), key=rank)
    channel = said.channel or next(iter(names), "air_temperature")
    days = asked.queries.series(said.station, channel, first, asked.now_us, "day")
    values = {"channel": channel, "names": names, "span": span, "spans": list(SPANS), "first_us": first, "days": days}
    return of_station(asked, said.station, "curves.html", texts.label(channel), values, offset)


def pictures(asked: Asked, said: CameraOf) -> PageAnswer:
    """Return a camera's pictures of the last month, the newest large."""
    offset = state_of(asked, OfStation(said.station)).utc_offset_s
    first = asked.now_us - 31 * DAY_US
    found = asked.queries.pictures(said.station, first, asked.now_us + 1, said.camera, said.page)
    here: list[Picture] = [one for one in found.pictures if one.thumbnail or one.file]
    values = {"camera": said.camera, "pictures": here, "next": found.next}
    return of_station(asked, said.station, "pictures.html", said.camera, values, offset)


def events(asked: Asked, said: EventsPage) -> PageAnswer:
    """Return what happened in the last 31 days, the newest first, but for hours and pictures."""
    offset = state_of(asked, OfStation(said.station)).utc_offset_s
    kinds = ("start", "setup", "loss", "health", "alert", "stage")
    found = asked.queries.events(said.station, asked.now_us - 31 * DAY_US, asked.now_us + 1, kinds, said.page)
    values = {"events": [line(one) for one in found.events], "next": found.next}
    return of_station(asked, said.station, "events.html", _("Events"), values, offset)


def line(event: Event) -> EventLine:
    """Return an event as people read it."""
    body = event.body if isinstance(event.body, dict) else {}
    known = happening(event)
    told = [reason_of(body[key]) for key in ("reason", "text", "cause", "message") if body.get(key)]
    name, text = (known.name, known.text) if known else (kind_word(event.kind), _(", ").join(filter(None, told)))
    time = (event.arrived_us or 0) if event.start_us is None else event.start_us
    return EventLine(time, event.start_us is not None, name, text)


def day(asked: Asked, said: DayOf) -> PageAnswer:
    """Return what is whole of a day, and why the rest is not."""
    offset = state_of(asked, OfStation(said.station)).utc_offset_s
    (found,) = asked.queries.completeness(said.station, said.day, said.day, asked.now_us)
    values = {
        "found": found,
        "causes": causes(found),
        "before": before(said.day),
        "after": said.day + timedelta(days=1),
    }
    return of_station(asked, said.station, "day.html", str(said.day), values, offset)


def before(day: date) -> date:
    """Return the day before."""
    return day - timedelta(days=1) if day > date.min else day


def causes(found: Completeness) -> list[tuple[int, int, int, str]]:
    """Return of each hole its begin, end, minutes, and cause in words."""
    return [
        (gap.start_us, gap.end_us, round((gap.end_us - gap.start_us) / 6e7), cause(gap.cause, gap.records, gap.why))
        for gap in found.gaps
    ]
