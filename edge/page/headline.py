"""The sentence at the top of a page: the current air temperature, and its trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from edge.language import texts
from edge.language.texts import _
from edge.page.markup import quantity_value, sentence
from edge.page.view import is_number
from edge.records.answers import Now, Point

TEMPERATURE, WET_BULB = "air_temperature", "wet_bulb_temperature"
MINUTE_US = 60_000_000
SPAN_MIN, LEAST = 30, 20  # minutes of the trend, and how many of them must be good
STEADY = 0.3  # K/h; slower changes are within the fluctuations of a thermometer in a screen in still air


class Headline(NamedTuple):
    """`value`: the temperature with its wet bulb; `word`, `why`: its flag and reason if not good; `then`: the trend."""

    value: Markup
    quality: int
    word: str
    why: str
    then: Markup | None


def headline(now: Now, derived: Mapping[str, float], minutes: Sequence[Point]) -> Headline | None:
    """Return the headline; None if nothing has been measured, or the station has no thermometer."""
    known = now.values.get(TEMPERATURE)
    if known is None:
        return None
    if known.quality == 9 or not is_number(known.value):
        return Headline(
            sentence(_("no air temperature")), 9, texts.flag_word(9), texts.render_known(known.reason), None
        )
    value = quantity_value(TEMPERATURE, known.value, "degC")
    if known.quality == 1 and (wet := derived.get(WET_BULB)) is not None:
        bulb = Markup('<span class="value">{}</span>').format(f"{wet:.1f}")
        aside = sentence(_(" (wet bulb {value})"), value=bulb)
        inner = aside.lstrip()  # the leading space of some languages stays outside the part without line breaks
        value += aside[: len(aside) - len(inner)] + Markup('<span class="aside">{}</span>').format(inner)
    word = "" if known.quality == 1 else texts.flag_word(known.quality)
    return Headline(value, known.quality, word, texts.render_known(known.reason), trend(minutes, now.end_us))


def trend(minutes: Sequence[Point], end_us: int | None) -> Markup | None:
    """Return the temperature's trend in words; None if too few of the last minutes are good, or they are undated."""
    per_hour = None if end_us is None else slope(minutes, end_us)
    if per_hour is None:
        return None
    if abs(per_hour) < STEADY:
        return sentence(_("steady over the last {n} min"), n=SPAN_MIN)
    value = quantity_value(TEMPERATURE, abs(per_hour), "degC")
    if per_hour < 0:
        return sentence(_("falling {value} an hour over the last {n} min"), n=SPAN_MIN, value=value)
    return sentence(_("rising {value} an hour over the last {n} min"), n=SPAN_MIN, value=value)


def slope(minutes: Sequence[Point], end_us: int) -> float | None:
    """Return K/h: the least-squares line through the good values of the last SPAN_MIN minutes."""
    first = end_us - SPAN_MIN * MINUTE_US
    found = [(p.start_us / 3.6e9, p.value) for p in minutes if p.quality == 1 and first <= p.start_us < end_us]
    pairs = [(at, value) for at, value in found if is_number(value)]
    if len(pairs) < LEAST:
        return None
    middle = sum(at for at, _value in pairs) / len(pairs)
    mean = sum(value for _at, value in pairs) / len(pairs)
    return sum((at - middle) * (value - mean) for at, value in pairs) / sum((at - middle) ** 2 for at, _v in pairs)
