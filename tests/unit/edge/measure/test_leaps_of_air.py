"""A leap of a thermometer that humidity moved with by chance, or that nothing can bear witness to."""

from __future__ import annotations

import math

import pytest

from tests.kits.station_day import Truth, flags, mast, run

T, RH, P = "air_temperature", "relative_humidity", "air_pressure"
AT, BACK = 200, 300  # minutes


def air(leap: float, damp: float, rh: bool = True, humidity: float = 60.0) -> Truth:
    """Return lively air whose temperature leaps and comes back, with a change of humidity in the same minutes."""

    def truth(at: float) -> dict[str, float]:
        away = AT * 60.0 <= at < BACK * 60.0
        found = {
            T: round(12 + 0.6 * math.sin(at / 900) + leap * away, 1),
            P: round(836 + 0.3 * math.sin(at / 900), 1),
        }
        damper = humidity + 0.6 * math.sin(at / 700) + damp * away
        return found | ({RH: round(damper, 1)} if rh else {})

    return truth


def doubted(truth: Truth, names: tuple[str, ...] = (T, RH, P)) -> int:
    """Return in how many of the hundred minutes after the leap the thermometer is in doubt; after its end in none."""
    told = flags(run(mast([*names]), truth, 0, BACK + 60), T)
    assert set(told[: AT - 1]) == {1} and set(told[BACK + 8 :]) == {1}
    return sum(flag != 1 for flag in told[AT:BACK])


@pytest.mark.parametrize(("leap", "damp"), [(6.0, -2.5), (10.0, 4.0), (-8.0, 3.0)])
def test_a_small_change_of_humidity_explains_no_large_leap(leap: float, damp: float) -> None:
    """Air that is 6 K warmer has lost a third of its humidity; 2.5 % of it by chance are no witness."""
    assert doubted(air(leap, damp)) >= 99


@pytest.mark.parametrize(("leap", "damp", "humidity"), [(-6.0, 12.0, 60.0), (6.0, -9.0, 60.0), (-5.0, 2.5, 96.0)])
def test_air_that_was_exchanged_is_weather(leap: float, damp: float, humidity: float) -> None:
    """A front, foehn, and a downburst in air that is nearly saturated already: all but the step itself is good."""
    assert doubted(air(leap, damp, humidity=humidity)) <= 4


def test_a_lone_thermometer_that_leaps_far_is_in_doubt_until_it_leaps_back() -> None:
    """Without a hygrometer nobody can bear witness to 9 K in a minute; 5 K may be a front."""
    assert doubted(air(9.0, 0.0, rh=False), (T, P)) >= 99
    assert doubted(air(-9.0, 0.0, rh=False), (T,)) >= 99
    assert doubted(air(5.0, 0.0, rh=False), (T, P)) <= 4


@pytest.mark.parametrize(("cools", "good"), [(8.0, True), (3.0, True), (0.5, False)])
def test_a_thunderstorms_cold_air_is_heavy(cools: float, good: bool) -> None:
    """It comes within three minutes, and for an hour pressure is 2.6 hPa higher; without it that is a fault's."""

    def truth(at: float) -> dict[str, float]:
        come = min(1.0, max(0.0, at / 60.0 - AT) / 3)
        return {
            T: round(24 + 0.6 * math.sin(at / 900) - cools * come, 1),
            RH: round(55 + 0.6 * math.sin(at / 700) + 3 * cools * come, 1),
            P: round(836 + 0.3 * math.sin(at / 900) + 2.6 * come, 1),
        }

    told = flags(run(mast([T, RH, P]), truth, 0, BACK), P)[AT + 8 :]
    assert (set(told) == {1}) if good else (1 not in told)


def test_a_barometer_alone_that_leaps_is_in_doubt() -> None:
    """Without a thermometer nobody can say whether cold air came."""

    def truth(at: float) -> dict[str, float]:
        return {P: round(836 + 0.3 * math.sin(at / 900) + 2.6 * (at >= AT * 60.0), 1)}

    assert 1 not in flags(run(mast([P]), truth, 0, BACK), P)[AT + 1 :]


SECOND = "air_temperature.hedge"


@pytest.mark.parametrize(("along", "good"), [(1.0, True), (0.95, True), (0.0, False), (-1.0, False)])
def test_a_leap_that_a_second_thermometer_shows_too_is_weather(along: float, good: bool) -> None:
    """Hail takes 9 K away in four minutes, and the air stays as damp: where both thermometers show it, it is so."""

    def truth(at: float) -> dict[str, float]:
        fallen = -9.0 * min(1.0, max(0.0, at / 60.0 - AT) / 4)
        warm = 16 + 0.6 * math.sin(at / 900)
        return {
            T: round(warm + fallen, 1),
            SECOND: round(warm + 0.1 + along * fallen, 1),
            RH: round(93 + 0.6 * math.sin(at / 700), 1),
        }

    told = flags(run(mast([T, SECOND, RH]), truth, 0, BACK), T)[AT + 8 :]
    assert (set(told) == {1}) if good else (1 not in told)


@pytest.mark.parametrize("second", [0.0, 24.0, 30.0, 45.0])
def test_a_drift_that_is_mended_at_any_second_of_a_minute_leaves_no_doubt(second: float) -> None:
    """A plug that crept to -8 K in 90 min is pushed in: that minute's mean shows a part of the leap, the next all."""
    begin, end = 5 * 3600.0, 8 * 3600.0 + second

    def truth(at: float) -> dict[str, float]:
        crept = -8.0 * min(1.0, (at - begin) / 5400) if begin <= at < end else 0.0
        air_now = 14 + 4 * math.sin(at / 14_400) + 0.2 * math.sin(at / 300)
        damp = 65 - 12 * math.sin(at / 14_400) + 0.5 * math.sin(at / 200)
        return {T: round(air_now + crept, 1), RH: round(damp, 1), P: round(836 + 0.3 * math.sin(at / 900), 1)}

    told = flags(run(mast([T, RH, P]), truth, 0, 560), T)
    assert 3 in told[480:482] and set(told[484:]) == {1}
