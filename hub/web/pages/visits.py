"""The page of visits: what needs attention at which station, and what to take along."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import NamedTuple

from edge.language.texts import _
from hub.alarms.visits import Visit
from hub.alarms.words import cause_words
from hub.causes import reason_of
from hub.web import alerts
from hub.web.arguments import Nothing
from hub.web.pages.stations import offset_of
from hub.web.table import PageAnswer, RequestContext


class VisitCause(NamedTuple):
    """One reason for a visit: what it is, since when (None: not known), and the station's own reasons."""

    text: str
    since_us: int | None
    why: str


class Stop(NamedTuple):
    """One station of the trip: its causes, and what to take there."""

    station: str
    causes: list[VisitCause]
    take: str


def show(context: RequestContext, _said: Nothing) -> PageAnswer:
    """Return the list."""
    found = alerts.to_visit(context, Nothing())
    trip = Counter(thing for _station, mine in by_station(found) for thing in things(mine))
    values = {
        "title": _("Visits"),
        "stops": [stop(station, mine) for station, mine in by_station(found)],
        "take": _(", ").join(f"{_(thing)} × {count}" for thing, count in trip.items()),
    }
    return PageAnswer("visits.html", values, offset_of(context.queries.stations(context.now_us)))


def by_station(found: list[Visit]) -> list[tuple[str, list[Visit]]]:
    """Return the visits of each station."""
    return [(station, list(mine)) for station, mine in groupby(found, key=lambda one: one.station)]


def stop(station: str, mine: list[Visit]) -> Stop:
    """Return a station as shown in the list."""
    causes = [VisitCause(cause_words(one), one.since_us, reasons(one)) for one in mine]
    return Stop(station, causes, _(", ").join(map(_, things(mine))))


def things(mine: list[Visit]) -> list[str]:
    """Return what to take to one station, each thing once."""
    return list(dict.fromkeys(thing for one in mine for thing in one.take))


def reasons(visit: Visit) -> str:
    """Return the station's own reasons, each once."""
    each = (why[0] if isinstance(why, list) and why else why for why in visit.why)
    return _(", ").join(dict.fromkeys(filter(None, map(reason_of, each))))
