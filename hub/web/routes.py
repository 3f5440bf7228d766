"""The route table: what the API knows, under which right, with which arguments and answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from edge.records import answers
from hub.alarms.people import Person
from hub.alarms.testing import TrialMessage
from hub.alarms.visits import Visit
from hub.database.accounts import Audited
from hub.database.orders import Order
from hub.rights import Right
from hub.web import alerts as told
from hub.web import arguments as given
from hub.web import handlers as does
from hub.web.logins import Logins
from hub.web.table import FileAnswer, Route

API = "/api/v1"
STATION = f"{API}/stations/{{station}}"
PICTURE = f"{API}/pictures/{{sha256}}"


def routes(folder: Path, logins: Logins, wake: Callable[[], None]) -> tuple[Route, ...]:
    """Return the table; `folder` holds the pictures, `logins` counts wrong passwords, `wake` has commands sent."""
    read, ask, manage = Right.READ, Right.COMMAND, Right.MANAGE
    return (
        Route("GET", f"{API}/health", "Say that the server answers", None, given.Nothing, does.Health, does.health),
        Route("POST", f"{API}/login", "Log in", None, given.Credentials, does.Me, does.login(logins), slow=True),
        Route("POST", f"{API}/logout", "Log out", None, given.Nothing, does.Done, does.logout),
        Route("GET", f"{API}/me", "Say who asks", read, given.Nothing, does.Me, does.me),
        Route("GET", f"{API}/stations", "The stations", read, given.Nothing, list[answers.StationState], does.stations),
        Route("GET", STATION, "One station", read, given.OfStation, answers.StationState, does.station),
        Route("GET", f"{STATION}/now", "Its newest minute", read, given.OfStation, answers.Now, does.now),
        Route("GET", f"{STATION}/series", "A channel's curve", read, given.SeriesOf, answers.Series, does.series),
        Route("GET", f"{STATION}/channels", "What it measures", read, given.ChannelsOf, list[str], does.channels),
        Route(
            "GET",
            f"{STATION}/completeness",
            "What is whole, and why the rest is not",
            read,
            given.DaysOf,
            list[answers.Completeness],
            does.completeness,
            slow=True,
        ),
        Route("GET", f"{STATION}/events", "What happened", read, given.EventsOf, answers.Events, does.events),
        Route("GET", f"{STATION}/pictures", "Its pictures", read, given.PicturesOf, answers.Pictures, does.pictures),
        Route("GET", PICTURE, "A picture", read, given.OfPicture, FileAnswer, does.picture(folder, False)),
        Route(
            "GET",
            f"{PICTURE}/thumbnail",
            "A small picture",
            read,
            given.OfPicture,
            FileAnswer,
            does.picture(folder, True),
        ),
        Route("POST", f"{STATION}/commands", "Ask it for something", ask, given.CommandOf, Order, does.command(wake)),
        Route("GET", f"{API}/commands/{{id}}", "What became of it", ask, given.OfCommand, Order, does.commanded),
        Route("GET", f"{API}/alerts", "What is raised", read, told.AlertsSince, list[told.AlertState], told.alerts),
        Route(
            "POST",
            f"{API}/alerts/{{id}}/acknowledge",
            "Say that one knows of it",
            Right.ACKNOWLEDGE,
            told.OfAlert,
            told.AlertState,
            told.acknowledge,
        ),
        Route("GET", f"{API}/visits", "What to take where", read, given.Nothing, list[Visit], told.to_visit, slow=True),
        Route("GET", f"{API}/on-call", "Who is told of alerts", manage, given.Nothing, list[Person], told.people),
        Route("POST", f"{API}/on-call", "Keep somebody who is told", manage, Person, Person, told.keep_person),
        Route("POST", f"{API}/on-call/remove", "Tell them no more", manage, told.PersonGone, does.Done, told.no_more),
        Route("POST", f"{API}/on-call/test", "Send a test", manage, told.TrialOf, list[TrialMessage], told.test),
        Route("GET", f"{API}/audit", "Who did what", manage, given.Before, list[Audited], does.audit),
    )
