"""Words about single readings, and about the error of a time."""

from __future__ import annotations

import math

from drivers.quantity import QUANTITIES, Aggregation
from edge.language import texts
from edge.language.texts import _


def read_label(quantity: str) -> str:
    """Return what a reading of a quantity is called: of an amount the device tells its own running total."""
    told, known = texts.label(quantity), QUANTITIES.get(quantity)
    is_total = known is not None and known.kind is Aggregation.TOTAL
    return _("{quantity}, running total").format(quantity=told) if is_total else told


def margin(seconds: float) -> str:
    """Return the error of a time, s, with at most two digits and never smaller than it is: 0.06, 1.3, 42."""
    for most, decimals in ((1.0, 2), (10.0, 1)):
        found = math.ceil(seconds * 10**decimals - 1e-9) / 10**decimals
        if found < most:
            return f"{found:.{decimals}f}"
    return f"{math.ceil(seconds - 1e-9)}"
