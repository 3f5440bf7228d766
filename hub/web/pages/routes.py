"""The route table of the pages, in the form of the API's: rights are checked in the same place."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from edge.config.forward import Forward
from hub.rights import Right
from hub.web.alerts import OfAlert
from hub.web.arguments import Before, Nothing, OfCommand, OfStation
from hub.web.logins import Logins
from hub.web.pages import (
    alerts,
    board,
    commands,
    curves,
    growers,
    login,
    month,
    on_call,
    people,
    station,
    visits,
    wall,
)
from hub.web.table import DataAnswer, PageAnswer, Route

STATION = "/stations/{station}"


def routes(
    logins: Logins, wake: Callable[[], None], channels: Collection[str] = (), forwards: Sequence[Forward] = ()
) -> tuple[Route, ...]:
    """Return the table; `logins` counts wrong passwords, `wake` triggers sending of commands.

    `channels`: those of the hub's file; `forwards`: its other platforms.
    """
    read, ask, page = Right.READ, Right.COMMAND, PageAnswer
    return (
        *login.routes(logins),
        Route("GET", "/", "Wall", read, Nothing, page, wall.show),
        Route("GET", STATION, "A station", read, OfStation, page, station.show),
        Route("GET", f"{STATION}/curves", "Curves", read, curves.CurveOf, page, curves.show),
        Route("GET", f"{STATION}/pictures/{{camera}}", "Pictures", read, station.CameraOf, page, station.pictures),
        Route("GET", f"{STATION}/events", "Events", read, station.EventsPage, page, station.events),
        Route("GET", f"{STATION}/growers", "For growers", read, OfStation, page, growers.show, slow=True),
        Route("GET", f"{STATION}/days/{{day}}", "A day", read, station.DayOf, page, station.day, slow=True),
        Route("GET", f"{STATION}/sheet", "Monthly sheet", read, month.SheetOf, page, month.show, slow=True),
        Route(
            "GET", f"{STATION}/sheet.xlsx", "The same to keep", read, month.SheetOf, DataAnswer, month.book, slow=True
        ),
        Route("GET", f"{STATION}/commands", "Commands", ask, OfStation, page, commands.show),
        Route("POST", f"{STATION}/commands", "Send a command", ask, commands.CommandForm, page, commands.ask(wake)),
        Route("GET", "/commands/{id}", "The result of a command", ask, OfCommand, page, commands.show_result),
        Route("GET", "/completeness", "Completeness", read, board.BoardPage, page, board.show(forwards), slow=True),
        Route("GET", "/alerts", "Alerts", read, Nothing, page, alerts.show),
        Route(
            "POST",
            "/alerts/{id}/acknowledge",
            "Say that one knows",
            Right.ACKNOWLEDGE,
            OfAlert,
            page,
            alerts.acknowledge,
        ),
        Route("GET", "/visits", "Visits", read, Nothing, page, visits.show, slow=True),
        Route("GET", "/audit", "Who did what", Right.MANAGE, Before, page, board.audit),
        *people.routes(),
        *on_call.routes(channels),
    )
