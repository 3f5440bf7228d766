"""The seeded weather: the same everywhere, smooth, alive, and hanging together."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.quantity import QUANTITIES
from drivers.twins.weather import DAY_ZERO, Weather

AUTUMN = 1_793_000_000
SUMMER = 1_782_000_000

# Largest change between two minutes and least change in an hour: Zahumenský 2004, tables of steps and persistence.
LIMITS = {
    "air_temperature": (3.0, 0.1),
    "relative_humidity": (10.0, 1.0),
    "air_pressure": (0.5, 0.1),
    "wind_speed": (10.0, 0.5),
}


def minutes(seed: int, quantity: str, days: int, start: int = AUTUMN) -> list[float]:
    """Return minute means of six samples."""
    weather = Weather(seed)
    return [sum(weather.at(start + 60 * m + 10 * s)[quantity] for s in range(6)) / 6 for m in range(1440 * days)]


@settings(max_examples=25)
@given(st.integers(0, 2**63), st.integers(DAY_ZERO, DAY_ZERO + 10 * 366 * 86_400))
def test_it_is_a_function_of_seed_and_instant_alone(seed: int, utc: int) -> None:
    """Asked in another order, after other instants, by another object, it answers the same."""
    fresh, used = Weather(seed), Weather(seed)
    for other in (utc + 86_400, utc - 5, utc + 0.5):
        used.at(other)
    assert fresh.at(utc) == used.at(utc)


def test_it_is_the_same_on_every_machine() -> None:
    """One instant of one seed, pinned: a change of the weather is a change of every simulated day."""
    values = Weather(7).at(AUTUMN)
    pinned = {"air_temperature": 13.915566, "air_pressure": 836.784333, "rainfall_amount": 3536.754039}
    assert {name: round(values[name], 6) for name in pinned} == pinned


def test_two_seeds_are_two_weathers() -> None:
    """Another seed is another day."""
    assert Weather(1).at(AUTUMN) != Weather(2).at(AUTUMN)


@pytest.mark.parametrize("quantity", LIMITS)
def test_it_neither_jumps_nor_stands_still(quantity: str) -> None:
    """Minute means stay below the steps that mean an error, and change within each hour as real air does."""
    step, least = LIMITS[quantity]
    means = minutes(5, quantity, days=3)
    assert max(abs(b - a) for a, b in itertools.pairwise(means)) < step / 1.5
    for start in range(0, len(means) - 60, 7):
        hour = means[start : start + 60]
        if quantity != "relative_humidity" or min(hour) < 95:
            assert max(hour) - min(hour) > least


def test_it_hangs_together() -> None:
    """Warm hours are dry hours, nights are dark, pressure is the altitude's, humidity no more than 100 %."""
    weather = Weather(3)
    day = [weather.at(SUMMER + 600 * n) for n in range(144 * 4)]
    warm = sorted(day, key=lambda v: v["air_temperature"])
    cold_half, warm_half = warm[: len(warm) // 2], warm[len(warm) // 2 :]
    assert sum(v["relative_humidity"] for v in cold_half) > sum(v["relative_humidity"] for v in warm_half)
    assert all(3 <= v["relative_humidity"] <= 100 for v in day)
    assert all(820 < v["air_pressure"] < 852 for v in day)
    lights = [v["illuminance"] for v in day]
    assert min(lights) < 0.1 < 60_000 < max(lights) < 125_000


def test_the_sun_is_high_at_local_noon() -> None:
    """At 103.85 degrees east the brightest hour of a clear year lies about 13:05 China time."""
    weather, best = Weather(1), dict[int, float]()
    for day in range(0, 360, 12):
        for quarter in range(96):
            utc = SUMMER - SUMMER % 86_400 + day * 86_400 + quarter * 900
            best[quarter] = best.get(quarter, 0.0) + weather.at(utc)["illuminance"]
    brightest = max(best, key=lambda quarter: best[quarter])
    assert abs(brightest * 15 - (5 * 60 + 5)) <= 75


@settings(max_examples=50)
@given(st.integers(0, 1000), st.floats(0, 3e8), st.floats(0, 1e6))
def test_rain_never_falls_back(seed: int, start: float, later: float) -> None:
    """The total since day zero rises only, across midnights too."""
    weather = Weather(seed)
    assert weather.at(DAY_ZERO + start + later)["rainfall_amount"] >= weather.at(DAY_ZERO + start)["rainfall_amount"]


def test_a_year_has_the_valleys_rain_and_no_cloudburst() -> None:
    """300 to 800 mm a year, most of it in summer, and never more than 2 mm in a minute."""
    weather = Weather(11)
    totals = [weather.at(1_767_225_600 + 1200 * n)["rainfall_amount"] for n in range(365 * 72)]
    assert 300 < totals[-1] - totals[0] < 800
    assert max(b - a for a, b in itertools.pairwise(totals)) < 2 * 20
    assert totals[270 * 72] - totals[120 * 72] > 0.6 * (totals[-1] - totals[0])


def test_it_has_every_quantity_that_is_measured() -> None:
    """All quantities of the catalogue are there, but for the gust, which a station computes."""
    assert set(QUANTITIES) - set(Weather(1).at(AUTUMN)) == {"wind_speed_of_gust", "rainfall_amount_corrected"}
