"""Option types of commands: the speed of simulated time, durations, and numbers within a range."""

from __future__ import annotations

import re
from typing import Any

import click

from drivers.wide_signs import narrowed
from edge.language.texts import _

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
UNITS |= {"秒": 1, "分钟": 60, "分": 60, "小时": 3600, "时": 3600, "天": 86400}
SHORTEST = 1.0  # s
FORM = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(UNITS)})?", re.ASCII)


class Speed(click.ParamType["float | None"]):
    """Simulated seconds per real one, or "max"."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """Return a positive number, or infinity for "max"."""
        if value == "max":
            return float("inf")
        try:
            number = float(value)
        except ValueError:
            number = 0.0
        if not number > 0:
            self.fail(_('"{value}" is not a speed: give a positive number, or max').format(value=value), param, ctx)
        return number


class Duration(click.ParamType[float]):
    """A duration, as 90s, 20m, 6h, 2d; a number without a unit is refused, and so is less than SHORTEST.

    `zero`: 0 is allowed too.
    """

    name = "duration"

    def __init__(self, zero: bool = False) -> None:
        self._zero = zero

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        found = FORM.fullmatch(narrowed(str(value)).strip())
        number = float(found[1]) if found is not None else 0.0
        if found is None or not (number > 0 or self._zero) or number == float("inf"):
            wrong = _('"{value}" is not a duration: write it as 90s, 20m, 6h or 2d')
            if self._zero:
                wrong = _('"{value}" is not a duration: write it as 90s, 20m, 6h or 2d, or 0 to end it')
            self.fail(wrong.format(value=value), param, ctx)
        if not found[2] and number > 0:
            sentence = _("{value} is not a duration: write {value}m for minutes, {value}s for seconds").format(
                value=found[1]
            )
            self.fail(sentence, param, ctx)
        seconds = number * UNITS[found[2] or "s"]
        if 0 < seconds < SHORTEST:
            self.fail(_('"{value}" is too short: at least 1s').format(value=value), param, ctx)
        return seconds


class IntRange(click.IntRange):
    """An integer within a range, which is described in words."""

    def _describe_range(self) -> str:
        return range_in_words(self.min, self.max)


class FloatRange(click.FloatRange):
    """A number within a range, which is described in words."""

    def _describe_range(self) -> str:
        return range_in_words(self.min, self.max)


def range_in_words(low: float | None, high: float | None) -> str:
    """Return a range in words, both ends included: "from 1 to 50"; None is an open end."""
    if low is None:
        return _("up to {high}").format(high=high)
    return (_("from {low} up") if high is None else _("from {low} to {high}")).format(low=low, high=high)
