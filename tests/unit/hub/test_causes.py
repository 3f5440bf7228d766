"""How a page says in words why minutes are not good."""

from __future__ import annotations

import pytest

from edge.language import texts
from edge.records.answers import NotGood
from hub.causes import doubt

CHANNELS = ("air_temperature", "relative_humidity", "air_pressure", "illuminance", "wind_speed", "rainfall_amount")


@pytest.mark.parametrize(
    ("count", "lang", "said"),
    [
        (4, "en", "7 minutes without Air temperature, Relative humidity, Air pressure, Illuminance"),
        (6, "en", "7 minutes without Air temperature, Relative humidity, Air pressure, Illuminance and 2 more"),
        (6, "zh", "气温、相对湿度、气压、光照度及另外 2 项缺测 7 分钟"),
    ],
)
def test_a_bus_that_takes_many_channels_with_it_is_a_line_that_a_phone_shows(count: int, lang: str, said: str) -> None:
    """The first few are named; how many more there are is said, and none is left out in silence."""
    with texts.speaking(lang):
        assert doubt(NotGood(0, 420_000_000, 7, list(CHANNELS[:count]), True, None)) == said
