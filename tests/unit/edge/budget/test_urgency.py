"""Which minutes are sent each at once, and until when."""

from __future__ import annotations

import msgspec
import pytest

from edge.budget.urgency import Urgency
from edge.records.record import ClockMark, Kind, Record, Stamp


def minute(end: float, **values: float | None) -> Record:
    """Return the record of a minute that ends at an instant of the boot, s."""
    body = msgspec.Raw(msgspec.json.encode({"values": values, "quality": dict.fromkeys(values, 1), "reasons": {}}))
    return Record("e", 1, Kind.MINUTE, Stamp("b", end - 60.0), 60.0, None, ClockMark("arrival"), 0, None, body)


@pytest.mark.parametrize(
    ("values", "matters"),
    [
        ({"air_temperature": 1.9}, True),
        ({"air_temperature": 2.1}, False),
        ({"air_temperature": 6.0, "air_temperature.low": 1.9}, True),
        ({"air_temperature": None, "soil_temperature": 0.5}, False),
        ({"wind_speed_of_gust": 17.2}, True),
        ({"wind_speed_of_gust": 3.0, "wind_speed_of_gust.mast": 17.2}, True),
        ({"wind_speed_of_gust": 17.1, "wind_speed": 18.0}, False),
        ({"rainfall_amount": 0.5}, True),
        ({"rainfall_amount": 0.0, "rainfall_amount.second": 0.5}, True),
        ({"rainfall_amount": 0.4}, False),
    ],
)
def test_a_minute_of_frost_gale_or_cloudburst_of_any_sensor_matters(
    values: dict[str, float | None], matters: bool
) -> None:
    """Below 2 degC, from a gale of Beaufort 8 on, from 0.5 mm in a minute on: each goes for half an hour more."""
    urgency = Urgency()
    urgency.minute(minute(900.0, **values))
    assert urgency.until == (900.0 + 1800.0 if matters else float("-inf"))


def test_what_matters_longer_is_not_cut_short() -> None:
    """Somebody who looks during a frost takes nothing from its half hour."""
    urgency = Urgency()
    urgency.minute(minute(900.0, air_temperature=-1.0))
    urgency.matters_until(1500.0)
    assert urgency.until == 2700.0
