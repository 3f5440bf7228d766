"""The page of last night, and its picture."""

from __future__ import annotations

from typing import NamedTuple

from edge.language import texts
from edge.page import night, night_picture
from edge.page.now_page import photo_of
from edge.page.source import Source
from edge.page.station_view import Photo
from edge.page.still import StillCurve, still
from edge.records.answers import Point

DAWN_H = 6.5  # by the station's clock; the picture taken closest to it is shown
CHANNELS = (*night.INPUTS, "wind_speed")


class NightSummary(NamedTuple):
    """The content of the page about a night."""

    span: tuple[int, int]
    lines: list[str]
    minutes: list[Point]
    drawing: StillCurve | None
    dawn: Photo | None


def read_last_night(source: Source, channels: list[str], now_us: int, offset_s: int) -> NightSummary:
    """Return the last night. Raise NotRunningError, AskError."""
    span = night.span_of(now_us, offset_s)
    curves = {name: source.minutes(name, *span) for name in CHANNELS if name in channels}
    curves.setdefault("air_temperature", [])
    events = source.events(**{"from": (now_us - night.STAGE_US) / 1e6, "kind": "stage"}).events
    lines = night.night_lines(span, offset_s, curves, night.stage_said(events))
    minutes = curves["air_temperature"]
    return NightSummary(span, lines, minutes, still(minutes, *span, offset_s), dawn(source, span, now_us))


def dawn(source: Source, span: tuple[int, int], now_us: int) -> Photo | None:
    """Return the picture that was taken nearest to dawn; None if there is none, or it is too early for one."""
    middle = span[0] + round((24 - night.BEGINS_H + DAWN_H) * night.HOUR_US)
    first, last = middle - 2 * night.HOUR_US, min(middle + 2 * night.HOUR_US, now_us)
    found = source.all_pictures(first, last) if first < last else []
    shown = [(abs((one.time_us or 0) - middle), photo) for one in found if (photo := photo_of(one)) is not None]
    return min(shown, key=lambda pair: pair[0])[1] if shown else None


def picture(source: Source, title: str, channels: list[str], now_us: int, offset_s: int) -> bytes:
    """Return the night as a PNG; in English if no Chinese font is installed. Raise NotRunningError, AskError."""
    if night_picture.chinese_font() is None:
        with texts.speaking("en"):
            found = read_last_night(source, channels, now_us, offset_s)
    else:
        found = read_last_night(source, channels, now_us, offset_s)
    return night_picture.picture(title, found.lines, found.minutes, found.span, offset_s)
