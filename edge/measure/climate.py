"""The air temperatures that are possible at a place in a month, from climate records by latitude, season and altitude.

Strategy: at sea level a coldest and a warmest air for midwinter and midsummer, in steps of latitude, each some kelvins
beyond what was recorded anywhere there; between the seasons by a cosine of the year, shifted three weeks towards winter
for the coldest and a month towards summer for the warmest, since records keep to no date. Colder by 8 K per kilometre
(the free air has 6.5, but cold air gathers in high basins), and less warm by what the hottest towns at each height
show. It is generous on purpose: a doubt raised by a place's worst day is worth nothing, and the check must find a
thermometer that is wrong from its first day, which no step and no second sensor shows.

Sources: the extremes of the WMO's archive (56.7 degC at 36 N, -67.8 at 67 N, -89.2 at 78 S and 3,488 m, 49.6 at
50 N, 38.0 at 67 N) and records of towns (-26.7 at 33 N, -31 at 34 N, -51.5 at 47 N, -52.3 at 53 N; -12 in July at 44 N
and 2,100 m; 45.6 at 1,230 m, 42.7 at 1,790 m, 35 at 3,500 m; 36.7 in January at 27 N, 19.9 at 58 N), from memory; the
margins are ours.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from drivers.quantity import quantity
from drivers.reason import Reason
from edge.measure.derived.et0 import Place
from edge.measure.value import Value

Curve = Sequence[tuple[float, float]]
# By degrees of latitude, degC at sea level.
COLDEST_WINTER: Curve = ((0, 2), (10, 0), (20, -10), (30, -25), (40, -48), (50, -62), (60, -72), (70, -80))
COLDEST_SUMMER: Curve = ((0, 2), (20, 0), (40, -9), (60, -18), (70, -28), (75, -50), (90, -50))
WARMEST_SUMMER: Curve = (
    (0, 48),
    (10, 52),
    (15, 55),
    (20, 58),
    (25, 60),
    (38, 60),
    (50, 54),
    (60, 46),
    (70, 41),
    (80, 28),
    (90, 20),
)
WARMEST_WINTER: Curve = ((0, 48), (15, 48), (25, 45), (30, 42), (40, 37), (50, 32), (60, 27), (70, 23), (80, 15))
BY_HEIGHT: Curve = ((0, 0), (1500, -11), (2300, -19.5), (3500, -22), (5000, -32), (9000, -60))  # of the warmest
COLDER = 8.0 / 1000.0  # K/m
YEAR, MIDSUMMER = 365.25, 201.0  # days: 20 July, when the north is warmest
EARLY, LATE = 21.0, 31.0  # days towards winter for the coldest, towards summer for the warmest
JUDGED = {"air_temperature": (True, True), "soil_temperature": (True, False)}  # the coldest, the warmest; soil bakes


class Climate:
    """Compares the temperatures of a station with its place and season."""

    def __init__(self, site: Place, channels: Mapping[str, str]) -> None:
        """`channels`: name -> quantity."""
        self._site = site
        self._channels = {name: of for name, of in channels.items() if of in JUDGED}
        self._day: int | None = None
        self._band = (0.0, 0.0)

    def doubts(self, end: float, utc_offset: float | None, values: Mapping[str, Value]) -> dict[str, Reason]:
        """Return channel -> why it is suspect, in the minute until `end` s; by the year's range without a date."""
        if not self._channels:
            return {}
        day = 0 if utc_offset is None else datetime.fromtimestamp(end + utc_offset, UTC).timetuple().tm_yday
        if day != self._day:
            self._day, self._band = day, band(self._site, day or None)
        low, high = self._band
        found = {}
        for name, of in self._channels.items():
            value = values.get(name)
            cold, warm = JUDGED[of]
            if value is None or value.value is None:
                continue
            if (cold and value.value < low) or (warm and value.value > high):
                found[name] = Reason(
                    "beyond_climate",
                    "{value:.1f} {unit}: not plausible for this place and season ({low:.0f} to {high:.0f})",
                    value=value.value,
                    unit=quantity(of).unit,
                    low=low,
                    high=high,
                )
        return found


def band(site: Place, day: int | None) -> tuple[float, float]:
    """Return the coldest and warmest air, degC, of a place on a day of the year; of the whole year for None."""
    latitude = abs(site.latitude)
    cold = (interpolated(COLDEST_WINTER, latitude), interpolated(COLDEST_SUMMER, latitude))
    warm = (interpolated(WARMEST_WINTER, latitude), interpolated(WARMEST_SUMMER, latitude))
    summer, longer = (
        (0.0, 1.0) if day is None else (share_of_summer(site, day, -EARLY), share_of_summer(site, day, LATE))
    )
    low = cold[0] + summer * (cold[1] - cold[0]) - COLDER * site.altitude_m
    high = warm[0] + longer * (warm[1] - warm[0]) + interpolated(BY_HEIGHT, site.altitude_m)
    return round(low, 1), round(high, 1)


def share_of_summer(site: Place, day: int, towards_summer: float) -> float:
    """Return the share of summer of a day, 0 to 1, shifted by at most so many days towards summer (< 0: winter)."""
    midsummer = MIDSUMMER if site.latitude >= 0 else MIDSUMMER - YEAR / 2
    away = abs((day - midsummer + YEAR / 2) % YEAR - YEAR / 2)
    nearest = min(max(away - towards_summer, 0.0), YEAR / 2)
    return 0.5 + 0.5 * math.cos(2 * math.pi * nearest / YEAR)


def interpolated(curve: Curve, place: float) -> float:
    """Return a curve's value at a place: linear between its points, constant beyond them."""
    right = bisect_right(curve, place, key=lambda point: point[0])
    if right in (0, len(curve)):
        return curve[min(right, len(curve) - 1)][1]
    (x0, y0), (x1, y1) = curve[right - 1], curve[right]
    return y0 + (y1 - y0) * (place - x0) / (x1 - x0)
