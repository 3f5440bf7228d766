"""The turns of alerts that stations have told of: raised, worse, cleared, and blind where nothing is known."""

from __future__ import annotations

from typing import Any, NamedTuple

from edge.language import texts
from edge.language.texts import _
from edge.page.markup import quantity_value
from edge.page.station_view import AlertLine
from hub.database.turns import Turn, open_ones
from hub.web.arguments import Nothing
from hub.web.pages.stations import offset_of
from hub.web.table import Asked, PageAnswer

MOST = 200  # of all stations together


class Line(NamedTuple):
    """One turn: of which station and rule, what it is (a code and a word), and what was measured."""

    time_us: int
    station: str
    rule: str
    turn: str
    word: str
    text: str


def show(asked: Asked, _said: Nothing) -> PageAnswer:
    """Return the turns of all stations' alerts, the newest first."""
    states = asked.queries.stations()
    found = [line(state.station, turn) for state in states for turn in asked.queries.alert_turns(state.station)]
    newest_first = sorted(found, key=lambda one: one.time_us, reverse=True)[:MOST]
    return PageAnswer("alerts.html", {"title": _("Alerts"), "turns": newest_first}, offset_of(states))


def line(station: str, turn: Turn) -> Line:
    """Return a turn as people read it."""
    kind, rule = str(turn.body.get("turn", "?")), str(turn.body.get("rule", "?"))
    return Line(turn.time_us, station, rule, kind, turn_word(kind), said_of(turn.body))


def open_lines(asked: Asked, station: str) -> list[AlertLine]:
    """Return what a station's open alerts say, and which rule knows nothing."""
    blind = _("What this rule looks at is missing or doubtful: it knows nothing now.")
    return [
        AlertLine(
            str(turn.body.get("rule", "?")),
            blind if (is_blind := turn.body.get("turn") == "blind") else said_of(turn.body),
            is_blind,
        )
        for turn in open_ones(asked.queries.alert_turns(station))
    ]


def said_of(body: dict[str, Any]) -> str:
    """Return what was measured, and which limit that is beyond."""
    quantity, unit, value, limit = (body.get(key) for key in ("quantity", "unit", "value", "limit"))
    if not (isinstance(quantity, str) and isinstance(unit, str)) or not isinstance(limit, int | float):
        return ""
    number = float(value) if isinstance(value, int | float) else None
    told = _("{what} {amount}, limit {limit}")
    amount, edge = (quantity_value(quantity, one, unit).striptags() for one in (number, float(limit)))
    return told.format(what=texts.label(quantity), amount=amount, limit=edge)


def turn_word(turn: str) -> str:
    """Return a turn in a word."""
    words = {
        "raised": _("raised"),
        "worse": _("worse"),
        "better": _("better"),
        "cleared": _("cleared"),
        "blind": _("blind"),
        "seeing": _("sees again"),
        "ended": _("ended"),
    }
    return words.get(turn, turn)
