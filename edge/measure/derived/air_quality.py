"""Air quality from particles: what a low-cost sensor supports.

The PM sub-index of HJ 633 (IAQI), exact by fractions, with the breakpoints in force on the date. It is not the AQI:
four of its six pollutants are not measured, and a low-cost sensor computes PM10 mostly from small particles, so it has
no index here.
"""

from __future__ import annotations

import math
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import msgspec

SINCE_2026 = date(2026, 3, 1)  # HJ 633-2026 with GB 3095-2026 in force
LABEL = "PM2.5 sub-index (HJ 633), reference only: low-cost sensor, hourly mean"
IAQI = (0, 50, 100, 150, 200, 300, 400, 500)
PM2P5 = {"2026": (0, 35, 60, 115, 150, 250, 350, 500), "2012": (0, 35, 75, 115, 150, 250, 350, 500)}
PM10 = {"2026": (0, 50, 120, 250, 350, 420, 500, 600), "2012": (0, 50, 150, 250, 350, 420, 500, 600)}
CLASSES = ((50, "good"), (100, "fair"), (150, "light"), (200, "moderate"), (300, "heavy"), (500, "severe"))


class SubIndex(msgspec.Struct, frozen=True):
    """A sub-index 0..500, its class, the edition it follows, and the label that must accompany it."""

    value: int
    grade: str
    edition: str
    label: str = LABEL


def pm2p5_sub_index(concentration: float | Decimal, on: date) -> SubIndex:
    """Return the sub-index of an hourly (or daily) mean of PM2.5, ug/m3, by the edition in force on the day.

    Hourly values use the 24-h nodes (HJ 633-2026). Raise ValueError for a negative concentration.
    """
    edition = "2026" if on >= SINCE_2026 else "2012"
    value = iaqi(concentration, PM2P5[edition])
    return SubIndex(value, next(grade for top, grade in CLASSES if value <= top), f"HJ 633-{edition}")


def iaqi(concentration: float | Decimal, nodes: tuple[int, ...]) -> int:
    """Return the IAQI of a concentration, ug/m3, over concentration nodes that belong to `IAQI`.

    The concentration is rounded to whole ug/m3, half to even (GB/T 8170); the index is linear between nodes and rounded
    up; from the last node on it is 500. Exact: a float slightly over a whole number would be rounded up wrongly. Raise
    ValueError for a negative concentration.
    """
    whole = int(Decimal(str(concentration)).quantize(Decimal(1), ROUND_HALF_EVEN))
    if whole < 0:
        raise ValueError(f"a concentration of {concentration} ug/m3; it should be 0 or more")
    if whole >= nodes[-1]:
        return IAQI[-1]
    at = next(n for n, node in enumerate(nodes) if whole < node)
    share = Fraction(whole - nodes[at - 1], nodes[at] - nodes[at - 1])
    return math.ceil(IAQI[at - 1] + share * (IAQI[at] - IAQI[at - 1]))
