"""Growers' rules of a station: each rule's present verdict, reasons, inputs and source."""

from __future__ import annotations

from edge.language.texts import _
from edge.language.verdicts import verdict_words
from hub.growers import verdicts
from hub.web.arguments import OfStation
from hub.web.handlers import station as state_of
from hub.web.pages.station import of_station
from hub.web.table import PageAnswer, RequestContext


def show(context: RequestContext, arguments: OfStation) -> PageAnswer:
    """Return the verdict of each rule."""
    offset = state_of(context, arguments).utc_offset_s
    answers = [verdict_words(one) for one in verdicts(context.engine, arguments.station, context.now_us)]
    trouble = "" if answers else _("The station has not reported its position yet: nothing can be judged.")
    values = {"answers": answers, "trouble": trouble}
    return of_station(context, arguments.station, "growers.html", _("For growers"), values, offset)
