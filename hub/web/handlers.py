"""What the API answers: each function takes who asks and checked arguments, and returns a typed answer."""

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
from edge.wire.contract import VERSION, Command
from hub import tiles as tiling
from hub.database.accounts import Audited
from hub.database.orders import CommandOrder
from hub.monthly import MonthlySheet
from hub.passwords import matches
from hub.rights import MAY, Account, Right
from hub.tiles import Tiles
from hub.web import arguments as given
from hub.web.logins import Logins
from hub.web.table import ApiError, DataAnswer, FileAnswer, RequestContext, SessionAnswer

MOST_DAYS, MOST_BOARD_DAYS = 366, 31  # of completeness in one answer: of a station, of all
EXPIRES_US = 600_000_000  # in which a station may still carry a command out
NO_COMMAND = Reason("no_such_command_id", "no command of this id was asked for")
NO_PICTURE = Reason("picture_unknown", "no picture of this name is here")
NOT_HERE = Reason("picture_not_here", "this part of the picture is not here: not yet, or no more")
WRONG_LOGIN = Reason("wrong_login", "this name and this password do not belong together")
TOO_MANY = Reason("too_many_logins", "too many wrong passwords: wait {seconds} s", seconds=0)
TOO_MANY_DAYS = Reason("too_many_days", "at most {most} days in one answer", most=0)


class Me(msgspec.Struct, frozen=True):
    """Who asks; `stations` null: all of them."""

    name: str
    role: str
    stations: list[str] | None
    rights: list[str]


class Done(msgspec.Struct, frozen=True):
    """It is done."""

    done: bool = True


class ServerHealth(msgspec.Struct, frozen=True):
    """The server answers; of its database and broker this says nothing."""

    time_us: int


def login(logins: Logins) -> Callable[[RequestContext, given.Credentials], SessionAnswer]:
    """Return the handler that begins sessions, and counts wrong passwords there."""

    def handler(asked: RequestContext, said: given.Credentials) -> SessionAnswer:
        wait = logins.wait(said.name, asked.address, asked.now_us)
        if wait:
            raise ApiError(429, TOO_MANY.having(seconds=wait), wait)
        found = asked.accounts.user(said.name)
        right = matches(None if found is None else found[1], said.password)
        if found is None or not right or found[0].ended:
            logins.wrong(said.name, asked.address, asked.now_us)
            raise ApiError(401, WRONG_LOGIN)
        logins.right(said.name)
        asked.accounts.note(found[0], "login", None, asked.address, asked.now_us)
        return SessionAnswer(described(found[0]), asked.accounts.begin_session(said.name, asked.now_us))

    return handler


def logout(asked: RequestContext, _said: given.Nothing) -> SessionAnswer:
    """End the session."""
    if asked.session is not None:
        asked.accounts.end_session(asked.session)
    return SessionAnswer(Done(), None)


def health(asked: RequestContext, _said: given.Nothing) -> ServerHealth:
    """Say that the server answers."""
    return ServerHealth(asked.now_us)


def me(asked: RequestContext, _said: given.Nothing) -> Me:
    """Say who asks."""
    return described(caller(asked))


def stations(asked: RequestContext, _said: given.Nothing) -> list[answers.StationState]:
    """Return the stations that somebody may see."""
    return asked.queries.stations()


def station(asked: RequestContext, said: given.OfStation) -> answers.StationState:
    """Return one station."""
    for found in asked.queries.stations():
        if found.station == said.station:
            return found
    raise ApiError(404, Reason("no_such_station", 'no station "{station}" has sent anything', station=said.station))


def now(asked: RequestContext, said: given.OfStation) -> answers.Now:
    """Return a station's newest minute."""
    return asked.queries.now(said.station)


def series(asked: RequestContext, said: given.SeriesOf) -> answers.Series:
    """Return a channel's curve."""
    return asked.queries.series(said.station, said.channel, *span(asked, said), said.step)


def channels(asked: RequestContext, said: given.ChannelsOf) -> list[str]:
    """Return the channels that have anything in a span."""
    return asked.queries.channels(said.station, *span(asked, said))


def events(asked: RequestContext, said: given.EventsOf) -> answers.Events:
    """Return a page of events."""
    kinds = said.kind.split(",") if said.kind else ()
    return asked.queries.events(said.station, *span(asked, said), kinds, said.page)


def pictures(asked: RequestContext, said: given.PicturesOf) -> answers.Pictures:
    """Return a page of pictures."""
    return asked.queries.pictures(said.station, *span(asked, said), said.camera, said.page)


def completeness(asked: RequestContext, said: given.DaysOf) -> list[answers.Completeness]:
    """Return what is whole of each day."""
    last = last_day(asked, said, station(asked, given.OfStation(said.station)).utc_offset_s, MOST_DAYS)
    return asked.queries.completeness(said.station, said.first, last, asked.now_us)


def board(asked: RequestContext, said: given.BoardOf) -> list[answers.Completeness]:
    """Return the same of all stations."""
    ahead = max((state.utc_offset_s for state in asked.queries.stations()), default=0)
    last = last_day(asked, said, ahead, MOST_BOARD_DAYS)
    return all_days(asked, said.first, last, asked.now_us)


def all_days(asked: RequestContext, first: date, last: date, now_us: int) -> list[answers.Completeness]:
    """Return the days of all stations that somebody may see, up to an instant, by station and day."""
    names = [state.station for state in asked.queries.stations()]
    return [day for name in names for day in asked.queries.completeness(name, first, last, now_us)]


def last_day(asked: RequestContext, said: given.DaysOf | given.BoardOf, offset_s: int, most: int) -> date:
    """Return the last day that is asked for, today at most. Raise ApiError where there are none, or too many."""
    today = (datetime.fromtimestamp(asked.now_us / 1e6, UTC) + timedelta(seconds=offset_s)).date()
    last = min(said.last or today, today)
    if last < said.first:
        raise ApiError(422, BACKWARDS)
    if (last - said.first).days >= most:
        raise ApiError(422, TOO_MANY_DAYS.having(most=most))
    return last


def sheet(asked: RequestContext, said: given.MonthOf) -> MonthlySheet:
    """Return a station's month."""
    return asked.queries.sheet(said.station, date.fromisoformat(f"{said.month}-01"), asked.now_us)


def tile(folder: Path, tiles: Tiles) -> Callable[[RequestContext, given.OfPicture], DataAnswer]:
    """Return the handler that sends a picture's tile, made of what is here of it: so small that it is read at once."""

    def handler(asked: RequestContext, said: given.OfPicture) -> DataAnswer:
        found = asked.queries.picture(said.sha256)
        if found is None:
            raise ApiError(404, NO_PICTURE)
        path = tiles.tile_of(found, folder)
        if path is None:
            raise ApiError(404, NOT_HERE)
        return DataAnswer(path.read_bytes(), tiling.KIND, lasts=True)

    return handler


def picture(folder: Path, thumbnail: bool) -> Callable[[RequestContext, given.OfPicture], FileAnswer]:
    """Return the handler that sends pictures, or their thumbnails, of a folder."""

    def handler(asked: RequestContext, said: given.OfPicture) -> FileAnswer:
        found = asked.queries.picture(said.sha256)
        if found is None:
            raise ApiError(404, NO_PICTURE)
        name = found.thumbnail if thumbnail else found.file
        if name is None or not (folder / name).is_file():
            raise ApiError(404, NOT_HERE)
        return FileAnswer(folder / name, "image/jpeg")

    return handler


def command(wake: Callable[[], None]) -> Callable[[RequestContext, given.CommandOf], CommandOrder]:
    """Return the handler that keeps commands to stations; `wake` has them sent."""

    def handler(asked: RequestContext, said: given.CommandOf) -> CommandOrder:
        station(asked, given.OfStation(said.station))
        expires = asked.now_us + EXPIRES_US
        order = Command(VERSION, secrets.token_hex(8), said.name, said.arguments, expires)
        kept = asked.orders.add(said.station, order, caller(asked), asked.now_us)
        asked.accounts.note(caller(asked), f"command {said.name}", said.station, order.id, asked.now_us)
        wake()
        return kept

    return handler


def commanded(asked: RequestContext, said: given.OfCommand) -> CommandOrder:
    """Return what became of a command."""
    found = asked.orders.order(said.id)
    if found is None or not caller(asked).may(Right.COMMAND, found.station):
        raise ApiError(404, NO_COMMAND)
    return found


def audit(asked: RequestContext, said: given.Before) -> list[Audited]:
    """Return what people did, the newest first, a page of it."""
    return asked.accounts.audit(us(said.before) if said.before else asked.now_us + 1)


def span(asked: RequestContext, said: Any) -> tuple[int, int]:
    """Return a span in microseconds UTC, up to now where no end is given. Raise ApiError where it has no length."""
    first, last = us(said.first), us(said.last) if said.last else asked.now_us
    if last <= first:
        raise ApiError(422, BACKWARDS)
    return first, last


def caller(asked: RequestContext) -> Account:
    """Return who asks, where the route wants somebody."""
    if asked.caller is None:
        raise ApiError(401, WRONG_LOGIN)
    return asked.caller


def described(account: Account) -> Me:
    """Return an account as it may see itself."""
    mine = None if account.stations is None else sorted(account.stations)
    return Me(account.name, account.role.value, mine, sorted(MAY[account.role]))
