"""Doubts about a tipping bucket: too much rain, melt, a clogged funnel, dripping in dry air.

Sources: gauges of Chinese stations are specified to 4 mm/min (AWS specification, table 3-1), more is suspect; over
40 mm/min is not counted as rain when the counter is read (Zahumensky 2004). Ours, no source found: under 1 degC a
bucket measures melt, not snowfall; a gauge that stays at zero while another of the mast reports more than 2 mm in an
hour is clogged; tips at regular intervals, in air too dry for drizzle, are a clogged funnel that drips. With a single
gauge and no humidity a clog cannot be distinguished from a dry day, and nothing is flagged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from itertools import pairwise

import msgspec

from drivers.reason import Reason
from edge.measure.consistency import number
from edge.measure.limits import SUSPECT_MM_PER_MIN
from edge.measure.value import Value

MELT = 1.0  # degC
HOUR = 3600.0
OTHERS_TELL = 2.0  # mm in an hour
DRIPS = 7  # tips whose intervals are compared
DRIP_MINUTES = (3.0, 60.0)  # min; faster drips are as frequent as rain's tips, slower ones cannot be found in a night
DRIP_SPREAD = 75.0  # s; the instant of a tip is only known to the minute
DRY = 75.0  # % humidity; drizzle that tips for hours moistens the air well above this


class Gauge(msgspec.Struct):
    """The memory of one gauge: an hour of its minutes, and its last tips. `heated`: it melts snow."""

    name: str
    heated: bool = False
    hour: deque[tuple[float, float]] = msgspec.field(default_factory=lambda: deque(maxlen=120))
    tips: deque[tuple[float, float]] = msgspec.field(default_factory=lambda: deque(maxlen=DRIPS))

    def take(self, begin: float, end: float, amount: float) -> None:
        """Add a minute, mm."""
        self.hour.append((end, amount))
        while self.hour[0][0] <= end - HOUR:
            self.hour.popleft()
        if amount > 0:
            self.tips.append((begin, amount))

    def fell(self) -> float:
        """Return the mm in the last hour."""
        return sum(amount for _, amount in self.hour)

    def drips(self) -> bool:
        """Return whether the last tips had equal amounts and regular intervals."""
        if len(self.tips) < DRIPS or len({amount for _, amount in self.tips}) > 2:
            return False
        times = [at for at, _ in self.tips]
        gaps = [b - a for a, b in pairwise(times)]
        low, high = DRIP_MINUTES
        return low * 60 <= min(gaps) and max(gaps) <= high * 60 and max(gaps) - min(gaps) <= DRIP_SPREAD


class Rain:
    """All gauges of a station."""

    def __init__(self, gauges: Mapping[str, bool]) -> None:
        """`gauges`: name -> whether it is heated, so that snow is measured as it falls."""
        self._gauges = [Gauge(name, heated) for name, heated in gauges.items()]

    def doubts(self, begin: float, end: float, values: Mapping[str, Value]) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute [begin, end) s."""
        for gauge in self._gauges:
            amount = number(values, gauge.name)
            if amount is not None:
                gauge.take(begin, end, amount)
        found = {gauge.name: self._doubt(gauge, begin, end, values) for gauge in self._gauges}
        return {name: doubt for name, doubt in found.items() if doubt}

    def _doubt(self, gauge: Gauge, begin: float, end: float, values: Mapping[str, Value]) -> Reason | None:
        amount = number(values, gauge.name)
        if amount is None:
            return None
        if amount > SUSPECT_MM_PER_MIN * max(1.0, (end - begin) / 60.0):
            return Reason(
                "more_than_specified",
                "{amount:g} mm in a minute, more than gauges are specified for ({most:g})",
                amount=amount,
                most=SUSPECT_MM_PER_MIN,
            )
        temperature = number(values, "air_temperature")
        if amount > 0 and temperature is not None and temperature < MELT and not gauge.heated:
            return Reason("melt", "melt, not snowfall: air at {temperature:g} degC", temperature=temperature)
        return self._clogged(gauge) or (_dripping(gauge, values) if amount > 0 else None)

    def _clogged(self, gauge: Gauge) -> Reason | None:
        read = {end for end, _ in gauge.hour}  # rain while this one was not read is no evidence
        for other in self._gauges if gauge.fell() == 0 else ():
            amount = sum(amount for end, amount in other.hour if end in read)
            if other is not gauge and amount > OTHERS_TELL:
                return Reason(
                    "clogged",
                    "clogged? no rain in an hour in which {other} reports {amount:.4g} mm",
                    other=other.name,
                    amount=round(amount, 3),
                )
        return None


def _dripping(gauge: Gauge, values: Mapping[str, Value]) -> Reason | None:
    humidity = number(values, "relative_humidity")
    if humidity is None or humidity >= DRY or not gauge.drips():
        return None
    return Reason("drips", "drips? {tips} tips as by a clock at {humidity:g} % humidity", tips=DRIPS, humidity=humidity)
