"""A value beside its unit: a wind's direction by its name, and the direction of no wind."""

from __future__ import annotations

import pytest

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.language.spoken import Spoken
from edge.language.words import UNITS


@pytest.mark.parametrize(
    ("channel", "number", "unit", "english", "chinese"),
    [
        ("air_temperature.hedge", 4.7, "degC", "4.70 °C", "4.70 °C"),
        ("wind_from_direction", 214.0, "degree", "214 ° (SW)", "214 °（西南）"),
        ("wind_from_direction.mast", 360.0, "degree", "360 ° (N)", "360 °（北）"),
        ("wind_from_direction", 23.0, "degree", "23 ° (NE)", "23 °（东北）"),
        ("wind_from_direction", 0.0, "degree", "calm", "静风"),
        ("wind_from_direction", None, "degree", "–", "–"),
        ("wind_speed", 0.0, "m/s", "0.0 m/s", "0.0 m/s"),
        ("panel_power", 18.0, "W", "18.0 W", "18.0 W"),
    ],
)
def test_an_amount_is_told_as_people_say_it(
    channel: str, number: float | None, unit: str, english: str, chinese: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0 degrees is no north wind but none at all (360 is north), and nobody has to know what 214 degrees is."""
    monkeypatch.setenv("LANGUAGE", "en")
    assert texts.amount(channel, number, unit) == english
    texts.speak("zh")
    try:
        assert texts.amount(channel, number, unit) == chinese
    finally:
        texts.speak("en")


@pytest.mark.parametrize("unit", sorted({one.unit for one in QUANTITIES.values()} - UNITS.keys()))
def test_a_unit_that_is_no_word_is_the_same_in_every_language(unit: str) -> None:
    """W is the west on a wind rose; as a unit no letter is any word of the catalogue."""
    texts.speak("zh")
    try:
        assert texts.unit(unit) == unit
        assert Spoken("zh").unit(unit) == unit
    finally:
        texts.speak("en")
