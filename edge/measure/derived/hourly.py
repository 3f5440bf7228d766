"""The derived quantities, with unit and reporting resolution: only tables, because every command loads them.

`DERIVED` follows from one minute's values, `HOURLY` is in an hour record, `COUNTED` are a season's sums.
"""

from __future__ import annotations

from drivers.quantity import Quantity

EVAPORATED, INDEX = "reference_evapotranspiration", "pm2p5_sub_index"
WARMTH = ("growing_degree_hours", "chill_hours", "utah_chill_units", "chill_portions")

DERIVED: dict[str, Quantity] = {
    q.name: q
    for q in (
        Quantity("dew_point_temperature", "degC", 0.1),
        Quantity("frost_point_temperature", "degC", 0.1),
        Quantity("wet_bulb_temperature", "degC", 0.1),
        Quantity("delta_t", "K", 0.1),
        Quantity("vapour_pressure_deficit", "kPa", 0.01),
    )
}

HOURLY: dict[str, Quantity] = {
    q.name: q
    for q in (
        Quantity(EVAPORATED, "mm", 0.001),
        Quantity("growing_degree_hours", "K h", 0.1),
        Quantity("chill_hours", "h", 1),
        Quantity("utah_chill_units", "1", 0.5),
        Quantity("chill_portions", "1", 0.001),
        Quantity(INDEX, "1", 1),
        *DERIVED.values(),
    )
}

COUNTED: dict[str, Quantity] = {
    **{name: HOURLY[name] for name in WARMTH},
    "growing_degree_days": Quantity("growing_degree_days", "K d", 0.1),
}
FIGURES = HOURLY | COUNTED
