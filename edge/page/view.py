"""The content of a station's page, made from a station's or a hub's answers: the same for both hosts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeGuard

from markupsafe import Markup

from drivers.quantity import QUANTITIES, Aggregation
from edge.language import texts
from edge.language.texts import _
from edge.language.words import N_
from edge.page.markup import quantity_value
from edge.page.spark import Kind, Spark, spark
from edge.records.answers import Now, Point, Value
from edge.records.channel_name import ChannelName

DAY_US = 86_400_000_000
OLD_S = 180  # s after which a value is old: two minutes are missing
GONE_S = 3600
AHEAD = N_("dated {n} min ahead of the clock here")
MINUTE_US = 60_000_000
SUSPECT = 3  # the flag of a doubtful value
MOST = 0.8  # of a span's minutes: with fewer a figure states their number, as the missing fifth may hide an extreme
ORDER = {name: place for place, name in enumerate(QUANTITIES)}


class Card(NamedTuple):
    """One channel: its value with unit, its flag as number and word (good: ""), the reason, its last 24 hours."""

    channel: str
    label: str
    value: Markup
    quality: int
    word: str
    why: str
    spark: Spark | None
    spoken: str  # the small curve as a sentence
    second: bool  # from a sensor other than the primary one


class Extreme(NamedTuple):
    """A figure of today: its name, its value, when it was (None: a sum), and a note if it is from few minutes."""

    label: str
    value: Markup
    at_us: int | None
    rests_on: str = ""


def cards(now: Now, curves: Mapping[str, Sequence[Point]], last_us: int) -> list[Card]:
    """Return a card for each channel of the newest minute, primary channels first; `last_us`: now."""
    ranked = sorted(now.values, key=rank)
    return [card(name, now.values[name], curves.get(name, ()), last_us) for name in ranked]


def rank(channel: str) -> tuple[bool, int, str]:
    """Return a channel's sort key: primary ones first, in the order of the quantities."""
    name = ChannelName.parse(channel)
    return bool(name.sensor), ORDER.get(name.quantity, len(ORDER)), channel


def card(channel: str, known: Value, minutes: Sequence[Point], last_us: int) -> Card:
    """Return the card of one channel. A value flagged as missing, or not finite, is not shown."""
    number = known.value if known.quality != 9 and is_number(known.value) else None
    word = "" if known.quality == 1 else texts.flag_word(known.quality)
    curve = spark(minutes, last_us - DAY_US, last_us, kind_of(channel))
    spoken = "" if curve is None else span_of(channel, curve, known.unit, minutes)
    value = compass(number) if is_direction(channel) else quantity_value(channel, number, known.unit)
    if is_amount(channel) and number is not None:
        value = Markup('{} <span class="soft">{}</span>').format(value, _("in this minute"))
    why, second = texts.render_known(known.reason), bool(ChannelName.parse(channel).sensor)
    return Card(channel, texts.label(channel), value, known.quality, word, why, curve, spoken, second)


def span_of(channel: str, curve: Spark, unit: str, minutes: Sequence[Point]) -> str:
    """Return a curve's range as a sentence for screen readers; for a direction the most frequent one."""
    if is_direction(channel):
        return _("Last 24 h: {what}").format(what=prevailing(minutes))
    low, high = (quantity_value(channel, one, unit).striptags() for one in (curve.lowest, curve.highest))
    if is_amount(channel):
        return _("Last 24 h: at most {high} in six minutes").format(high=high)
    return _("Last 24 h: between {low} and {high}").format(low=low, high=high)


def prevailing(points: Iterable[Point]) -> str:
    """Return the most frequent wind direction among the good values, as a direction has no extremes."""
    good = [point.value for point in points if point.quality == 1 and is_number(point.value)]
    if not good:
        return _("no good value")
    ((most, _count),) = Counter(texts.compass(value) if value else "" for value in good).most_common(1)
    return _("mostly from {direction}").format(direction=most) if most else _("mostly calm")


def kind_of(channel: str) -> Kind:
    """Return how a channel is drawn."""
    return "bars" if is_amount(channel) else "direction" if is_direction(channel) else "line"


def is_amount(channel: str) -> bool:
    """Return whether a channel's minutes are added up."""
    known = QUANTITIES.get(ChannelName.parse(channel).quantity)
    return known is not None and (known.kind is Aggregation.TOTAL or known.name == "rainfall_amount_corrected")


def is_direction(channel: str) -> bool:
    """Return whether a channel is a direction."""
    return ChannelName.parse(channel).quantity.startswith("wind_from_direction")


def compass(degrees: float | None) -> Markup:
    """Return a wind's direction by name with its degrees, or that it is calm."""
    if degrees is None:
        return quantity_value("wind_from_direction", None, "")
    if degrees == 0:
        return Markup('<span class="value">{}</span>').format(_("calm"))
    told = '<span class="value">{} <span class="unit">{:.0f}°</span></span>'
    return Markup(told).format(texts.compass(degrees), degrees)


def today(curves: Mapping[str, Sequence[Point]], now_us: int, offset_s: int) -> list[Extreme]:
    """Return lowest and highest temperature, strongest gust and rain since midnight, from good values only."""
    midnight = (now_us + offset_s * 1_000_000) // DAY_US * DAY_US - offset_s * 1_000_000
    found = []
    for label, channel, chosen, unit in (
        (_("Lowest today"), "air_temperature", min, "degC"),
        (_("Highest today"), "air_temperature", max, "degC"),
        (_("Strongest gust today"), "wind_speed_of_gust", max, "m/s"),
        (_("Rain today"), "rainfall_amount", sum, "mm"),
    ):
        pairs = good(curves.get(channel, ()), midnight)
        if pairs:
            one = figure(label, channel, pairs, chosen, unit, now_us - midnight)
            more = chosen is sum and any(doubted(p) for p in curves[channel] if p.start_us >= midnight)
            found.append(one._replace(value=at_least(one.value)) if more else one)
    return found


def doubted(minute: Point) -> bool:
    """Return whether a minute has a doubtful amount, which is not in the sum: more may have fallen."""
    return minute.quality == SUSPECT and (minute.value or 0.0) > 0.0


def at_least(amount: Markup) -> Markup:
    """Return an amount as a lower bound."""
    return Markup('<span class="value">≥ {}</span>').format(amount)


def figure(
    label: str,
    channel: str,
    pairs: Sequence[tuple[int, float]],
    chosen: Callable[[Iterable[float]], float],
    unit: str,
    span_us: int,
) -> Extreme:
    """Return a figure of a span's good minutes (time and value): their sum, or their extreme with its first time."""
    number = chosen(value for _at, value in pairs)
    at = None if chosen is sum else next(at for at, value in pairs if value == number)
    shown = total(number, unit) if chosen is sum else quantity_value(channel, number, unit)
    return Extreme(label, shown, at, rests_on(len(pairs), span_us))


def total(number: float | None, unit: str) -> Markup:
    """Return the sum of many minutes, with one decimal."""
    return quantity_value("air_temperature", number, unit)


def rests_on(minutes: int, span_us: int) -> str:
    """Return a note with the number of good minutes of a span; "" if they are most of it."""
    if minutes * MINUTE_US >= MOST * span_us:
        return ""
    return texts.ngettext(", from {n} good minute", ", from {n} good minutes", minutes).format(n=minutes)


def good(minutes: Sequence[Point], since_us: int) -> list[tuple[int, float]]:
    """Return time and value of the good minutes since an instant."""
    chosen = (p for p in minutes if p.quality == 1 and p.start_us >= since_us)
    return [(p.start_us, p.value) for p in chosen if is_number(p.value)]


def is_number(value: float | None) -> TypeGuard[float]:
    """Return whether the value is a finite number."""
    return value is not None and math.isfinite(value)


def freshness(end_us: int | None, now_us: int | None) -> str:
    """Return a value's age class for the style: "fresh", "old" or "gone"; "old" if it is unknown.

    A value with a future time is old: one of the two clocks is wrong.
    """
    if end_us is None or now_us is None:
        return "old"
    age = (now_us - end_us) / 1e6
    return "fresh" if abs(age) < OLD_S else "old" if age < GONE_S else "gone"


def age(end_us: int | None, now_us: int | None) -> str:
    """Return the age in words, as the page's script does."""
    if end_us is None or now_us is None:
        return _("age unknown")
    if end_us - now_us > OLD_S * 1_000_000:
        return _(AHEAD).format(n=(end_us - now_us) // 60_000_000)
    seconds = max(0, (now_us - end_us) // 1_000_000)
    if seconds < 100:
        return _("{n} s ago").format(n=seconds)
    if seconds < 6000:
        return _("{n} min ago").format(n=seconds // 60)
    if seconds < 172_800:
        return _("{n} h ago").format(n=seconds // 3600)
    return _("{n} d ago").format(n=seconds // 86_400)
