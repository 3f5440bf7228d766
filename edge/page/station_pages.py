"""The pages of one station, each made of what its daemon answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from edge.control.client import AskError, NotRunningError
from edge.language.texts import _
from edge.page.box import alert_lines, box_lines
from edge.page.demo import Demo
from edge.page.source import Heard, Source, now_of
from edge.page.station_view import Beside, Photo, StationView, station_view
from edge.page.templates import Templates
from edge.records.answers import Now, Point
from edge.records.channel_name import ChannelName

BEIJING_S = 28_800
PICTURES_US = 7 * 86_400_000_000  # how far back the newest picture is looked for
Handler = Callable[[Request], Response]


class StationPages:
    """What people see of one station."""

    def __init__(self, source: Source, templates: Templates, demo: Demo) -> None:
        self._source, self._templates, self._demo = source, templates, demo

    def table(self) -> list[tuple[str, Handler]]:
        """Return each page's address and what makes it."""
        return [("/", self._station)]

    def _station(self, request: Request) -> Response:
        """Return the station as it is now."""
        heard = self._source.heard()
        return self._page(
            request, "station.html", heard, seen=self._seen(heard), curves_url="/curves", devices=self._devices(heard)
        )

    def _page(self, request: Request, name: str, heard: Heard | None, **values: Any) -> Response:
        return self._templates.page(
            request,
            name,
            now_us=self._source.time_us(heard),
            offset_s=offset_of(heard),
            title=title_of(heard),
            station="" if heard is None else heard.facts["station"],
            live_url="/api/v1/live",
            speed=self._source.speed,
            pages=pages,
            **values,
        )

    def _seen(self, heard: Heard | None) -> StationView:
        if heard is None:
            nobody = Now("", None, None, None, None, None, {})
            absent = Beside(nothing=_("The station's software is not running."))
            return station_view(nobody, None, BEIJING_S, {}, {}, absent)
        now, now_us, offset = now_of(heard.facts), self._source.time_us(heard), offset_of(heard)
        silent = _("The station's software does not answer; these are the last values known.")
        beside = Beside(
            alerts=alert_lines(heard.facts),
            photo=self._photo(now_us),
            box=box_lines(heard.facts, offset),
            trouble="" if heard.answers else silent,
        )
        curves = {} if now_us is None else self._curves(now, now_us)
        return station_view(now, now_us, offset, curves, heard.facts["derived"], beside)

    def _devices(self, heard: Heard | None) -> list[tuple[str, bool]]:
        """Return the devices of a demo that can be pulled out, and whether they are."""
        if heard is None or self._demo.unplugged is None:
            return []
        out = self._demo.out()
        return [(one["name"], one["name"] in out) for one in heard.facts["sensors"]]

    def _curves(self, now: Now, now_us: int) -> dict[str, list[Point]]:
        """Return the last 24 hours of the primary channels."""
        mine = [name for name in now.values if not ChannelName.parse(name).sensor]
        return {name: self._source.day(name, now_us) for name in mine}

    def _photo(self, now_us: int | None) -> Photo | None:
        if now_us is None:
            return None
        try:
            found = self._source.pictures(**{"from": (now_us - PICTURES_US) / 1e6}).pictures
        except (NotRunningError, AskError):
            return None
        for picture in found:
            if picture.thumbnail or picture.file:
                address = f"/api/v1/pictures/{picture.sha256}"
                small = f"{address}/thumbnail" if picture.thumbnail else address
                return Photo(small, address if picture.file else small, picture.time_us, picture.camera)
        return None


def pages() -> list[tuple[str, str]]:
    """Return the pages that there are, by name."""
    return [("/", _("Now"))]


def offset_of(heard: Heard | None) -> int:
    """Return by which clock times are told, s ahead of UTC."""
    return BEIJING_S if heard is None else round(heard.facts["utc_offset_h"] * 3600)


def title_of(heard: Heard | None) -> str:
    """Return how the station is called."""
    return _("Weather station") if heard is None else heard.facts["title"] or heard.facts["station"]
