"""Limits of each quantity: what no instrument at any station may report, and what is strange at this one.

Sources: Zahumensky 2004, Guidelines on QC procedures for data from AWS (WMO): gross ranges, sample-to-sample
steps and least changes in 60 min. Pressure at altitude: standard atmosphere +-30 hPa (a gross range of
500-1100 hPa finds nothing at 1,590-2,500 m: a sea-level value passes it).
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.quantity import QUANTITIES


@dataclass(frozen=True, slots=True)
class Limits:
    """In the quantity's unit. Outside `fail`: flag 4; outside `suspect`: 3; `step`: sample to sample, 3.

    `still`: the least change in 60 min while the quantity can move (None: it may stand still for ever).
    """

    fail: tuple[float, float]
    suspect: tuple[float, float] | None = None
    step: float | None = None
    still: float | None = None


GROSS: dict[str, Limits] = {
    "air_temperature": Limits((-80, 60), (-40, 50), step=2.0, still=0.1),
    "relative_humidity": Limits((0, 100.5), None, step=5.0, still=1.0),
    "air_pressure": Limits((300, 1100), None, step=0.3, still=0.1),
    "wind_speed": Limits((0, 75), (0, 60), step=20.0, still=0.5),
    "wind_from_direction": Limits((0, 360), still=10.0),
    "illuminance": Limits((0, 200_000), (0, 150_000)),
    "pm1": Limits((0, 6500), (0, 1000)),
    "pm2p5": Limits((0, 6500), (0, 1000)),
    "pm10": Limits((0, 6500), (0, 1000)),
    "soil_temperature": Limits((-50, 50), None, step=1.0),
    "soil_moisture": Limits((0, 100)),
    "leaf_wetness": Limits((0, 100)),
}
ANY = Limits((float("-inf"), float("inf")))
PRESSURE_BAND = 30.0  # hPa around the standard atmosphere


def standard_pressure(altitude_m: float) -> float:
    """Pressure of the ICAO standard atmosphere, hPa, below 11 km."""
    return float(1013.25 * (1 - 2.25577e-5 * altitude_m) ** 5.25588)


def limits_for(quantity: str, altitude_m: float) -> Limits:
    """The limits of a quantity at a station of that altitude (metres above sea level)."""
    if quantity not in QUANTITIES:
        raise KeyError(f"no quantity {quantity!r}")
    gross = GROSS.get(quantity, ANY)
    if quantity != "air_pressure":
        return gross
    middle = standard_pressure(altitude_m)
    return Limits(gross.fail, (middle - PRESSURE_BAND, middle + PRESSURE_BAND), gross.step, gross.still)
