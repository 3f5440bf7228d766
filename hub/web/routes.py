"""The route table: the API's routes, the right that each needs, its arguments and answers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from edge.records import answers
from hub.database.accounts import Audited
from hub.database.orders import CommandOrder
from hub.monthly import MonthlySheet
from hub.rights import Right
from hub.tiles import KIND, Tiles
from hub.web import alerts, metrics, on_call, people
from hub.web import arguments as given
from hub.web import handlers as does
from hub.web.exports import Exports
from hub.web.logins import Logins
from hub.web.table import API, DataAnswer, FileAnswer, Route

JPEG = "image/jpeg"
STATION = f"{API}/stations/{{station}}"
PICTURE = f"{API}/pictures/{{sha256}}"


def routes(
    folder: Path,
    logins: Logins,
    wake: Callable[[], None],
    listeners: Callable[[], int] = lambda: 0,
    channels: Collection[str] = (),
    tiles: Tiles | None = None,
) -> tuple[Route, ...]:
    """Return the table; `folder` holds the pictures, `logins` counts wrong passwords, `wake` has commands sent.

    `listeners`: number of listeners to the stream; `channels`: those of the hub's file; `tiles`: of these pictures.
    """
    ask, manage = Right.COMMAND, Right.MANAGE
    return (
        *_logins(logins),
        *_stations(),
        *_pictures(folder, tiles or Tiles.beside(folder)),
        Route(
            "POST",
            f"{STATION}/commands",
            "Ask it for something",
            ask,
            given.CommandOf,
            CommandOrder,
            does.command(wake),
        ),
        Route(
            "GET",
            f"{API}/commands/{{id}}",
            "The result of a command",
            ask,
            given.OfCommand,
            CommandOrder,
            does.command_state,
        ),
        Route("GET", f"{API}/audit", "Who did what", manage, given.Before, list[Audited], does.audit),
        *Exports(folder.with_name(f"{folder.name}.exports")).routes(),
        *alerts.routes(),
        *on_call.routes(channels),
        *people.routes(),
        *metrics.routes(listeners, folder.with_name(f"{folder.name}.set-aside")),
    )


def _logins(logins: Logins) -> tuple[Route, ...]:
    """Return the routes of logging in and out."""
    return (
        Route(
            "GET", f"{API}/health", "Say that the server answers", None, given.Nothing, does.ServerHealth, does.health
        ),
        Route("POST", f"{API}/login", "Log in", None, given.Credentials, does.Me, does.login(logins), slow=True),
        Route("POST", f"{API}/logout", "Log out", None, given.Nothing, does.Done, does.logout),
        Route("GET", f"{API}/me", "Who is asking", Right.READ, given.Nothing, does.Me, does.me),
    )


def _stations() -> tuple[Route, ...]:
    """Return the routes that read stations' data."""
    read = Right.READ
    return (
        Route("GET", f"{API}/stations", "The stations", read, given.Nothing, list[answers.StationState], does.stations),
        Route("GET", STATION, "One station", read, given.OfStation, answers.StationState, does.station),
        Route("GET", f"{STATION}/now", "Newest minute of a station", read, given.OfStation, answers.Now, does.now),
        Route("GET", f"{STATION}/series", "A channel's curve", read, given.SeriesOf, answers.Series, does.series),
        Route("GET", f"{STATION}/channels", "Channels of a station", read, given.ChannelsOf, list[str], does.channels),
        Route(
            "GET",
            f"{STATION}/completeness",
            "What is whole, and why the rest is not",
            read,
            given.DaysOf,
            list[answers.ExplainedDay],
            does.completeness,
            slow=True,
        ),
        Route("GET", f"{STATION}/events", "Events of a station", read, given.EventsOf, answers.Events, does.events),
        Route(
            "GET",
            f"{STATION}/pictures",
            "Pictures of a station",
            read,
            given.PicturesOf,
            answers.Pictures,
            does.pictures,
        ),
        Route(
            "GET",
            f"{API}/completeness",
            "The same of all stations",
            read,
            given.BoardOf,
            list[answers.Completeness],
            does.board,
            slow=True,
        ),
        Route(
            "GET",
            f"{STATION}/sheet",
            "Its month, as an office judges it",
            read,
            given.MonthOf,
            MonthlySheet,
            does.sheet,
            slow=True,
        ),
    )


def _pictures(folder: Path, tiles: Tiles) -> tuple[Route, ...]:
    """Return the routes of pictures, thumbnails and tiles."""
    read = Right.READ
    return (
        Route("GET", PICTURE, "A picture", read, given.OfPicture, FileAnswer, does.picture(folder, False), kind=JPEG),
        Route(
            "GET",
            f"{PICTURE}/thumbnail",
            "A small picture",
            read,
            given.OfPicture,
            FileAnswer,
            does.picture(folder, True),
            kind=JPEG,
        ),
        Route(
            "GET",
            f"{PICTURE}/tile",
            "A picture for a wall of many",
            read,
            given.OfPicture,
            DataAnswer,
            does.tile(folder, tiles),
            kind=KIND,
        ),
    )
