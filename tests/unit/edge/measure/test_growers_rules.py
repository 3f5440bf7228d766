"""Growers' rules: each verdict beside a second computation, the published examples, and what is said without inputs."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.measure.derived import psychrometrics
from edge.measure.derived.growers import GrowersMinutes
from edge.measure.derived.scab import LEAST, MILLS, WetHour, hours_needed, scab, spell_of
from edge.measure.derived.spray import SprayInputs, spray
from edge.measure.quality import Flag
from edge.measure.sun import Site

GOOD: dict[str, Any] = {
    "air_temperature": 18.0,
    "relative_humidity": 60.0,
    "delta_t": 5.0,
    "wind_speed": 2.0,
    "rainfall_amount": 0.0,
}


def hour(wet: int, air: float = 10.0, rain: float = 0.0, lit: bool = True) -> WetHour:
    """Return an hour with so many wet minutes from its beginning."""
    made = WetHour()
    for number in range(60):
        made.take(air, number < wet, lit, rain / 60.0)
    return made


def codes(given: SprayInputs) -> tuple[str, set[str]]:
    """Return a verdict's state and the codes of its reasons."""
    found = spray(given)
    return found.state, {reason.code for reason in found.why}


@pytest.mark.parametrize(
    ("other", "state", "code"),
    [
        ({}, "open", None),
        ({"delta_t": 10.1}, "closed", "spray_dry"),
        ({"delta_t": 9.0}, "marginal", "spray_drying"),
        ({"delta_t": 1.0}, "marginal", "spray_slow_drying"),
        ({"wind_speed": 3.4}, "closed", "spray_windy"),
        ({"wind_speed": 0.7}, "closed", "spray_calm"),
        ({"wind_speed": 0.9}, "marginal", "spray_little_wind"),
        ({"air_temperature": 29.0}, "closed", "spray_hot"),
        ({"relative_humidity": 96.0}, "closed", "spray_damp"),
        ({"rainfall_amount": 0.2}, "closed", "spray_rain"),
        ({"leaf_wetness": 60.0, "has_leaf": True}, "closed", "spray_wet_leaves"),
        ({"has_leaf": True}, "unknown", "advice_lacks"),
        ({"wind_speed": None}, "unknown", "advice_lacks"),
        ({"wind_speed": None, "rainfall_amount": 1.0}, "closed", "spray_rain"),
        ({"near_night": True}, "marginal", "spray_layers"),
        ({"near_night": True, "wind_speed": 3.4}, "closed", "spray_windy"),
    ],
)
def test_spraying_names_what_closes_it(other: dict[str, Any], state: str, code: str | None) -> None:
    """Each bound closes it or asks for care, by name; a missing input is never good, and never hides what closes."""
    found, why = codes(SprayInputs(**GOOD | other))
    assert found == state
    assert why == (set() if code is None else {code})


@given(
    st.floats(-5, 40) | st.none(),
    st.floats(1, 100) | st.none(),
    st.floats(0, 20) | st.none(),
    st.floats(0, 12) | st.none(),
    st.floats(0, 5) | st.none(),
    st.booleans(),
)
def test_spraying_equals_a_second_computation(
    air: float | None, humid: float | None, delta: float | None, wind: float | None, rain: float | None, night: bool
) -> None:
    """For any input the state is that of the bounds as the sources print them."""
    shut = (
        (rain or 0) > 0
        or (wind is not None and not 0.8 <= wind < 3.4)
        or (delta or 0) > 10
        or (air or 0) > 28
        or (humid or 0) > 95
    )
    if shut:
        expected = "closed"
    elif None in (air, humid, delta, wind, rain):
        expected = "unknown"
    else:
        assert delta is not None and wind is not None
        expected = "open" if 2 <= delta <= 8 and wind >= 1.0 and not night else "marginal"
    assert spray(SprayInputs(air, humid, delta, wind, rain, near_night=night)).state == expected


def test_the_stations_own_pressure_decides() -> None:
    """20 degC at 40 % is fine at sea level and marginal at 840 hPa, as the sources' example has it."""
    states = {
        pressure: spray(SprayInputs(20.0, 40.0, psychrometrics.delta_t(20.0, 40.0, pressure), 2.0, 0.0)).state
        for pressure in (1013.25, 840.0, 760.0)
    }
    assert states == {1013.25: "open", 840.0: "marginal", 760.0: "marginal"}


def test_scab_by_the_published_examples() -> None:
    """14 h at 10 degC: low; 4 h at 9, 3 at 12, 3 at 15: infection by their mean; a dry gap under 8 h joins spells."""
    assert scab([hour(60, 10.0, 1.0), *[hour(60, 10.0) for _ in range(13)]]).state == "low"
    mixed = [9.0] * 4 + [12.0] * 3 + [15.0] * 3
    found = scab([hour(60, air, 1.0) for air in mixed])
    assert found.state == "infection"
    assert found.inputs["mean_temperature"] == pytest.approx(11.7)
    assert found.thresholds["least"] == pytest.approx(8.47, abs=0.005)
    wet, dry = hour(60, 10.0, 1.0), hour(0)
    assert scab([wet] * 8 + [dry] * 5 + [wet] * 4).state == "infection"
    assert scab([wet] * 8 + [dry] * 8 + [wet] * 4).state == "wet"
    assert scab([dry] * 20).state == "none"


def test_rain_by_night_counts_from_sunrise() -> None:
    """Rain from 22:00, sunrise 06:48, leaves dry at 09:30: 2.7 h count, and nothing is infected at 12 degC."""
    night = [hour(60, 12.0, 1.0, lit=False) for _ in range(8)]
    dawn = WetHour()
    for minute in range(60):
        dawn.take(12.0, True, minute >= 48, 0.0)
    found = scab([*night, dawn, hour(60, 12.0), hour(60, 12.0), hour(30, 12.0)])
    assert found.inputs["wet_hours"] == pytest.approx(2.7)
    assert found.state == "wet"


@pytest.mark.parametrize("seed", range(20))
def test_scab_equals_a_second_computation(seed: int) -> None:
    """Over random weeks the wet hours, their mean and the hours that are enough are those of a plain recount."""
    rng, hours, wet = Random(seed), [], False
    for _ in range(rng.randrange(20, 120)):
        wet = wet if rng.random() < 0.85 else not wet
        rain = 1.0 if wet and rng.random() < 0.4 else 0.0
        hours.append(hour(rng.choice((20, 60)) if wet else 0, round(rng.uniform(0, 27), 1), rain, rng.random() < 0.7))
    spell = spell_of(hours)
    found = recounted(hours)
    assert (spell is None) == (found is None)
    if spell is not None and found is not None and spell.minutes:
        minutes, mean = found
        assert spell.minutes == minutes
        assert spell.warmth / spell.minutes == pytest.approx(mean)
        at = mean * 1.8 + 32
        for name, table in {"least": LEAST, **MILLS}.items():
            rows = np.array(table, float)
            if rows[0, 0] <= at <= rows[-1, 0] and 34 <= at <= 79:
                assert hours_needed(mean)[name] == pytest.approx(float(np.interp(at, rows[:, 0], rows[:, 1])))


def recounted(hours: list[WetHour]) -> tuple[int, float] | None:
    """Return the minutes that count of the last spell and their mean temperature, by runs of dry hours."""
    begins = 0
    for end in range(len(hours)):
        if end >= 7 and all(not one.wet for one in hours[end - 7 : end + 1]):
            begins = end + 1
    rest = list(itertools.dropwhile(lambda one: not (one.wet and one.rain), hours[begins:]))
    if not rest:
        return None
    if rest[0].sun < rest[0].known:
        rest = list(itertools.dropwhile(lambda one: not one.sun, rest))
    minutes = sum(one.wet for one in rest)
    return minutes, (sum(one.warmth for one in rest) / minutes if minutes else 0.0)


def test_unknown_hours_are_said() -> None:
    """A spell with hours that nobody knows is not called harmless; one long enough without them is an infection."""
    wet, blank = hour(60, 10.0, 1.0), WetHour()
    assert scab([wet] * 5 + [blank] * 4).state == "unknown"
    assert scab([wet] * 12 + [blank] * 4).state == "infection"
    assert scab([blank] * 30).state == "unknown"


@pytest.mark.parametrize(
    ("clock", "state"), [(2, "marginal"), (6, "marginal"), (9, "open"), (15, "open"), (19, "marginal")]
)
def test_near_the_night_spraying_wants_care(clock: int, state: str) -> None:
    """On an April day with good air all day long, from an hour before sunset to an hour after sunrise: with care."""
    day = datetime(2026, 4, 10, tzinfo=timezone(timedelta(hours=8))).timestamp()
    minutes = GrowersMinutes(Site(31.68, 103.85, 1590.0, 8.0), ["air_temperature"])
    air = {"air_temperature": 15.0, "relative_humidity": 60.0, "wind_speed": 2.0, "rainfall_amount": 0.0}
    now = day + clock * 3600.0
    for begin in range(int(now) - 3600, int(now), 60):
        minutes.take(begin, air, dict.fromkeys(air, int(Flag.PASS)))
    assert minutes.verdicts(now, None)[0].state == state


NOON = int(datetime(2026, 4, 10, 12, tzinfo=timezone(timedelta(hours=8))).timestamp())
DRY_AIR = {"air_temperature": 15.0, "relative_humidity": 60.0, "wind_speed": 2.0, "rainfall_amount": 0.0}


@pytest.mark.parametrize(
    ("mm", "flag", "state"),
    [
        (0.0, 3, "open"),
        (0.2, 3, "unknown"),
        (5.0, 3, "unknown"),
        (0.2, 1, "closed"),
        (5.0, 1, "closed"),
        (None, 9, "open"),
    ],
)
def test_rain_in_doubt_is_no_dry_hour(mm: float | None, flag: int, state: str) -> None:
    """What fell in a gap is in doubt, and so is a cloudburst's best minute: the leaves may be wet, of a tip too."""
    minutes = GrowersMinutes(Site(31.68, 103.85, 1590.0, 8.0), ["air_temperature"])
    for begin in range(NOON - 3600, NOON, 60):
        gap = begin == NOON - 1800
        rain = {"rainfall_amount": mm} if gap else {}
        minutes.take(begin, {**DRY_AIR, **rain}, {**dict.fromkeys(DRY_AIR, 1), "rainfall_amount": flag if gap else 1})
    assert minutes.verdicts(float(NOON), None)[0].state == state


@pytest.mark.parametrize(("lacking", "state"), [(0, "open"), (2, "open"), (3, "unknown")])
def test_the_wind_of_ten_minutes_is_known_from_eight(lacking: int, state: str) -> None:
    """Two minutes without good wind among the last ten make no difference; of seven nobody can say."""
    minutes = GrowersMinutes(Site(31.68, 103.85, 1590.0, 8.0), ["air_temperature"])
    for begin in range(NOON - 3600, NOON, 60):
        flag = 3 if NOON - begin > 120 and NOON - begin <= 120 + 60 * lacking else 1
        minutes.take(begin, DRY_AIR, {**dict.fromkeys(DRY_AIR, 1), "wind_speed": flag})
    assert minutes.verdicts(float(NOON), None)[0].state == state
