"""Option types of commands: how fast simulated time goes, and how long something lasts."""

from __future__ import annotations

import re
from typing import Any

import click

from edge.language.texts import _

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


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
            self.fail(_("{value} is no speed: give a positive number, or max").format(value=repr(value)), param, ctx)
        return number


class Span(click.ParamType[float]):
    """A span of time: 90s, 20m, 6h, 2d; a bare number is seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the duration in seconds."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?", str(value).strip())
        if found is None or not float(found[1]) > 0:
            self.fail(_("{value} is no duration: write it as 90s, 20m, 6h or 2d").format(value=repr(value)), param, ctx)
        return float(found[1]) * UNITS[found[2] or "s"]
