"""What of a good NMEA sentence is believed: values that contradict each other, fields without a value, limits."""

from __future__ import annotations

import pytest

from drivers.driver import Refused
from tests.kits.streams import decode
from tests.unit.drivers.test_nmea import decoder, sentence, values
from tests.unit.drivers.test_void_answers import fed, readings


@pytest.mark.parametrize("text", ["WIMDA,,,,,10.0,C,,,80.0,,{dew},C", "WIXDR,C,10.0,C,AIR,H,80.0,P,0,C,{dew},C,DEW"])
def test_a_dew_point_over_the_temperature_makes_both_none(text: str) -> None:
    """A head that contradicts itself is believed in nothing of that sentence: one of the two would be a wrong frost."""
    (good,) = decode(decoder(met=True), sentence(text.format(dew=9.0)))
    assert values(good) == {"air_temperature": 10.0, "relative_humidity": 80.0}
    (bad,) = decode(decoder(met=True), sentence(text.format(dew=12.0)))
    assert isinstance(bad, Refused)


def test_a_mean_wind_outside_its_minimum_and_maximum_makes_the_sentence_none() -> None:
    """A weather head's three speeds must be in order; which of them is wrong nobody knows."""
    three = "WIXDR,A,270,D,1,S,{},M,0,S,{},M,1,S,{},M,2"
    (good,) = decode(decoder(), sentence(three.format(1.0, 2.0, 9.0)))
    assert values(good) == {"wind_from_direction": 270.0, "wind_speed": 2.0}
    (bad,) = decode(decoder(), sentence(three.format(1.0, 9.0, 2.0)))
    assert isinstance(bad, Refused)


def test_a_wind_in_an_xdr_may_be_named_by_words() -> None:
    """Some heads number their transducers, others name them; what is named as anything else is no wind."""
    (item,) = decode(decoder(), sentence("WIXDR,A,270,D,WIND_DIR,S,5.0,M,WIND_SPD"))
    assert values(item) == {"wind_from_direction": 270.0, "wind_speed": 5.0}
    (other,) = decode(decoder(), sentence("WIXDR,A,3,D,PITCH,S,5.0,M,PADDLE"))
    assert values(other) == {}


@pytest.mark.parametrize("text", ["WIMTA,,F", "WIMDA,,,,,,F,,,50.0", "WIMMB,,I,,B", "WIMTA,,X"])
def test_an_empty_field_is_no_value_whatever_its_unit(text: str) -> None:
    """A head whose element is away leaves the number out, and often its unit in."""
    (item,) = decode(decoder(met=True), sentence(text))
    assert set(values(item)) <= {"relative_humidity"}


@pytest.mark.parametrize(
    ("text", "within", "beyond"),
    [
        ("WIMWV,,R,{},M,A", (0.0, 60.0), (60.1,)),
        ("WIMTA,{},C", (-40.0, 80.0), (-40.1, 80.1)),
        ("WIMHU,{}", (0.1, 100.0, 103.0), (103.1,)),
        ("WIMMB,,,{},H", (300.0, 1100.0), (299.9, 1100.1)),
    ],
)
def test_a_value_is_good_up_to_the_head_s_own_limits(
    text: str, within: tuple[float, ...], beyond: tuple[float, ...]
) -> None:
    """What is beyond them by a tenth is doubted; in fog a hygrometer may tell a little more than 100 %."""
    for value in (*within, *beyond):
        found = readings(fed("nmea", sentence(text.format(value))))
        assert all((reading.doubt is None) == (value in within) for reading in found), value
        assert found
