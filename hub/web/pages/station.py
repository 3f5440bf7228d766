"""The pages of one station: its present state, its pictures, events, and days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import msgspec

from edge.language import texts
from edge.language.texts import _
from edge.page.days import day_us, days_around, local_day
from edge.page.happenings import Happening, happening
from edge.page.station_view import PICTURE, Beside, BoxLine, Photo, PictureNow, doubt_words, station_view
from edge.records.answers import Event, ExplainedDay, Picture
from edge.records.asked import DAY_US, Page
from edge.wire.contract import CameraName, StationId
from hub.causes import cause, doubt, overlapping, reason_of, undated
from hub.completeness import IN_TRANSIT_US
from hub.database.cameras import USUAL_MB, CameraNow
from hub.doubts import explained
from hub.rights import Right
from hub.web.arguments import OfStation
from hub.web.handlers import caller
from hub.web.handlers import station as state_of
from hub.web.pages.alerts import open_lines
from hub.web.pages.stations import nothing_word
from hub.web.pages.wall import derived_of
from hub.web.pages.words import kind_word
from hub.web.table import PageAnswer, RequestContext

EVENTS_US = 30 * DAY_US
SEEN_AT_ONCE = 60  # gaps of a day shown unfolded: a day with a loose plug may have 720


class DayOf(msgspec.Struct, frozen=True):
    """One day of a station."""

    station: StationId
    day: date


class CameraOf(msgspec.Struct, frozen=True):
    """One camera of a station, and a day; default: that of its newest picture."""

    station: StationId
    camera: CameraName
    day: date | None = None


class EventsPage(msgspec.Struct, frozen=True):
    """A page of a station's events."""

    station: StationId
    page: Page | None = None


def show(context: RequestContext, arguments: OfStation) -> PageAnswer:
    """Return the station as it is now."""
    state, now = state_of(context, arguments), context.queries.now(arguments.station)
    curves = context.queries.curves(arguments.station, context.now_us - DAY_US, context.now_us)
    cameras = context.queries.cameras(arguments.station, context.now_us)
    beside = Beside(
        alerts=open_lines(context, arguments.station),
        photo=photo(arguments.station, cameras),
        asking=asking(context, arguments.station, cameras),
        box=box(context, arguments.station),
        nothing=nothing_word(context, arguments.station) if now.end_us is None else "",
    )
    seen = station_view(now, context.now_us, state.utc_offset_s, curves, derived_of(now), beside)
    values = {"seen": seen, "curves_url": f"/stations/{arguments.station}/curves", "station": arguments.station}
    return of_station(context, arguments.station, "station.html", arguments.station, values, state.utc_offset_s)


def of_station(
    context: RequestContext, station: str, template: str, title: str, values: Mapping[str, object], offset_s: int
) -> PageAnswer:
    """Return a page of one station, with links to its other pages."""
    base = f"/stations/{station}"
    ways = [
        *((base, _("Now")), (f"{base}/curves", _("Curves")), (f"{base}/events", _("Events"))),
        *((f"{base}/growers", _("Growers")), (f"{base}/sheet", _("Sheet"))),
    ]
    if caller(context).may(Right.COMMAND, station):
        ways.append((f"{base}/commands", _("Control")))
    return PageAnswer(template, {"title": title, "ways": ways, "station_name": station, **values}, offset_s)


def photo(station: str, cameras: list[CameraNow]) -> Photo | None:
    """Return a station's newest picture with a stored part."""
    here = [one for one in cameras if one.here and one.time_us is not None]
    if not here:
        return None
    newest = max(here, key=lambda one: one.time_us or 0)
    small = f"{PICTURE}/{newest.sha256}/thumbnail"
    link = f"/stations/{station}/pictures/{newest.camera}"
    return Photo(small, small, link, newest.time_us, newest.camera, *doubt_words(newest.quality, newest.reasons))


def asking(context: RequestContext, station: str, cameras: list[CameraNow]) -> PictureNow | None:
    """Return the link for requesting a picture, and the first camera's cost; None where the caller may not."""
    if not cameras or not caller(context).may(Right.COMMAND, station):
        return None
    return PictureNow(f"/stations/{station}/commands#take", cameras[0].megabytes or USUAL_MB)


def box(context: RequestContext, station: str) -> list[BoxLine]:
    """Return the hub's line about the station's records."""
    kept, lacking = context.queries.records(station)
    if not lacking:
        return [BoxLine(_("all known records received ({n})").format(n=kept))]
    return [
        BoxLine(texts.ngettext("{n} record not received", "{n} records not received", lacking).format(n=lacking), True)
    ]


def pictures(context: RequestContext, arguments: CameraOf) -> PageAnswer:
    """Return a camera's pictures of a day."""
    offset = state_of(context, OfStation(arguments.station)).utc_offset_s
    today = local_day(context.now_us, offset)
    days = days_around(arguments.day or newest_day(context, arguments, offset) or today, today)
    begin = day_us(days.chosen, offset)
    found = context.queries.all_pictures(arguments.station, begin, begin + DAY_US, arguments.camera)
    photos = [photo_of(one) for one in reversed(found) if one.thumbnail or one.file]
    values = {"camera": arguments.camera, "photos": photos, "trouble": "", **days._asdict()}
    return of_station(context, arguments.station, "pictures.html", arguments.camera, values, offset)


def newest_day(context: RequestContext, arguments: CameraOf, offset_s: int) -> date | None:
    """Return the day of a camera's newest picture of the last week; None where it has sent none."""
    cameras = {one.camera: one.time_us for one in context.queries.cameras(arguments.station, context.now_us)}
    newest = cameras.get(arguments.camera)
    return None if newest is None else local_day(newest, offset_s)


def photo_of(picture: Picture) -> Photo:
    """Return a picture as shown: its tile, its thumbnail, and its largest stored part."""
    address = f"{PICTURE}/{picture.sha256}"
    shown = f"{address}/thumbnail" if picture.thumbnail else address
    note = "" if picture.file else _("thumbnail only")
    if picture.removed:
        note = _("thumbnail only: the full photo was deleted to make room")
    full = address if picture.file else shown
    doubt = doubt_words(picture.quality, picture.reasons)
    return Photo(f"{address}/tile", shown, full, picture.time_us, picture.camera, *doubt, note)


def events(context: RequestContext, arguments: EventsPage) -> PageAnswer:
    """Return the events of the last 30 days that have a sentence, the newest first."""
    offset = state_of(context, OfStation(arguments.station)).utc_offset_s
    kinds = ("start", "setup", "loss", "health", "alert", "stage")
    found = context.queries.events(
        arguments.station, context.now_us - EVENTS_US, context.now_us + 1, kinds, arguments.page
    )
    lines = [one for one in map(line, found.events) if one.text]  # hourly health and setups have none
    values = {"happenings": lines, "next": found.next, "trouble": ""}
    return of_station(context, arguments.station, "events.html", _("Events"), values, offset)


def line(event: Event) -> Happening:
    """Return an event as shown to people; an unknown one by its kind and reasons."""
    body = event.body if isinstance(event.body, dict) else {}
    known = happening(event)
    reasons = [reason_of(body[key]) for key in ("reason", "text", "cause", "message") if body.get(key)]
    name, text = (known.name, known.text) if known else (kind_word(event.kind), _(", ").join(filter(None, reasons)))
    if event.start_us is None:
        return Happening(event.arrived_us, name, text, arrived=True)
    return Happening(event.start_us, name, text)


def day(context: RequestContext, arguments: DayOf) -> PageAnswer:
    """Return the completeness of a day, with the causes of its gaps and doubts."""
    offset = state_of(context, OfStation(arguments.station)).utc_offset_s
    today = local_day(context.now_us, offset)
    until = context.now_us - IN_TRANSIT_US
    (asked,) = context.queries.completeness(arguments.station, arguments.day, arguments.day, until)
    found = explained(context.engine, asked)
    listed = causes(found)
    values = {
        "found": found,
        "causes": listed[:SEEN_AT_ONCE],
        "more": listed[SEEN_AT_ONCE:],
        "notes": [told(count) for count, told in ((found.undated, undated), (found.over, overlapping)) if count],
        "before": before(arguments.day),
        "after": arguments.day + timedelta(days=1) if arguments.day < today else None,
        "is_to_come": arguments.day > today,
    }
    return of_station(context, arguments.station, "day.html", str(arguments.day), values, offset)


def before(day: date) -> date:
    """Return the day before."""
    return day - timedelta(days=1) if day > date.min else day


def causes(found: ExplainedDay) -> list[tuple[int, int, int, str]]:
    """Return begin, end, minutes, and cause in words of each gap and doubt, by time."""
    holes = (
        (
            *(gap.start_us, gap.end_us, round((gap.end_us - gap.start_us) / 6e7)),
            cause(gap.cause, gap.records, gap.why, gap.undated),
        )
        for gap in found.gaps
    )
    return sorted([*holes, *((one.start_us, one.end_us, one.minutes, doubt(one)) for one in found.doubts)])
