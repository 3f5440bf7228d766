"""The page of alerts: open alarms, and the turns that stations reported."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from edge.delivery.texts import WHAT
from edge.language import texts
from edge.language.texts import _
from edge.language.words import N_
from edge.page.markup import value_text
from edge.page.station_view import AlertLine
from hub.causes import because
from hub.database.alert_turns import AlertTurn, open_ones
from hub.rights import Right
from hub.web import alerts
from hub.web.arguments import Nothing
from hub.web.handlers import caller
from hub.web.pages.stations import offset_of
from hub.web.table import Elsewhere, PageAnswer, RequestContext

MOST = 200  # of all stations together
OF_THE_HUB = {
    "clock": N_("This hub's clock is not synchronised, or its stations contradict it: times of alerts may be wrong."),
    "photos": N_("This hub cannot keep photos: the disk of their folder is full, or may not be written."),
    "log": N_("Another program keeps this hub's database open, so its log grows: stop that program."),
}


class Line(NamedTuple):
    """One turn: its station and rule, what it is (a code and a word), and what was measured."""

    time_us: int
    station: str
    rule: str
    turn: str
    word: str
    text: str


def show(context: RequestContext, _said: Nothing) -> PageAnswer:
    """Return the turns of all stations' alerts, the newest first."""
    states = context.queries.stations(context.now_us)
    found = [line(state.station, turn) for state in states for turn in context.queries.alert_turns(state.station)]
    newest_first = sorted(found, key=lambda one: one.time_us, reverse=True)[:MOST]
    may = caller(context).may(Right.ACKNOWLEDGE)
    values = {"title": _("Alerts"), "turns": newest_first, "standing": standing(context), "may": may}
    return PageAnswer("alerts.html", values, offset_of(states))


class OpenAlarm(NamedTuple):
    """One open alarm of the hub: its id, since when, what it is, and who has acknowledged it."""

    id: str
    since_us: int
    station: str
    name: str
    text: str
    known_by: str


def standing(context: RequestContext) -> list[OpenAlarm]:
    """Return the open alarms, the newest first."""
    found = [one for one in alerts.alerts(context, alerts.AlertsSince()) if one.open]
    return [
        OpenAlarm(one.id, one.raised_us, one.station, name_of(one), text_of(one), one.acknowledged_by)
        for one in sorted(found, key=lambda one: one.raised_us, reverse=True)
    ]


def name_of(alarm: alerts.AlertState) -> str:
    """Return an alarm's name, as in messages."""
    return _(WHAT.get(alarm.what, alarm.what))


def text_of(alarm: alerts.AlertState) -> str:
    """Return an alarm's meaning: what the station reported, or what the hub itself found."""
    found = OF_THE_HUB.get(alarm.what)
    if found is not None:
        return _(found)
    quiet = alarm.found
    if quiet is None:
        return said_of(newest_alert(alarm))
    return quiet.channel and because(quiet.channel, quiet.why)


def newest_alert(alarm: alerts.AlertState) -> dict[str, Any]:
    """Return the body of a station's newest turn of an alarm."""
    return {} if alarm.said is None else dict(msgspec.to_builtins(alarm.said))


def acknowledge(context: RequestContext, arguments: alerts.OfAlert) -> Elsewhere:
    """Acknowledge an alarm as the caller."""
    alerts.acknowledge(context, arguments)
    return Elsewhere("/alerts")


def line(station: str, turn: AlertTurn) -> Line:
    """Return a turn as shown to people."""
    kind, rule = str(turn.body.get("turn", "?")), rule_of(turn.body)
    return Line(turn.time_us, station, rule, kind, turn_word(kind), said_of(turn.body))


def open_lines(context: RequestContext, station: str) -> list[AlertLine]:
    """Return the lines of a station's open alerts, blind rules last."""
    blind = _("This rule cannot be judged now: its input is missing or doubtful.")
    found = [
        AlertLine(
            rule_of(turn.body),
            blind if (is_blind := turn.body.get("turn") == "blind") else said_of(turn.body),
            is_blind,
        )
        for turn in open_ones(context.queries.alert_turns(station))
    ]
    return sorted(found, key=lambda one: one.blind)


def rule_of(body: dict[str, Any]) -> str:
    """Return the name of a turn's rule."""
    return texts.rule(str(body.get("rule", "?")))


def said_of(body: dict[str, Any]) -> str:
    """Return what was measured, and the limit it passed."""
    quantity, unit, value, limit = (body.get(key) for key in ("quantity", "unit", "value", "limit"))
    if not (isinstance(quantity, str) and isinstance(unit, str)) or not isinstance(limit, int | float):
        return ""
    number = float(value) if isinstance(value, int | float) else None
    told = _("{what} {amount}, limit {limit}")
    amount, edge = (value_text(quantity, one, unit) for one in (number, float(limit)))
    return told.format(what=texts.label(quantity), amount=amount, limit=edge)


def turn_word(turn: str) -> str:
    """Return a turn in a word."""
    words = {
        "raised": _("raised"),
        "worse": _("worse"),
        "better": _("better"),
        "cleared": _("cleared"),
        "blind": _("cannot be judged"),
        "seeing": _("can be judged again"),
        "ended": _("ended"),
    }
    return words.get(turn, turn)
