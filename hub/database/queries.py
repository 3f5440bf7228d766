"""Queries of people and programs to a hub's database: the only code that reads it for the API, the pages and exports.

    mine = Queries(engine, frozenset({"orchard-1"}))
    mine.series("orchard-1", "air_temperature", first, last, "auto")

The set of stations that a caller may see is given once, so that no query can forget it: any other station is treated as
non-existent. Nothing is truncated silently: a page says where the next one begins.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from drivers.reason import Reason
from edge.measure.aggregates import HOUR_US
from edge.records.answers import (
    Completeness,
    Event,
    Events,
    Now,
    Picture,
    Pictures,
    Point,
    Series,
    StationState,
)
from edge.records.asked import BAD_PAGE, AskedStep, chosen, unit_of
from edge.records.record import LAST_UTC
from hub import completeness, monthly, stations
from hub.database import alert_turns, cameras, curves, rows
from hub.database.alert_turns import AlertTurn
from hub.database.cameras import CameraNow
from hub.database.engine import Engine
from hub.export import Export, ExportSelection
from hub.lacking import LackingRecords
from hub.monthly import MonthlySheet
from hub.sink import SinkError

PAGE_POINTS = 10_000  # of one answer
PAGE = 200  # events or pictures of one answer
EPOCHS = 20  # latest epochs in which the newest minute is looked up
FUTURE_US = 600_000_000  # a minute that began this long after its arrival has a wrong time
PICTURE = (
    "station, picture, min(camera), max(time), max(CASE WHEN part = 'full' THEN size END), "
    "max(CASE WHEN part = 'full' THEN file END), max(CASE WHEN part = 'thumbnail' THEN file END)"
)
NO_STATION = Reason("no_such_station", 'no station "{station}" has sent anything', station="")


class AskedError(SinkError):
    """The request is at fault, not the database: no such station or page. `reason` says what."""


class Queries:
    """Query one database from one thread, about `stations` only (None: all). All methods raise SinkError.

    A station that does not exist, or is not among `stations`, raises AskedError.
    """

    def __init__(self, engine: Engine, stations: frozenset[str] | None = None) -> None:
        self._engine, self._mine = engine, stations
        self._lacking = LackingRecords(engine)  # read once per station for one answer
        self._there: set[str] = set()  # known to exist; stations are never removed

    def export(self, wanted: ExportSelection) -> Export:
        """Return the reader of a station's minutes for a file."""
        self._allow(wanted.station)
        return Export(self._engine, wanted)

    def stations(self, now_us: int) -> list[StationState]:
        """Return the stations, by name; times after `now_us` are ignored."""
        found = stations.stations(self._engine, now_us)
        return [state for state in found if self._mine is None or state.station in self._mine]

    def station(self, station: str, now_us: int) -> StationState:
        """Return the same of one station."""
        self._allow(station)
        (found,) = stations.stations(self._engine, now_us, station)
        return found

    def now(self, station: str) -> Now:
        """Return the newest minute of a station."""
        self._allow(station)
        found = [one for epoch in _epochs(self._engine, station) for one in _top(self._engine, station, epoch)]
        if not found:
            return Now(station, None, None, None, None, None, {})
        start, duration, arrived, source, error, raw = max(found, key=lambda line: line[0])
        return Now(station, start, start + round(duration * 1e6), arrived, source, error, rows.measured_in(raw))

    def series(
        self,
        station: str,
        channel: str,
        first_us: int,
        last_us: int,
        step: AskedStep = "auto",
    ) -> Series:
        """Return a channel's points that begin from `first_us` to before `last_us`, at most PAGE_POINTS.

        Hours and days are whole, by the station's own clock: the first is the one that contains `first_us`.
        "auto" is the finest step with at most `asked.MOST_POINTS`.
        """
        self._allow(station)
        first, last = _bounded(first_us), _bounded(last_us)
        made, unit = chosen(step, first, last), unit_of(channel)
        if rows.is_refused(channel):
            return Series(station, channel, unit, made, [])
        if made == "minute":
            points, rest = curves.minutes(self._engine, station, channel, first, last, PAGE_POINTS)
        else:
            points, rest = curves.counted(
                self._engine, station, channel, made, first, last, PAGE_POINTS, self._lacking.spans
            )
        return Series(station, channel, unit, made, points, rest)

    def channels(self, station: str, first_us: int, last_us: int) -> list[str]:
        """Return the channels with data in a span, by name."""
        self._allow(station)
        found = self._engine.query(
            "SELECT DISTINCT channel FROM hourly WHERE station = %s AND start > %s AND start < %s ORDER BY channel",
            (station, _bounded(first_us) - HOUR_US, _bounded(last_us)),
        )
        return [channel for (channel,) in found]

    def events(
        self, station: str, first_us: int, last_us: int, kinds: Collection[str] = (), page: str | None = None
    ) -> Events:
        """Return events that began (undated ones: arrived) in a span, of these kinds or of all, the newest first."""
        self._allow(station)
        names = [kind for kind in kinds if not rows.is_refused(kind)]
        if kinds and not names:
            return Events([])
        only = f" AND kind IN ({', '.join(['%s'] * len(names))})" if names else ""
        when, seq, epoch = _after(page, last_us)
        found = self._engine.query(
            "SELECT coalesce(start, arrived) AS told, epoch, seq, revision, kind, start, source, arrived, body, wrong "
            "FROM record WHERE station = %s AND (kind IS NULL OR kind <> 'minute' OR wrong IS NOT NULL) "
            "AND coalesce(start, arrived) >= %s AND (coalesce(start, arrived), seq, epoch) < (%s, %s, %s)"
            f"{only} ORDER BY coalesce(start, arrived) DESC, seq DESC, epoch DESC LIMIT %s",
            (station, _bounded(first_us), when, seq, epoch, *names, PAGE + 1),
        )
        events = [_event(station, line) for line in found[:PAGE]]
        more = found[PAGE - 1] if len(found) > PAGE else None
        return Events(events, None if more is None else f"{more[0]}.{more[2]}.{more[1]}")

    def pictures(
        self, station: str, first_us: int, last_us: int, camera: str | None = None, page: str | None = None
    ) -> Pictures:
        """Return pictures taken in a span, without undated ones, the newest first."""
        self._allow(station)
        if camera is not None and rows.is_refused(camera):
            return Pictures([])
        when, _, name = _after(page, last_us)
        only, values = ("", ()) if camera is None else (" AND camera = %s", (camera,))
        found = self._engine.query(
            f"SELECT {PICTURE}, min(epoch), min(seq) FROM picture "
            f"WHERE station = %s AND time >= %s AND (time, picture) < (%s, %s){only} "
            "GROUP BY station, picture, time ORDER BY time DESC, picture DESC LIMIT %s",
            (station, _bounded(first_us), when, name, *values, PAGE + 1),
        )
        bodies = cameras.bodies_of(self._engine, station, [line[-2:] for line in found[:PAGE]])
        pictures = [_picture(line[:-2], bodies.get(line[-2:], {})) for line in found[:PAGE]]
        more = pictures[-1] if len(found) > PAGE else None
        return Pictures(pictures, None if more is None else f"{more.time_us}.0.{more.sha256}")

    def all_pictures(self, station: str, first_us: int, last_us: int, camera: str | None = None) -> list[Picture]:
        """Return all pictures of a span of at most some days, the newest first."""
        told = self.pictures(station, first_us, last_us, camera)
        found = list(told.pictures)
        while told.next is not None:
            told = self.pictures(station, first_us, last_us, camera, told.next)
            found += told.pictures
        return found

    def picture(self, sha256: str) -> Picture | None:
        """Return the picture with a hash; None where there is none, or only of other stations."""
        if rows.is_refused(sha256):
            return None
        found = self._engine.query(
            f"SELECT {PICTURE} FROM picture WHERE picture = %s GROUP BY station, picture ORDER BY station", (sha256,)
        )
        mine = (_picture(line, {}) for line in found if self._mine is None or line[0] in self._mine)
        return next(mine, None)

    def completeness(self, station: str, first: date, last: date, now_us: int) -> list[Completeness]:
        """Return each day first..last, both included; `now_us` ends the one that is not over."""
        self._allow(station)
        return completeness.days_of(self._engine, station, first, last, now_us)

    def cameras(self, station: str, now_us: int) -> list[CameraNow]:
        """Return the cameras of a station with the newest picture of each."""
        self._allow(station)
        return cameras.newest(self._engine, station, now_us)

    def alert_turns(self, station: str) -> list[AlertTurn]:
        """Return the newest turns of a station's alerts, the newest first."""
        self._allow(station)
        return alert_turns.newest(self._engine, station)

    def curves(self, station: str, first_us: int, last_us: int) -> dict[str, list[Point]]:
        """Return the minutes of all channels that begin in a span of at most a day or two."""
        self._allow(station)
        return curves.all_minutes(self._engine, station, _bounded(first_us), _bounded(last_us))

    def first_minute(self, station: str) -> int | None:
        """Return when a station's first minute began, microseconds UTC; None where there is none."""
        self._allow(station)
        return completeness.first_minute(self._engine, station)

    def sheet(self, station: str, month: date, now_us: int) -> MonthlySheet:
        """Return a station's month, up to `now_us` where it is not over."""
        self._allow(station)
        return monthly.sheet(self._engine, station, month, now_us)

    def records(self, station: str) -> tuple[int, int]:
        """Return how many records of a station are stored, and how many known ones are missing."""
        self._allow(station)
        found = self._engine.query(
            "SELECT coalesce(sum(last - first + 1), 0) FROM ledger WHERE station = %s", (station,)
        )
        return int(found[0][0]), sum(last - first + 1 for _epoch, first, last in self._lacking.holes(station))

    # -- shared ---------------------------------------------------------------------------------------------

    def _allow(self, station: str) -> None:
        """Raise AskedError for a station that does not exist or may not be seen."""
        if station in self._there:
            return
        mine = (self._mine is None or station in self._mine) and not rows.is_refused(station)
        if not mine or not self._engine.query("SELECT 1 FROM epoch WHERE station = %s LIMIT 1", (station,)):
            raise AskedError(NO_STATION.having(station=station))
        self._there.add(station)


def _epochs(engine: Engine, station: str) -> list[str]:
    """Return the epochs heard last, the latest first."""
    found = engine.query(
        "SELECT epoch FROM epoch WHERE station = %s AND arrived_last IS NOT NULL ORDER BY arrived_last DESC LIMIT %s",
        (station, EPOCHS),
    )
    return [epoch for (epoch,) in found]


def _top(engine: Engine, station: str, epoch: str) -> list[tuple[Any, ...]]:
    """Return an epoch's dated minute with the highest number that is not in the future, as columns."""
    return engine.query(
        "SELECT start, duration, arrived, source, error, raw FROM record WHERE station = %s AND epoch = %s "
        "AND kind = 'minute' AND wrong IS NULL AND start <= arrived + %s ORDER BY seq DESC LIMIT 1",
        (station, epoch, FUTURE_US),
    )


def _bounded(utc: int) -> int:
    """Return an instant clamped to what both databases can store."""
    return max(-LAST_UTC, min(utc, LAST_UTC))


def _after(page: str | None, last_us: int) -> tuple[int, int, str]:
    """Return the time, number and name after which a page begins. Raise AskedError."""
    if page is None:
        return _bounded(last_us), 0, ""
    when, seq, name = (*page.split(".", 2), "", "")[:3]
    if not (when.isdecimal() and seq.isdecimal() and len(when + seq) < 36) or rows.is_refused(name):
        raise AskedError(BAD_PAGE.having(page=page))
    return _bounded(int(when)), min(int(seq), LAST_UTC), name


def _event(station: str, line: tuple[Any, ...]) -> Event:
    _, epoch, seq, revision, kind, start, source, arrived, body, wrong = line
    return Event(
        station, rows.name_of(epoch), seq, revision, kind, start, source, arrived, rows.json_value(body), wrong
    )


def _picture(line: tuple[Any, ...], told: dict[str, Any]) -> Picture:
    station, sha256, camera, time, size, full, thumbnail = line
    quality, reasons = cameras.judged(told)
    removed = full == ""
    return Picture(station, sha256, camera, time, size or 0, full or None, thumbnail or None, removed, quality, reasons)
