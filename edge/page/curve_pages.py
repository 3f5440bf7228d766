"""The page of curves: a day, a week or a season of one quantity, or of the most important ones."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol
from urllib.parse import urlencode

from edge.control.client import AskError, NotRunningError
from edge.language import texts
from edge.language.texts import _
from edge.page import view
from edge.page.markup import decimals, value_text
from edge.page.rose import Rose, rose
from edge.page.still import StillCurve, still
from edge.page.templates import clock, shortday
from edge.records.answers import Point, Series
from edge.records.asked import AskedStep

DAY_US = 86_400_000_000
SPANS = {"day": 1, "week": 7, "season": 120}  # days
OVERVIEW = ("air_temperature", "relative_humidity", "rainfall_amount", "wind_speed", "air_pressure", "illuminance")
DIRECTION, SPEED = "wind_from_direction", "wind_speed"


class CurveSpec(NamedTuple):
    """One curve of the page: its data's address, its drawing, and its content as a sentence."""

    channel: str
    label: str
    unit: str
    digits: int
    kind: str
    address: str
    still: StillCurve | None
    spoken: str


class CurveSource(Protocol):
    """Provides a station's curves, at the station or at a hub."""

    def series(self, channel: str, first: float, last: float, step: AskedStep = "auto") -> Series:
        """Return a channel's curve; instants in s since 1970."""
        ...


class CurvePages:
    """Makes the content of the page of curves."""

    def __init__(self, source: CurveSource) -> None:
        self._source = source

    def values(
        self, asked: str, span: str, station: str, channels: list[str], now_us: int, offset_s: int
    ) -> dict[str, Any]:
        """Return the values for the template; `asked`: a channel, or "" for the overview."""
        channel = asked if asked in channels else ""
        span = span if span in SPANS else "day"
        wanted = [channel] if channel else [name for name in OVERVIEW if name in channels]
        trouble, petals, curves = "", None, list[CurveSpec]()
        try:
            for name in wanted:  # if one fails, those before it are kept
                curves.append(self._curve(station, name, span, now_us, offset_s))
            if not channel or view.is_direction(channel):
                petals = self._rose(channels, span, now_us)
        except (NotRunningError, AskError) as error:
            trouble = str(error) or _("The station's software does not answer.")
        return {
            "spans": [("day", _("A day")), ("week", _("A week")), ("season", _("A season"))],
            "chosen": span,
            "channel": channel,
            "channels": sorted(channels, key=view.rank),
            "curves": curves,
            "rose": petals,
            "trouble": trouble,
        }

    def _curve(self, station: str, channel: str, span: str, now_us: int, offset_s: int) -> CurveSpec:
        kind = view.kind_of(channel)
        summed = kind == "bars"
        first, last = now_us - SPANS[span] * DAY_US, now_us
        step: AskedStep = "auto" if not summed else "hour" if span != "season" else "day"
        series = self._source.series(channel, first / 1e6, last / 1e6, step)
        address = f"/api/v1/stations/{station}/series?" + urlencode(
            {"channel": channel, "from": first / 1e6, "to": last / 1e6, "step": series.step}
        )
        drawing = still(series.points, first, last, offset_s, kind)
        if summed and drawing is not None and drawing.high <= 0:
            drawing, address = None, ""  # "no rain" is written, not drawn
        return CurveSpec(
            channel,
            texts.label(channel),
            texts.unit_sign(series.unit),
            decimals(channel),
            kind,
            address,
            drawing,
            spoken(channel, series, summed, offset_s),
        )

    def _rose(self, channels: list[str], span: str, now_us: int) -> Rose | None:
        if DIRECTION not in channels or SPEED not in channels:
            return None
        first = (now_us - SPANS[span] * DAY_US) / 1e6
        directions, speeds = (self._source.series(name, first, now_us / 1e6) for name in (DIRECTION, SPEED))
        return rose(directions.points, speeds.points)


def spoken(channel: str, series: Series, summed: bool, offset_s: int) -> str:
    """Return a curve's content as a sentence: its extremes with their times, or its sum."""
    good = [point for point in series.points if point.quality == 1 and point.value is not None]
    if not good:
        doubtful = any(point.value is not None for point in series.points)
        return _("no good value") if doubtful else _("Nothing was measured in this time.")
    if summed:
        total = value_text(channel, sum(point.value or 0.0 for point in good), series.unit)
        minutes, span = sum(point.good or 0 for point in good), series.points[-1].end_us - series.points[0].start_us
        less = view.rests_on(minutes, span) or any(point.suspect for point in series.points)
        return _("{amount} in total").format(amount=f"≥ {total}" if less else total)
    if view.is_direction(channel):
        return view.prevailing(good)
    low, high = min(good, key=lowest), max(good, key=highest)
    sentence = _("lowest {low} ({when_low}), highest {high} ({when_high})")
    return sentence.format(
        low=value_text(channel, lowest(low), series.unit),
        when_low=moment(low.lowest_us if low.lowest_us is not None else low.start_us, offset_s),
        high=value_text(channel, highest(high), series.unit),
        when_high=moment(high.highest_us if high.highest_us is not None else high.start_us, offset_s),
    )


def moment(us: int, offset_s: int) -> str:
    """Return an instant without its year and without line breaks: "4-3 02:14"."""
    day = shortday(us, offset_s).replace("-", "\N{WORD JOINER}-\N{WORD JOINER}")
    return f"{day}\N{NO-BREAK SPACE}{clock(us, offset_s)}"


def lowest(point: Point) -> float:
    """Return the lowest value of a point."""
    return point.lowest if point.lowest is not None else point.value or 0.0


def highest(point: Point) -> float:
    """Return the highest value of a point."""
    return point.highest if point.highest is not None else point.value or 0.0
