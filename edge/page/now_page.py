"""The page of a station as it is now."""

from __future__ import annotations

from edge.control.client import AskError, NotRunningError
from edge.language import verdicts
from edge.language.texts import _
from edge.page.box import alert_lines, box_lines
from edge.page.source import DAY_US, NewestState, Source, now_of
from edge.page.station_view import PICTURE, Beside, Photo, PictureNow, StationView, doubt_words, station_view
from edge.records.answers import Now, Picture, Point
from edge.records.channel_name import ChannelName

PICTURES_US = 7 * DAY_US  # how far back the newest picture is looked for
BEIJING_S = 28_800


class StationNow:
    """Makes the view of a station that is queried through its socket."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def make_view(self, state: NewestState | None) -> StationView:
        """Return the view; if the station never answered, a view that says so."""
        if state is None:
            nobody = Now("", None, None, None, None, None, {})
            absent = Beside(nothing=_("The station's software is not running."))
            return station_view(nobody, None, BEIJING_S, {}, {}, absent)
        now, now_us = now_of(state.facts), self._source.time_us(state)
        offset = round(state.facts.utc_offset_h * 3600)
        silent_now = _("The station's software does not answer; these are the last values known.")
        beside = Beside(
            alerts=alert_lines(state.facts),
            growers=self._growers(state),
            photo=self._photo(state, now_us),
            asking=asking(state),
            box=box_lines(state.facts, offset),
            trouble="" if state.answers else silent_now,
        )
        curves = {} if now_us is None or not state.answers else self._curves(now, now_us)
        return station_view(now, now_us, offset, curves, state.facts.derived, beside)

    def _curves(self, now: Now, now_us: int) -> dict[str, list[Point]]:
        """Return the last 24 hours of the primary channels."""
        mine = [name for name in now.values if not ChannelName.parse(name).sensor]
        return {name: self._source.day(name, now_us) for name in mine}

    def _growers(self, state: NewestState) -> list[str]:
        """Return a line for each rule with a verdict."""
        try:
            return verdicts.brief(self._source.verdicts()) if state.answers else []
        except (NotRunningError, AskError):
            return []

    def _photo(self, state: NewestState, now_us: int | None) -> Photo | None:
        """Return the newest picture that is stored here."""
        if now_us is None or not state.answers or not state.facts.pictures:
            return None
        try:
            found = self._source.pictures(**{"from": (now_us - PICTURES_US) / 1e6}).pictures
        except (NotRunningError, AskError):
            return None
        return next((photo for photo in map(photo_of, found) if photo is not None), None)


def asking(state: NewestState) -> PictureNow | None:
    """Return where a picture can be requested, and the cost of the first camera's; None if there is no camera."""
    price = next(iter(state.facts.prices.values()), None)
    return None if price is None else PictureNow("/work#picture", price)


def photo_of(picture: Picture) -> Photo | None:
    """Return a picture's addresses and words; None if no part of it is stored here."""
    if not picture.thumbnail and not picture.file:
        return None
    address = f"{PICTURE}/{picture.sha256}"
    small = f"{address}/thumbnail" if picture.thumbnail else address
    full = address if picture.file else small
    doubt = doubt_words(picture.quality, picture.reasons)
    return Photo(small, full, full, picture.time_us, picture.camera, *doubt)


def silent(error: NotRunningError | AskError) -> str:
    """Return why a station has not answered."""
    return str(error) or _("The station's software does not answer.")
