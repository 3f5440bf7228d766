"""Sentences with embedded values: translated as a whole, and safe as HTML."""

from __future__ import annotations

from markupsafe import Markup

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.measure.derived.hourly import HOURLY
from edge.records.channel_name import ChannelName


def sentence(text: str, **gaps: str | float) -> Markup:
    """Return a translated sentence with its gaps filled; values that are not Markup are escaped."""
    return Markup.escape(text).format(**gaps)


def quantity_value(channel: str, number: float | None, unit: str) -> Markup:
    """Return a value with its unit, without a line break between them; "–" if there is no value."""
    return amount(texts.value(number, decimals(channel)), "" if number is None else unit)


def value_text(channel: str, number: float | None, unit: str) -> str:
    """Return the same as plain text, also without a line break between them."""
    shown = "" if number is None else texts.unit_sign(unit)
    return f"{texts.value(number, decimals(channel))}{_space(shown)}{shown}"


def amount(number: str, unit: str) -> Markup:
    """Return a number and its unit, without a line break between them."""
    shown = texts.unit_sign(unit)
    if not shown:
        return Markup('<span class="value">{}</span>').format(number)
    return Markup('<span class="value">{}{}<span class="unit">{}</span></span>').format(number, _space(shown), shown)


def _space(unit: str) -> str:
    """Return the separator between a number and this unit."""
    return "" if unit in ("", "°") else "\N{NARROW NO-BREAK SPACE}"


def decimals(channel: str) -> int:
    """Return the decimals shown to people: those that are recorded, but at most two, and one for temperatures."""
    name = ChannelName.parse(channel).quantity
    known = QUANTITIES.get(name) or HOURLY.get(name)
    if known is None:
        return 2
    return 1 if known.unit == "degC" else min(known.decimals, 2)
