"""What a station's page shows, made of what a station or a hub answers: the same for both hosts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeGuard

from markupsafe import Markup

from drivers.quantity import QUANTITIES, Aggregation
from edge.language import texts
from edge.language.texts import _
from edge.page.markup import quantity_value
from edge.page.spark import Spark, spark
from edge.records.answers import Now, Point, Value
from edge.records.channel_name import ChannelName

DAY_US = 86_400_000_000
OLD_S = 180  # s after which a value is old: two minutes that did not come
GONE_S = 3600
ORDER = {name: place for place, name in enumerate(QUANTITIES)}


class Card(NamedTuple):
    """One channel: its value with unit, its quality as a number and a word (good: none), why, its last 24 hours."""

    channel: str
    label: str
    value: Markup
    quality: int
    word: str
    why: str
    spark: Spark | None
    spoken: str  # what the small curve shows, in a sentence
    second: bool  # of a sensor beside the primary one


class Extreme(NamedTuple):
    """A figure of today: its name, its value, and when it was (None: it has no time)."""

    label: str
    value: Markup
    at_us: int | None


def cards(now: Now, curves: Mapping[str, Sequence[Point]], last_us: int) -> list[Card]:
    """Return a card for each channel of the newest minute, the station's own quantities first; `last_us`: now."""
    ranked = sorted(now.values, key=rank)
    return [card(name, now.values[name], curves.get(name, ()), last_us) for name in ranked]


def rank(channel: str) -> tuple[bool, int, str]:
    """Return where a channel stands: those that are primary first, in the order of the quantities."""
    name = ChannelName.parse(channel)
    return bool(name.sensor), ORDER.get(name.quantity, len(ORDER)), channel


def card(channel: str, known: Value, minutes: Sequence[Point], last_us: int) -> Card:
    """Return what is shown of one channel. A missing value is none, whatever came with it; nor is what is no number."""
    number = known.value if known.quality != 9 and is_number(known.value) else None
    word = "" if known.quality == 1 else texts.flag_word(known.quality)
    curve = spark(minutes, last_us - DAY_US, last_us, is_amount(channel))
    spoken = "" if curve is None else span_of(channel, curve, known.unit)
    value = compass(number) if is_direction(channel) else quantity_value(channel, number, known.unit)
    why, second = texts.render_known(known.reason), bool(ChannelName.parse(channel).sensor)
    return Card(channel, texts.label(channel), value, known.quality, word, why, curve, spoken, second)


def span_of(channel: str, curve: Spark, unit: str) -> str:
    """Return between what a curve moves, for those who hear it."""
    low, high = (quantity_value(channel, one, unit).striptags() for one in (curve.lowest, curve.highest))
    if is_amount(channel):
        return _("Last 24 h: at most {high} in six minutes").format(high=high)
    return _("Last 24 h: between {low} and {high}").format(low=low, high=high)


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
    """Return lowest and highest temperature, strongest gust and rain since midnight, of good values alone."""
    midnight = (now_us + offset_s * 1_000_000) // DAY_US * DAY_US - offset_s * 1_000_000
    found = []
    warm = good(curves.get("air_temperature", ()), midnight)
    if warm:
        found.append(extreme(_("Lowest today"), "air_temperature", min(warm, key=lambda pair: pair[1]), "degC"))
        found.append(extreme(_("Highest today"), "air_temperature", max(warm, key=lambda pair: pair[1]), "degC"))
    gusts = good(curves.get("wind_speed_of_gust", ()), midnight)
    if gusts:
        found.append(extreme(_("Strongest gust today"), "wind_speed_of_gust", max(gusts, key=lambda p: p[1]), "m/s"))
    if rain := good(curves.get("rainfall_amount", ()), midnight):
        total = sum(amount for _at, amount in rain)
        found.append(Extreme(_("Rain today"), quantity_value("air_temperature", total, "mm"), None))
    return found


def good(minutes: Sequence[Point], since_us: int) -> list[tuple[int, float]]:
    """Return time and value of the good minutes from an instant on."""
    chosen = (p for p in minutes if p.quality == 1 and p.start_us >= since_us)
    return [(p.start_us, p.value) for p in chosen if is_number(p.value)]


def is_number(value: float | None) -> TypeGuard[float]:
    """Return whether there is a value, and it is a number that can be shown."""
    return value is not None and math.isfinite(value)


def extreme(label: str, channel: str, pair: tuple[int, float], unit: str) -> Extreme:
    """Return one of them."""
    return Extreme(label, quantity_value(channel, pair[1], unit), pair[0])


def freshness(end_us: int | None, now_us: int | None) -> str:
    """Return how old a value is, as the style knows it: "fresh", "old" or "gone"; "old" where nobody knows."""
    if end_us is None or now_us is None:
        return "old"
    age = (now_us - end_us) / 1e6
    return "fresh" if age < OLD_S else "old" if age < GONE_S else "gone"


def age(end_us: int | None, now_us: int | None) -> str:
    """Return the age in words, as the page's script tells it."""
    if end_us is None or now_us is None:
        return _("age unknown")
    seconds = max(0, (now_us - end_us) // 1_000_000)
    if seconds < 100:
        return _("{n} s ago").format(n=seconds)
    if seconds < 6000:
        return _("{n} min ago").format(n=seconds // 60)
    if seconds < 172_800:
        return _("{n} h ago").format(n=seconds // 3600)
    return _("{n} d ago").format(n=seconds // 86_400)
