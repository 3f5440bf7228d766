"""The API's handlers: each takes the request's context and checked arguments, and returns a typed answer."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from drivers.reason import Reason
from edge.records import answers
from edge.records.asked import BACKWARDS, us
from edge.records.record import LAST_UTC
from edge.wire.contract import VERSION, Command
from hub import tiles as tiling
from hub.completeness import IN_TRANSIT_US
from hub.database.accounts import Audited
from hub.database.orders import CommandOrder
from hub.doubts import explained
from hub.monthly import MonthlySheet
from hub.passwords import matches
from hub.rights import MAY, Account, Right
from hub.tiles import Tiles
from hub.web import arguments as given
from hub.web.logins import Logins
from hub.web.table import ApiError, DataAnswer, FileAnswer, RequestContext, SessionAnswer

MOST_DAYS, MOST_BOARD_DAYS = 366, 31  # of completeness in one answer: of one station, of all
EXPIRES_US = 600_000_000  # lifetime of a command
NO_COMMAND = Reason("no_such_command_id", "no command of this id was asked for")
NO_PICTURE = Reason("picture_unknown", "no picture of this name is here")
NOT_HERE = Reason("picture_not_here", "this part of the picture is not here: not yet, or no longer")
WRONG_LOGIN = Reason("wrong_login", "wrong name or password")
TOO_MANY = Reason("too_many_logins", "too many wrong passwords: wait {seconds} s", seconds=0)
TOO_MANY_DAYS = Reason("too_many_days", "at most {most} days in one answer", most=0)


class Me(msgspec.Struct, frozen=True):
    """The caller's account; `stations` null: all of them."""

    name: str
    role: str
    stations: list[str] | None
    rights: list[str]


class Done(msgspec.Struct, frozen=True):
    """The request was carried out."""

    done: bool = True


class ServerHealth(msgspec.Struct, frozen=True):
    """The server is running; says nothing about its database and broker."""

    time_us: int


def login(logins: Logins) -> Callable[[RequestContext, given.Credentials], SessionAnswer]:
    """Return the handler that starts sessions; `logins` counts wrong passwords."""

    def handler(context: RequestContext, arguments: given.Credentials) -> SessionAnswer:
        wait = logins.wait(arguments.name, context.address, context.now_us)
        if wait:
            raise ApiError(429, TOO_MANY.having(seconds=wait), wait)
        found = context.accounts.user(arguments.name)
        right = matches(None if found is None else found[1], arguments.password)
        if found is None or not right or found[0].ended:
            logins.wrong(arguments.name, context.address, context.now_us)
            raise ApiError(401, WRONG_LOGIN)
        logins.right(arguments.name)
        context.accounts.note(found[0], "login", None, context.address, context.now_us)
        return SessionAnswer(described(found[0]), context.accounts.begin_session(arguments.name, context.now_us))

    return handler


def logout(context: RequestContext, _said: given.Nothing) -> SessionAnswer:
    """End the session."""
    if context.session is not None:
        context.accounts.end_session(context.session)
    return SessionAnswer(Done(), None)


def health(context: RequestContext, _said: given.Nothing) -> ServerHealth:
    """Return that the server is running."""
    return ServerHealth(context.now_us)


def me(context: RequestContext, _said: given.Nothing) -> Me:
    """Return the caller's account."""
    return described(caller(context))


def stations(context: RequestContext, _said: given.Nothing) -> list[answers.StationState]:
    """Return the stations that the caller may see."""
    return context.queries.stations(context.now_us)


def station(context: RequestContext, arguments: given.OfStation) -> answers.StationState:
    """Return one station."""
    return context.queries.station(arguments.station, context.now_us)


def now(context: RequestContext, arguments: given.OfStation) -> answers.Now:
    """Return a station's newest minute."""
    return context.queries.now(arguments.station)


def series(context: RequestContext, arguments: given.SeriesOf) -> answers.Series:
    """Return a channel's curve."""
    return context.queries.series(arguments.station, arguments.channel, *span(context, arguments), arguments.step)


def channels(context: RequestContext, arguments: given.ChannelsOf) -> list[str]:
    """Return the channels with data in a span."""
    return context.queries.channels(arguments.station, *span(context, arguments))


def events(context: RequestContext, arguments: given.EventsOf) -> answers.Events:
    """Return a page of events."""
    kinds = arguments.kind.split(",") if arguments.kind else ()
    return context.queries.events(arguments.station, *span(context, arguments), kinds, arguments.page)


def pictures(context: RequestContext, arguments: given.PicturesOf) -> answers.Pictures:
    """Return a page of pictures."""
    return context.queries.pictures(arguments.station, *span(context, arguments), arguments.camera, arguments.page)


def completeness(context: RequestContext, arguments: given.DaysOf) -> list[answers.ExplainedDay]:
    """Return the completeness of each day, with the causes of its gaps and doubts."""
    last = last_day(context, arguments, station(context, given.OfStation(arguments.station)).utc_offset_s, MOST_DAYS)
    days = context.queries.completeness(arguments.station, arguments.first, last, context.now_us - IN_TRANSIT_US)
    return [explained(context.engine, day) for day in days]


def board(context: RequestContext, arguments: given.BoardOf) -> list[answers.Completeness]:
    """Return the completeness of all stations."""
    states = context.queries.stations(context.now_us)
    ahead = max((state.utc_offset_s for state in states), default=0)
    return all_days(context, states, arguments.first, last_day(context, arguments, ahead, MOST_BOARD_DAYS))


def all_days(
    context: RequestContext, states: list[answers.StationState], first: date, last: date
) -> list[answers.Completeness]:
    """Return the completeness of these stations' days, up to IN_TRANSIT_US ago, by station and day."""
    until = context.now_us - IN_TRANSIT_US
    return [day for state in states for day in context.queries.completeness(state.station, first, last, until)]


def last_day(context: RequestContext, arguments: given.DaysOf | given.BoardOf, offset_s: int, most: int) -> date:
    """Return the last requested day, at most today. Raise ApiError where there are no days, or too many."""
    today = (datetime.fromtimestamp(context.now_us / 1e6, UTC) + timedelta(seconds=offset_s)).date()
    last = min(arguments.last or today, today)
    if last < arguments.first:
        raise ApiError(422, BACKWARDS)
    if (last - arguments.first).days >= most:
        raise ApiError(422, TOO_MANY_DAYS.having(most=most))
    return last


def sheet(context: RequestContext, arguments: given.MonthOf) -> MonthlySheet:
    """Return a station's month."""
    return context.queries.sheet(arguments.station, date.fromisoformat(f"{arguments.month}-01"), context.now_us)


def tile(folder: Path, tiles: Tiles) -> Callable[[RequestContext, given.OfPicture], DataAnswer]:
    """Return the handler that sends a picture's tile, made from its stored parts; small enough to be read at once."""

    def handler(context: RequestContext, arguments: given.OfPicture) -> DataAnswer:
        found = context.queries.picture(arguments.sha256)
        if found is None:
            raise ApiError(404, NO_PICTURE)
        path = tiles.tile_of(found, folder)
        if path is None:
            raise ApiError(404, NOT_HERE)
        return DataAnswer(path.read_bytes(), tiling.KIND, lasts=True)

    return handler


def picture(folder: Path, thumbnail: bool) -> Callable[[RequestContext, given.OfPicture], FileAnswer]:
    """Return the handler that sends pictures, or their thumbnails, of a folder."""

    def handler(context: RequestContext, arguments: given.OfPicture) -> FileAnswer:
        found = context.queries.picture(arguments.sha256)
        if found is None:
            raise ApiError(404, NO_PICTURE)
        name = found.thumbnail if thumbnail else found.file
        if name is None or not (folder / name).is_file():
            raise ApiError(404, NOT_HERE)
        return FileAnswer(folder / name, "image/jpeg")

    return handler


def command(wake: Callable[[], None]) -> Callable[[RequestContext, given.CommandOf], CommandOrder]:
    """Return the handler that stores commands to stations; `wake` triggers sending."""

    def handler(context: RequestContext, arguments: given.CommandOf) -> CommandOrder:
        station(context, given.OfStation(arguments.station))
        expires = context.now_us + EXPIRES_US
        order = Command(VERSION, secrets.token_hex(8), arguments.name, arguments.arguments, expires)
        kept = context.orders.add(arguments.station, order, caller(context), context.now_us)
        context.accounts.note(caller(context), f"command {arguments.name}", arguments.station, order.id, context.now_us)
        wake()
        return kept

    return handler


def command_state(context: RequestContext, arguments: given.OfCommand) -> CommandOrder:
    """Return a command's state."""
    found = context.orders.order(arguments.id)
    if found is None or not caller(context).may(Right.COMMAND, found.station):
        raise ApiError(404, NO_COMMAND)
    return found


def audit(context: RequestContext, arguments: given.Before) -> list[Audited]:
    """Return a page of the audit log, the newest first; by default with entries of a clock that was ahead."""
    return context.accounts.audit(us(arguments.before) if arguments.before else LAST_UTC)


def span(context: RequestContext, arguments: Any) -> tuple[int, int]:
    """Return a span in microseconds UTC, by default up to now. Raise ApiError where it is empty."""
    first, last = us(arguments.first), us(arguments.last) if arguments.last else context.now_us
    if last <= first:
        raise ApiError(422, BACKWARDS)
    return first, last


def caller(context: RequestContext) -> Account:
    """Return the caller. Raise ApiError where nobody is logged in."""
    if context.caller is None:
        raise ApiError(401, WRONG_LOGIN)
    return context.caller


def described(account: Account) -> Me:
    """Return an account as shown to itself."""
    mine = None if account.stations is None else sorted(account.stations)
    return Me(account.name, account.role.value, mine, sorted(MAY[account.role]))
