"""The completeness board: days by stations, with links to the causes. And the audit log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import msgspec

from edge.config.forward import Forward
from edge.language import destinations
from edge.language.texts import _
from edge.page.days import local_day
from edge.page.station_view import BoxLine
from edge.records.answers import Completeness, StationState
from edge.records.asked import us
from edge.records.record import LAST_UTC
from hub.database.accounts import PAGE
from hub.forward.state import states_of
from hub.web.arguments import Before
from hub.web.handlers import all_days, caller
from hub.web.pages.stations import offset_of
from hub.web.pages.words import action_word
from hub.web.table import PageAnswer, RequestContext

DAYS = 7


class BoardPage(msgspec.Struct, frozen=True):
    """The last day shown; default: today."""

    to: date | None = None


class Cell(NamedTuple):
    """One day of a station: minutes without a record, doubtful ones, and the text shown.

    `state`: "before" (its first minute), "whole", "doubtful" (or with overlapping or only undated minutes), "holes",
    "none".
    """

    lacking: int
    doubtful: int
    state: str
    text: str


def show(forwards: Sequence[Forward]) -> Callable[[RequestContext, BoardPage], PageAnswer]:
    """Return the handler of the board; `forwards`: the other platforms of the hub's file."""

    def handler(context: RequestContext, arguments: BoardPage) -> PageAnswer:
        return board(context, arguments, forwards)

    return handler


def board(context: RequestContext, arguments: BoardPage, forwards: Sequence[Forward]) -> PageAnswer:
    """Return the board."""
    states = context.queries.stations(context.now_us)
    offset = offset_of(states)
    today = (datetime.fromtimestamp(context.now_us / 1e6, UTC) + timedelta(seconds=offset)).date()
    last = min(max(arguments.to or today, date(1970, 1, 31)), today)
    days = [last - timedelta(days=ago) for ago in range(DAYS)]  # the newest first: a phone shows it without scrolling
    began = {state.station: first_day(context, state) for state in states}
    found = {
        (one.station, one.day): cell(one, one.day >= began[one.station])
        for one in all_days(context, states, days[-1], last)
    }
    rows = [(state.station, [(day, found[state.station, day]) for day in days]) for state in states]
    values = {
        "title": _("Completeness"),
        "days": days,
        "rows": rows,
        "clocks": len({state.utc_offset_s for state in states}) > 1,
        "passed_on": passed_on(context, forwards, offset),
        "earlier": days[-1] - timedelta(days=1),
        "later": None if last >= today else last + timedelta(days=DAYS),
    }
    return PageAnswer("board.html", values, offset)


def first_day(context: RequestContext, state: StationState) -> date:
    """Return the day of a station's first minute; the last of all days where there is none."""
    first = context.queries.first_minute(state.station)
    return date.max if first is None else local_day(first, state.utc_offset_s)


def passed_on(context: RequestContext, forwards: Sequence[Forward], offset_s: int) -> list[BoxLine]:
    """Return the states of the other platforms whose stations the caller may all see."""
    seen = [one for one in forwards if caller(context).covers(one.stations or None)]
    return [
        BoxLine(
            destinations.line(state, state.why, offset_s / 3600),
            destinations.is_late(state.waiting, state.proven, context.now_us),
        )
        for state in states_of(context.engine, seen)
    ]


def cell(found: Completeness, began: bool) -> Cell:
    """Return a day as shown on the board; `began`: the station's first minute is not later."""
    if found.undated and not found.received:
        return Cell(0, 0, "doubtful", _("{n} min undated").format(n=found.undated))
    if not began:
        return Cell(0, 0, "before", "–")
    lacking = sum(round((gap.end_us - gap.start_us) / 6e7) for gap in found.gaps)
    doubtful = found.received - found.good
    if not found.received:
        return Cell(lacking, doubtful, "none", _("nothing"))
    if lacking:
        return Cell(lacking, doubtful, "holes", _("{n} min without data").format(n=lacking))
    if found.over:
        return Cell(0, doubtful, "doubtful", _("{n} min overlap others").format(n=found.over))
    if doubtful:
        return Cell(0, doubtful, "doubtful", _("{n} min doubtful").format(n=doubtful))
    return Cell(0, 0, "whole", _("whole"))


def audit(context: RequestContext, arguments: Before) -> PageAnswer:
    """Return the audit log, the newest first."""
    lines = context.accounts.audit(us(arguments.before) if arguments.before else LAST_UTC)
    older = lines[-1].time_us if len(lines) == PAGE else None
    values = {
        "title": _("Who did what"),
        "lines": lines,
        "action": action_word,
        "older": None if older is None else older / 1e6,
    }
    return PageAnswer("audit.html", values, offset_of(context.queries.stations(context.now_us)))
