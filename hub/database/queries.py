"""What people and programs ask a hub's database: the one place that reads it for the API, the pages and the export.

    mine = Queries(engine, frozenset({"orchard-1"}))
    mine.series("orchard-1", "air_temperature", first, last, "auto")

The set of stations that somebody may see is given once, so that no query can forget it: another station is answered
as one that is not there. Nothing is cut in silence: a page says where the next one begins.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Literal

from drivers.reason import Reason
from hub.database.engine import Engine
from hub.database.results import Completeness, Events, Now, Picture, Pictures, Series, StationState
from hub.sink import SinkError

MOST_POINTS = 1500  # of a curve whose step is "auto": about a pixel each on a wide screen
PAGE_POINTS = 10_000  # of one answer
PAGE = 200  # events or pictures of one answer
NO_STATION = Reason("no_such_station", 'no station "{station}" has sent anything', station="")
BAD_PAGE = Reason("no_such_page", '"{page}" is no page that was named before', page="")


class AskedError(SinkError):
    """The question is at fault, not the database: no such station, no such page. `reason` says what."""


class Queries:
    """Ask one database from one thread, about `stations` alone (None: about all). All methods raise SinkError.

    A station that is not there, or not among `stations`, raises AskedError.
    """

    def __init__(self, engine: Engine, stations: frozenset[str] | None = None) -> None:
        self._engine, self._mine = engine, stations

    def stations(self) -> list[StationState]:
        """Return the stations, by name."""
        raise NotImplementedError

    def now(self, station: str) -> Now:
        """Return the newest minute of a station."""
        raise NotImplementedError

    def series(
        self,
        station: str,
        channel: str,
        first_us: int,
        last_us: int,
        step: Literal["minute", "hour", "day", "auto"] = "auto",
    ) -> Series:
        """Return a channel's curve of what begins from `first_us` to before `last_us`, at most PAGE_POINTS of it.

        Hours and days are those of the station's own clock, each whole: the first is the one that `first_us` lies in.
        "auto" is the finest step with at most MOST_POINTS.
        """
        raise NotImplementedError

    def channels(self, station: str, first_us: int, last_us: int) -> list[str]:
        """Return the channels that have anything in a span, by name."""
        raise NotImplementedError

    def events(
        self, station: str, first_us: int, last_us: int, kinds: Collection[str] = (), page: str | None = None
    ) -> Events:
        """Return events that began (undated ones: arrived) in a span, of these kinds or of all, the newest first."""
        raise NotImplementedError

    def pictures(
        self, station: str, first_us: int, last_us: int, camera: str | None = None, page: str | None = None
    ) -> Pictures:
        """Return pictures that were taken (undated ones: none) in a span, the newest first."""
        raise NotImplementedError

    def picture(self, sha256: str) -> Picture | None:
        """Return the picture of a hash; None where none is here, or it is another's."""
        raise NotImplementedError

    def completeness(self, station: str, first: date, last: date, now_us: int) -> list[Completeness]:
        """Return each day first..last, both included; `now_us` ends the one that is not over."""
        raise NotImplementedError
