"""A station's curves, as its own page shows them, and a channel's figures by day."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.language.texts import _
from edge.page import view
from edge.page.curve_pages import SPANS, CurvePages
from edge.page.markup import decimals
from edge.records.answers import Point, Series
from edge.records.asked import DAY_US, AskedStep, chosen, unit_of, us
from edge.wire.contract import StationId
from hub.database.queries import Queries
from hub.web.arguments import OfStation
from hub.web.handlers import station as state_of
from hub.web.pages.station import of_station
from hub.web.pages.stations import nothing_word
from hub.web.table import PageAnswer, RequestContext


class CurveOf(msgspec.Struct, frozen=True):
    """A channel (none: the most important ones) and a span."""

    station: StationId
    channel: Annotated[str, Meta(max_length=130)] = ""
    span: Annotated[str, Meta(max_length=10)] = "day"


class StationCurves:
    """The curves of one station. A span in minutes is read once for all channels."""

    def __init__(self, queries: Queries, station: str) -> None:
        self._queries, self._station = queries, station
        self._minutes: dict[tuple[int, int], dict[str, list[Point]]] = {}

    def series(self, channel: str, first: float, last: float, step: AskedStep = "auto") -> Series:
        """Return a channel's curve; instants in s since 1970. Raise SinkError."""
        span = us(first), us(last)
        if chosen(step, *span) != "minute":
            return self._queries.series(self._station, channel, *span, step)
        if span not in self._minutes:
            self._minutes[span] = self._queries.curves(self._station, *span)
        points = self._minutes[span].get(channel, [])
        return Series(self._station, channel, unit_of(channel), "minute", points)


def show(context: RequestContext, arguments: CurveOf) -> PageAnswer:
    """Return a channel's curve with its figures by day, or the most important curves."""
    state = state_of(context, OfStation(arguments.station))
    offset = state.utc_offset_s
    span = arguments.span if arguments.span in SPANS else "day"
    first = context.now_us - SPANS[span] * DAY_US
    names = context.queries.channels(arguments.station, first, context.now_us)
    pages = CurvePages(StationCurves(context.queries, arguments.station))
    shown = pages.values(arguments.channel, span, arguments.station, names, context.now_us, offset)
    days = None
    if shown["channel"]:
        days = context.queries.series(arguments.station, arguments.channel, first, context.now_us, "day")
    if not state.newest_us:  # minutes of unknown time may have arrived
        shown["undated"] = nothing_word(context, arguments.station)
    values = {**shown, "first_us": first, "days": days, "figures": figures(arguments.channel)}
    values["digits"] = 1 if view.is_amount(arguments.channel) else decimals(arguments.channel)
    return of_station(context, arguments.station, "curves_here.html", _("Curves"), values, offset)


def figures(channel: str) -> list[str]:
    """Return the meaningful figures of a day: an amount's sum, a direction's mean, else mean and extremes."""
    if view.is_amount(channel):
        return [_("Sum")]
    return [_("Mean")] if view.is_direction(channel) else [_("Mean"), _("Lowest"), _("Highest")]
