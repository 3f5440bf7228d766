"""Degree days above 10 degC: against the published closed form, and where nobody counted them from the beginning."""

from __future__ import annotations

import math

import msgspec
import pytest

from edge.measure.derived import chill
from edge.records.bodies import SeasonCounts


@pytest.mark.parametrize(("temperature", "days"), [(15.0, 5.0), (10.0, 0.0), (-3.0, 0.0), (31.1, 21.1), (36.0, 21.1)])
def test_degree_days_are_what_is_over_ten_of_at_most_thirty_one(temperature: float, days: float) -> None:
    """A day at one temperature; 5.33 for the hours of a sine from 8 to 22 degC, as UC IPM's closed form has it."""
    assert chill.season([temperature] * 24).degree_days == pytest.approx(days, abs=1e-6)
    sine = [15.0 - 7.0 * math.cos(2 * math.pi * (hour + 0.5) / 24) for hour in range(24)]
    assert chill.season(sine).degree_days == pytest.approx(5.3256, abs=0.02)


def test_a_season_that_an_older_version_began_has_no_degree_days() -> None:
    """What was not counted from the first hour on is not known, in the state and in records of before; it is counted
    from the next season on."""
    kept = msgspec.json.encode(chill.season([20.0] * 30))
    before = {key: value for key, value in msgspec.json.decode(kept).items() if key != "degree_days"}
    counted = msgspec.convert(before, chill.ChillSeason)
    counted.take(20.0)
    assert counted.degree_days is None and counted.hours == 31
    assert chill.begun().degree_days == 0.0
    names = ("since", "hours", "missing", "chill_hours", "utah_chill_units", "growing_degree_hours", "chill_portions")
    assert msgspec.convert(dict.fromkeys(names, 1), SeasonCounts).growing_degree_days is None
