"""Words about single readings: what a device's own total is called, where it is, and how well a time is known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from drivers.buses.bus import place_of
from edge.language import texts
from edge.language.readings import margin, read_label


@pytest.mark.parametrize(
    ("lang", "rain", "wind"), [("en", "Rainfall, running total", "Wind speed"), ("zh", "累计雨量", "风速")]
)
def test_a_gauges_running_total_is_called_one(lang: str, rain: str, wind: str) -> None:
    """3132.5 mm of a device that counts since it was bought is no rain of this minute."""
    with texts.speaking(lang):
        assert (read_label("rainfall_amount"), read_label("wind_speed")) == (rain, wind)


@pytest.mark.parametrize(("lang", "said"), [("en", "/dev/ttyUSB0 address 3"), ("zh", "/dev/ttyUSB0 地址 3")])
def test_an_address_on_a_line_is_called_one(lang: str, said: str) -> None:
    """A bare number behind a port says nothing."""
    with texts.speaking(lang):
        assert texts.render(place_of("modbus", SimpleNamespace(port="/dev/ttyUSB0", address=3))) == said


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.05, "0.05"), (0.0561, "0.06"), (0.991, "1.0"), (1.25, "1.3"), (9.96, "10"), (42.1, "43"), (1234.0, "1234")],
)
def test_the_error_of_a_time_has_two_digits_and_is_not_made_smaller(seconds: float, told: str) -> None:
    """What stands behind ± is what the time is good for."""
    assert margin(seconds) == told
