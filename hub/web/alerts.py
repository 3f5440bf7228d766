"""The API's answers about alarms and visits."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.reason import Reason
from edge.records.asked import Time, us
from edge.records.bodies import Alert
from hub.alarms.alarm import Alarm, Quiet
from hub.alarms.visits import Visit, visits
from hub.rights import Right
from hub.web.arguments import Nothing
from hub.web.handlers import caller
from hub.web.table import API, ApiError, RequestContext, Route

RECENT_US = 7 * 86_400_000_000
NO_ALERT = Reason("no_such_alert", "there is no alert of this id")


class AlertsSince(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open alarms, and those that changed since; by default in seven days."""

    since: Time | None = None


class OfAlert(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One alert, by its id."""

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{16}$(?!\n)")]


class AlertState(msgspec.Struct, frozen=True):
    """One alert. Times are microseconds UTC. `what`: "frost", "silent", ...; `urgency`: "frost", "weather", "upkeep".

    `said` is the station's newest turn, None where the hub raised the alarm; `told`: who was notified, in order.
    `acknowledged_us` None: nobody has. `found`: the hub's facts of an alarm that it raised.
    """

    id: str
    station: str
    what: str
    urgency: str
    open: bool
    step: int
    turn: str
    late: bool
    raised_us: int
    changed_us: int
    cleared_us: int | None
    said: Alert | None
    told: list[str]
    acknowledged_by: str
    acknowledged_us: int | None
    found: Quiet | None = None


def alerts(context: RequestContext, arguments: AlertsSince) -> list[AlertState]:
    """Return open and recent alarms."""
    since = us(arguments.since) if arguments.since else context.now_us - RECENT_US
    return [state_of(one) for one in context.alarms.since(since, caller(context).stations)]


def acknowledge(context: RequestContext, arguments: OfAlert) -> AlertState:
    """Acknowledge an alert as the caller; an earlier acknowledgement stays."""
    who = caller(context)
    known = context.alarms.load_alarms([arguments.id]).get(arguments.id)
    if known is None or (who.stations is not None and known.station not in who.stations):
        raise ApiError(404, NO_ALERT)
    (now,) = context.alarms.acknowledge([arguments.id], who.name, context.now_us)
    context.accounts.note(who, "acknowledge", known.station or None, arguments.id, context.now_us)
    return state_of(now)


def to_visit(context: RequestContext, _said: Nothing) -> list[Visit]:
    """Return the visits due, by station."""
    return visits(context.engine, caller(context).stations, context.now_us)


def state_of(alarm: Alarm) -> AlertState:
    """Return an alarm as the API shows it."""
    escalation = alarm.escalation
    return AlertState(
        *(alarm.id, alarm.station, alarm.what, alarm.urgency, alarm.open, alarm.step, alarm.turn, alarm.late),
        *(alarm.raised_us, alarm.changed_us, alarm.cleared_us, alarm.said, list(escalation.reached)),
        *(escalation.acked_by, escalation.acked_us, alarm.quiet),
    )


def routes() -> tuple[Route, ...]:
    """Return the routes about alerts."""
    return (
        Route("GET", f"{API}/alerts", "Open alerts", Right.READ, AlertsSince, list[AlertState], alerts),
        Route(
            "POST",
            f"{API}/alerts/{{id}}/acknowledge",
            "Say that one knows of it",
            Right.ACKNOWLEDGE,
            OfAlert,
            AlertState,
            acknowledge,
        ),
        Route(
            "GET",
            f"{API}/visits",
            "Visits and what to take along",
            Right.READ,
            Nothing,
            list[Visit],
            to_visit,
            slow=True,
        ),
    )
