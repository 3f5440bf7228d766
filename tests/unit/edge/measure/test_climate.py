"""What no place of that kind has in that season is doubted from the first minute on; what was ever recorded is not."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.measure.climate import band
from edge.measure.derived.et0 import Place

# What was measured: place, latitude, altitude (m), date, degC.
RECORDED = [
    ("Death Valley", 36.5, -86, "1913-07-10", 56.7),
    ("Kuwait", 29.5, 50, "2016-07-21", 53.9),
    ("Turpan", 42.9, -150, "2023-07-16", 52.2),
    ("Oodnadatta", -27.5, 116, "1960-01-02", 50.7),
    ("Lytton", 50.2, 200, "2021-06-29", 49.6),
    ("Delhi", 28.6, 216, "2024-05-29", 49.2),
    ("Cordoba", 37.9, 90, "2021-08-14", 47.6),
    ("Fort Smith", 60.0, 205, "2021-06-30", 39.9),
    ("Verkhoyansk", 67.5, 137, "2020-06-20", 38.0),
    ("Eureka", 80.0, 10, "2009-07-14", 20.9),
    ("Esperanza", -63.4, 13, "2020-02-06", 18.3),
    ("Lhasa", 29.6, 3650, "2019-06-24", 30.8),
    ("Zapata", 26.9, 95, "2003-01-30", 36.7),
    ("Kinlochewe", 57.6, 30, "2024-01-28", 19.9),
    ("Oymyakon", 63.3, 740, "1933-02-06", -67.7),
    ("Vostok", -78.5, 3488, "1983-07-21", -89.2),
    ("Greenland's summit", 72.6, 3216, "2017-07-04", -33.0),
    ("Prospect Creek", 66.8, 300, "1971-01-23", -62.1),
    ("Mohe", 53.5, 430, "2023-01-22", -53.0),
    ("Koktokay", 47.0, 1180, "1960-01-21", -51.5),
    ("Gunnison", 38.5, 2340, "1992-01-15", -43.0),
    ("Maquinchao", -41.2, 888, "1991-07-14", -35.3),
    ("Tulia", 34.5, 1060, "1899-02-12", -31.0),
    ("Minden", 32.8, 80, "1899-02-13", -26.7),
    ("Wuhan", 30.6, 23, "1977-01-30", -18.1),
    ("Painter", 44.4, 2100, "1911-07-21", -12.0),
]
WRONG = [
    ("Maoxian in June", 31.68, 1590, "2025-06-15", -25.0),
    ("a high valley in summer", 31.68, 2300, "2025-07-10", 41.0),
    ("Beijing in June", 40.0, 50, "2025-06-15", -20.0),
    ("Moscow in January", 55.7, 150, "2025-01-15", 40.0),
    ("Chengdu in January", 30.6, 500, "2025-01-15", 48.0),
    ("Singapore", 1.3, 10, "2025-05-05", -5.0),
    ("Sydney in January", -33.9, 10, "2025-01-15", -10.0),
    ("Haikou in winter", 20.0, 10, "2025-01-15", -15.0),
]


def within(latitude: float, altitude: float, day: str, value: float) -> bool:
    """Return whether a temperature is possible at that place on that day."""
    low, high = band(Place(latitude, 0.0, altitude), date.fromisoformat(day).timetuple().tm_yday)
    return low <= value <= high


@pytest.mark.parametrize(("place", "latitude", "altitude", "day", "value"), RECORDED)
def test_no_record_of_any_climate_is_doubted(
    place: str, latitude: float, altitude: float, day: str, value: float
) -> None:
    """The hottest and coldest that was ever measured passes, with a kelvin and a half to spare."""
    assert all(within(latitude, altitude, day, value + more) for more in (-1.5, 0.0, 1.5)), place


@pytest.mark.parametrize(("place", "latitude", "altitude", "day", "value"), WRONG)
def test_what_no_such_place_has_is_doubted(
    place: str, latitude: float, altitude: float, day: str, value: float
) -> None:
    """A thermometer that is wrong from its first minute leaps nowhere: its place and month tell of it."""
    assert not within(latitude, altitude, day, value), place


@given(latitude=st.floats(-90, 90), altitude=st.floats(-430, 5500), day=st.integers(1, 366))
def test_a_year_holds_each_of_its_days(latitude: float, altitude: float, day: int) -> None:
    """Where the date is unknown all months count; north and south have the same band half a year apart."""
    site = Place(latitude, 0.0, altitude)
    low, high = band(site, day)
    least, most = band(site, None)
    assert least <= low < high <= most
    away = band(Place(-latitude, 0.0, altitude), (day + 182) % 365 + 1)
    assert away == pytest.approx((low, high), abs=1.5)
