"""The turns of alerts that stations have told of: raised, worse, cleared, and blind where nothing is known."""

from __future__ import annotations

from typing import Any, NamedTuple

from edge.language import texts
from edge.language.texts import _
from edge.page.markup import quantity_value
from edge.records.answers import Event
from hub.web.arguments import Nothing
from hub.web.pages.wall import offset_of
from hub.web.table import Asked, PageAnswer

SINCE_US = 31 * 86_400_000_000
MOST = 200


class Turn(NamedTuple):
    """One turn: of which station and rule, what it is (a code and a word), and what was measured."""

    time_us: int
    station: str
    rule: str
    turn: str
    word: str
    text: str


def show(asked: Asked, _said: Nothing) -> PageAnswer:
    """Return the turns of the last 31 days of all stations, the newest first."""
    states, since = asked.queries.stations(), asked.now_us - SINCE_US
    found = [
        turn(event)
        for state in states
        for event in asked.queries.events(state.station, since, asked.now_us + 1, ("alert",)).events
        if isinstance(event.body, dict)
    ]
    newest_first = sorted(found, key=lambda one: one.time_us, reverse=True)[:MOST]
    return PageAnswer("alerts.html", {"title": _("Alerts"), "turns": newest_first}, offset_of(states))


def turn(event: Event) -> Turn:
    """Return one as people read it."""
    body: dict[str, Any] = event.body if isinstance(event.body, dict) else {}
    kind, rule = str(body.get("turn", "?")), str(body.get("rule", "?"))
    time = (event.arrived_us or 0) if event.start_us is None else event.start_us
    return Turn(time, event.station, rule, kind, turn_word(kind), said_of(body))


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
