"""Single readings: range, step with a time-out, and spikes beside their neighbours."""

from __future__ import annotations

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.limits import GROSS, limits_for, standard_pressure
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.quality import Checker, Flag
from tests.bench import faults
from tests.bench.judging import judged, recorded
from tests.bench.quality import Found, each, may_be_stuck, wrongly_flagged


def flags(
    quantity: str, values: list[float], step: float = 3.0, following: list[float] | None = None, altitude: float = 1590
) -> list[int]:
    checker = Checker(Channel(quantity, -1e6, 1e6, 0.1), limits_for(quantity, altitude))
    readings = [Reading(quantity, value, n * step) for n, value in enumerate(values)]
    after = [Reading(quantity, v, (len(values) + n) * step) for n, v in enumerate(following or [])]
    return [int(checked.flag) for checked in checker.check_all(readings, after)]


@pytest.mark.parametrize(
    ("quantity", "value", "flag"),
    [
        ("air_temperature", 60.1, 4),
        ("air_temperature", -20.0, 1),
        ("relative_humidity", 100.4, 1),
        ("relative_humidity", 102.9, 1),
        ("relative_humidity", 103.1, 4),
        ("relative_humidity", -0.1, 4),
        ("relative_humidity", 0.0, 3),
        ("solar_irradiance", -5.0, 1),
        ("solar_irradiance", -11.0, 4),
        ("illuminance", 160_000.0, 1),
        ("illuminance", 171_000.0, 1),
        ("illuminance", 178_000.0, 3),
        ("air_pressure", 836.0, 1),
        ("air_pressure", 1013.0, 3),
        ("air_pressure", 200.0, 4),
        ("wind_speed", 76.0, 4),
        ("wind_speed", 61.0, 3),
        ("illuminance", 130_000.0, 1),
        ("illuminance", 210_000.0, 4),
        ("pm2p5", 900.0, 1),
        ("pm2p5", 1500.0, 3),
        ("soil_moisture", 101.0, 4),
        ("battery_voltage", 12.4, 1),
    ],
)
def test_range_at_1590_m(quantity: str, value: float, flag: int) -> None:
    """What no instrument may report fails, what is strange at this altitude is suspect, weather passes."""
    assert flags(quantity, [value]) == [flag]


@pytest.mark.parametrize("altitude", [1500, 1590, 1800, 2000, 2250, 2500])
def test_the_pressure_band_is_the_stations_own(altitude: float) -> None:
    """A pressure 30 hPa off the standard atmosphere of the station's altitude is the first to be suspect."""
    low, high = limits_for("air_pressure", altitude).suspect or (0, 0)
    assert (low + high) / 2 == pytest.approx(standard_pressure(altitude))
    assert high - low == 60.0


@pytest.mark.parametrize(
    ("altitude", "value", "flag"),
    [
        (5, 958.0, 1),  # an Atlantic storm, a typhoon at the coast, a winter's high
        (5, 925.0, 1),
        (54, 1046.0, 1),
        (5, 900.0, 3),
        (5, 1068.0, 3),
        (400, 1013.0, 3),  # told as at the sea
        (400, 900.0, 1),
    ],
)
def test_low_places_have_the_weather_of_the_sea(altitude: float, value: float, flag: int) -> None:
    """What storms and winter highs bring to low places is not strange there."""
    assert flags("air_pressure", [value], altitude=altitude) == [flag]


@pytest.mark.parametrize(("altitude", "flag"), [(0, 3), (4500, 1)])
def test_the_sun_of_the_mountains_is_stronger(altitude: float, flag: int) -> None:
    """A broken sky over snow at 4,500 m tells light that no place at the sea has."""
    assert flags("illuminance", [180_000.0], altitude=altitude) == [flag]
    assert flags("solar_irradiance", [1700.0], altitude=altitude) == [4 if flag == 3 else 1]


def test_a_spike_is_suspect_and_its_neighbours_are_not() -> None:
    """One sample out and back is named; the good ones beside it stay good."""
    assert flags("air_temperature", [10, 10.1, 11.3, 10.2, 10.2, 10.3]) == [1, 1, 3, 1, 1, 1]


def test_a_true_rise_is_no_spike() -> None:
    """A level that is reached and kept is weather, however fast within the step limit."""
    assert flags("air_temperature", [10, 10, 11.5, 11.5, 11.6, 11.6]) == [1] * 6


@pytest.mark.parametrize(("following", "flag"), [([10.0], 3), ([11.4], 1), ([], 3)])
def test_the_last_sample_is_judged_by_the_next_minutes_first(following: list[float], flag: int) -> None:
    """A spike at the minute's end is found with the next reading, or by twice the limit where none is there yet."""
    assert flags("air_temperature", [10, 10, 10, 11.4], following=following)[-1] == flag


def test_samples_far_apart_are_no_neighbours() -> None:
    """At a sample each 30 s much can happen between two: only the step limit holds."""
    assert flags("air_temperature", [10, 10, 11.3, 10], step=30.0) == [1, 1, 1, 1]


def test_a_noisy_sensor_is_not_flagged_for_its_noise() -> None:
    """What leaps to and fro by 0.6 % from sample to sample may leap a little more."""
    noisy = [50.0 + 0.6 * (n % 2) for n in range(300)]
    assert set(flags("relative_humidity", [*noisy, 53.0, *noisy[:10]])) == {1}
    assert 3 in flags("relative_humidity", [50.0] * 300 + [53.0] + [50.0] * 10)


def test_smoke_is_weather() -> None:
    """Particles that rise by hundreds within seconds and stay are passed; a single mad count is not."""
    assert set(flags("pm2p5", [20, 25, 210, 380, 420, 800, 610, 590])) == {1}
    assert flags("pm2p5", [20, 22, 640, 21, 20]) == [1, 1, 3, 1, 1]


def test_a_jump_is_refused_for_a_minute_at_most() -> None:
    """A step of 8 K is suspect until it has lasted a minute; then the new level is the true one."""
    found = flags("air_temperature", [10.0] * 5 + [18.0] * 40)
    assert found[5] == 3
    assert found[-1] == 1
    assert found.count(3) <= 21


def test_an_impossible_reading_is_nobodys_neighbour() -> None:
    """A reading that fails makes neither the ones beside it nor the next step suspect."""
    assert flags("air_temperature", [10, 10, 999, 10, 10]) == [1, 1, 4, 1, 1]
    assert flags("air_temperature", [10, 10, 11.3, 999, 10, 10]) == [1, 1, 3, 4, 1, 1]


@given(st.sampled_from(sorted(GROSS)), st.lists(st.floats(-200, 300_000), max_size=40))
def test_every_flag_has_a_reason_and_only_what_fails_stays_out(quantity: str, values: list[float]) -> None:
    """Whatever a sensor tells, each reading has one flag, a reason where it is not 1, and fails only by its range."""
    limits = limits_for(quantity, 1590)
    checker = Checker(Channel(quantity, -1e6, 1e6, 0.1), limits)
    for checked in checker.check_all([Reading(quantity, v, float(n)) for n, v in enumerate(values)], []):
        inside = limits.fail[0] <= checked.reading.value <= limits.fail[1]
        assert checked.counts == inside
        assert (checked.reason is None) == (checked.flag is Flag.PASS)


@pytest.mark.parametrize(
    "part", [slice(11_000, 22_000), pytest.param(slice(None), marks=pytest.mark.slow)], ids=["eight-hours", "the-day"]
)
def test_faults_put_into_a_real_day_are_found_and_its_good_minutes_pass(part: slice) -> None:
    """Of a day of gusts and rain at most one good minute in a thousand is flagged; 95 % of the faults put in are."""
    frames = recorded("2021-05-04")[part]
    clean = judged(frames)
    good = wrongly_flagged(clean)
    assert good.ours <= good.spells / 1000
    found = Found(0, 0, 0)
    for spoiled, where in (faults.spikes(frames, Random(5)), faults.stuck(frames, Random(5), may_be_stuck)):
        result = judged(spoiled)
        found = sum((seen for what, seen in each("all", where, result, clean)), found)
    assert found.ours >= 0.95 * found.spells, found


@pytest.mark.parametrize(
    ("quantity", "high", "value", "flag"),
    [
        ("relative_humidity", 100.0, 101.5, 1),
        ("relative_humidity", 99.9, 100.0, 1),
        ("solar_irradiance", 2000.0, -4.0, 1),
        ("air_temperature", 85.0, -1.0, 4),
    ],
)
def test_fog_and_night_go_beyond_a_datasheet(quantity: str, high: float, value: float, flag: int) -> None:
    """A device whose sheet ends at 100 % may tell 101.5 in fog, and a thermopile -4 W/m2 by night."""
    checker = Checker(Channel(quantity, 0.0, high, 0.1), limits_for(quantity, 1590))
    assert checker.check(Reading(quantity, value, 0.0)).flag == flag


@pytest.mark.parametrize("seed", range(4))
def test_the_last_digit_of_a_coarse_barometer_is_no_step(seed: int) -> None:
    """Of 10,000 good minutes told in whole hPa none is flagged, however the last digit flutters."""
    rng = Random(seed)
    channel = Channel("air_pressure", 300.0, 1100.0, 1.0)
    minutes = Minutes([ChannelLine("air_pressure", "mast", channel, limits_for("air_pressure", 1590), 6.0)])
    for number in range(2_500):
        for n in range(6):
            at = 60.0 * number + 10.0 * n
            true = 836.0 + 4.0 * math.sin(at / 30_000) + rng.gauss(0.0, 0.05)
            minutes.take("mast", Reading("air_pressure", float(round(true)), at))
        body = minutes.close(60.0 * number, 60.0 * number + 60.0, None, {})
        assert body.quality["air_pressure"] == 1, body.reasons
