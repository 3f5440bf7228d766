"""The quantities that a station measures: each has one unit and one reporting resolution, permanently.

Names are CF standard names where CF has one (`air_temperature`, `wind_speed_of_gust`, ...), otherwise the
field's plain term. A changed sensor therefore changes no column on the platform.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Aggregation(StrEnum):
    """How one minute of readings becomes one value."""

    MEAN = "mean"  # arithmetic mean of the samples
    WIND_SPEED = "wind_speed"  # scalar mean, three quarters of the samples needed
    DIRECTION = "direction"  # unit-vector mean, 1-360, 0 for calm
    TOTAL = "total"  # rise of a running total that is never cleared
    LAST = "last"  # the newest reading of the minute (states, slow counters)


class Quantity(NamedTuple):
    """One measurable thing: its name, unit, reporting resolution (in that unit) and kind.

    Not a dataclass: its methods would be generated at the start of every command.
    """

    name: str
    unit: str
    resolution: float
    kind: Aggregation = Aggregation.MEAN

    @property
    def decimals(self) -> int:
        """Digits after the decimal point that the resolution leaves."""
        text = f"{self.resolution:.6f}".rstrip("0")
        return len(text.partition(".")[2])

    def rounded(self, value: float) -> float:
        """Return `value` at the reporting resolution (never -0.0)."""
        return round(value, self.decimals) + 0.0


def _table(*rows: Quantity) -> dict[str, Quantity]:
    return {row.name: row for row in rows}


QUANTITIES: dict[str, Quantity] = _table(
    Quantity("air_temperature", "degC", 0.01),
    Quantity("relative_humidity", "%", 0.1),
    Quantity("air_pressure", "hPa", 0.1),
    Quantity("illuminance", "lux", 1),
    Quantity("wind_speed", "m/s", 0.1, Aggregation.WIND_SPEED),
    Quantity("wind_from_direction", "degree", 1, Aggregation.DIRECTION),
    Quantity("wind_speed_of_gust", "m/s", 0.1),
    Quantity("rainfall_amount", "mm", 0.01, Aggregation.TOTAL),
    Quantity("rainfall_amount_corrected", "mm", 0.01),
    Quantity("pm1", "ug/m3", 0.1),
    Quantity("pm2p5", "ug/m3", 0.1),
    Quantity("pm10", "ug/m3", 0.1),
    Quantity("soil_temperature", "degC", 0.01),
    Quantity("soil_moisture", "%", 0.1),
    Quantity("soil_conductivity", "uS/cm", 1),
    Quantity("leaf_wetness", "%", 0.1),
    Quantity("leaf_temperature", "degC", 0.01),
    Quantity("solar_irradiance", "W/m2", 1),
    Quantity("co2", "ppm", 1),
    Quantity("noise", "dB", 0.1),
    Quantity("battery_voltage", "V", 0.01),
    Quantity("battery_current", "A", 0.001),
    Quantity("battery_power", "W", 0.01),
    Quantity("load_current", "A", 0.001),
    Quantity("panel_voltage", "V", 0.01),
    Quantity("panel_power", "W", 0.1),
    Quantity("charger_state", "code", 1, Aggregation.LAST),
    Quantity("charger_yield_total", "kWh", 0.01, Aggregation.LAST),
)


def quantity(name: str) -> Quantity:
    """Return the quantity of that name. Raise KeyError with the existing names."""
    try:
        return QUANTITIES[name]
    except KeyError:
        raise KeyError(f"no quantity {name!r}; known are {', '.join(QUANTITIES)}") from None
