"""The figures of an hour record, with unit and reporting resolution."""

from __future__ import annotations

from drivers.quantity import Quantity
from edge.measure.derived.minute_values import DERIVED

EVAPORATED, INDEX = "reference_evapotranspiration", "pm2p5_sub_index"
WARMTH = ("growing_degree_hours", "chill_hours", "utah_chill_units", "chill_portions")

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
