"""Values that can't be true together: in one minute, from one to the next, in two sensors, in the gauge."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.reason import Reason
from edge.measure.consistency import MinuteSteps, together
from edge.measure.quality import Flag
from edge.measure.value import Value, raised
from edge.records.bodies import Minute
from tests.kits.station_day import flags, mast, run

BROKEN = Reason("broken", "broken")
DOUBTED = Reason("doubted", "doubted")


def doubts(**values: float) -> set[str]:
    return set(together({name.replace("__", "."): Value(value, Flag.PASS) for name, value in values.items()}))


def test_a_gust_is_no_weaker_than_the_mean() -> None:
    """A gust under its mean makes both suspect; equal ones and rounding do not."""
    assert doubts(wind_speed=5.0, wind_speed_of_gust=4.0) == {"wind_speed", "wind_speed_of_gust"}
    assert doubts(wind_speed=5.0, wind_speed_of_gust=4.9) == set()
    assert doubts(wind_speed__roof=5.0, wind_speed_of_gust=4.0) == set()


def test_small_particles_are_part_of_the_large() -> None:
    """PM1 <= PM2.5 <= PM10, but for rounding."""
    assert doubts(pm1=50.0, pm2p5=30.0, pm10=60.0) == {"pm1", "pm2p5"}
    assert doubts(pm1=10.0, pm2p5=80.0, pm10=60.0) == {"pm2p5", "pm10"}
    assert doubts(pm1=12.0, pm2p5=11.0, pm10=11.5) == set()


def test_a_side_in_doubt_explains_a_contradiction() -> None:
    """Where a stuck counter of PM2.5 lies over PM10, only the stuck one is suspect."""
    stuck = {"pm2p5": Value(80.0, Flag.SUSPECT, Reason("stands_still", "still")), "pm10": Value(40.0, Flag.PASS)}
    assert together(stuck) == {}


def test_a_check_raises_a_flag_and_changes_no_number() -> None:
    """A doubted value stays as it is; one that failed or is missing keeps its own reason."""
    values = {
        "a": Value(1.5, Flag.PASS),
        "b": Value(2.5, Flag.FAIL, BROKEN),
        "c": Value(None, Flag.MISSING, BROKEN),
        "d": Value(3.5, Flag.SUSPECT, BROKEN),
    }
    found = raised(values, dict.fromkeys("abcd", DOUBTED))
    assert found["a"] == Value(1.5, Flag.SUSPECT, DOUBTED)
    assert {n: found[n] for n in "bcd"} == {n: values[n] for n in "bcd"}


@pytest.mark.parametrize(
    ("name", "rise", "flag"),
    [
        ("air_temperature", 3.5, 3),
        ("air_temperature", 2.8, 1),
        ("relative_humidity", 11.0, 3),
        ("relative_humidity", 9.0, 1),
        ("air_pressure", 0.7, 3),
        ("air_pressure", 0.4, 1),
        ("pm2p5", 300.0, 1),
    ],
)
def test_means_that_leap_from_minute_to_minute(name: str, rise: float, flag: int) -> None:
    """A mean that rises too fast, by steps each of which may be, is suspect; smoke may rise by hundreds a minute."""
    start = {"air_pressure": 834.0}.get(name, 20.0)
    bodies = run(mast([name]), lambda at: {name: start + rise * min(max(at - 180, 0), 120) / 60}, 0, 8)
    assert flags(bodies, name)[:3] == [1, 1, 1]
    assert flags(bodies, name)[4] == flag
    assert flags(bodies, name)[6:] == [1, 1]


@pytest.mark.parametrize(
    ("warms", "flag"),
    [
        (2.0, 1),  # a gust into a cold night's air: 80 % fall by 9 % for 2 K
        (0.4, 3),
        (-2.0, 3),  # and do not fall where it cools
        (None, 3),
    ],
)
def test_humidity_may_leap_as_far_as_the_air_warms(warms: float | None, flag: int) -> None:
    """A humidity that falls by 12 % in a minute is suspect, but not for what the warming of that minute takes."""

    def told(at: float) -> dict[str, float]:
        minutes = min(max(at - 180, 0), 120) / 60
        air = {} if warms is None else {"air_temperature": 1.0 + warms * minutes}
        return {"relative_humidity": 80.0 - 12.0 * minutes} | air

    names = ["relative_humidity"] + ([] if warms is None else ["air_temperature"])
    bodies = run(mast(names), told, 0, 7)
    assert max(flags(bodies, "relative_humidity")) == flag


def test_a_minute_in_doubt_does_not_accuse_the_next() -> None:
    """A spike of 30 hPa makes its own minute suspect alone; no mean is compared with one in doubt."""
    bodies = run(mast(["air_pressure"]), lambda at: {"air_pressure": 866.0 if at == 90.0 else 836.0}, 0, 4)
    assert flags(bodies, "air_pressure") == [1, 3, 1, 1]
    steps = MinuteSteps({"air_pressure": ("air_pressure", 0.5)})
    means = Value(836.0, Flag.PASS), Value(851.0, Flag.SUSPECT, DOUBTED), Value(836.0, Flag.PASS)
    accused = [bool(steps.doubts(60.0 * n, 60.0 * n + 60.0, {"air_pressure": mean})) for n, mean in enumerate(means)]
    assert accused == [False, True, False]


def test_nothing_is_compared_over_a_gap() -> None:
    """After an hour without power another temperature is no leap."""
    minutes = mast(["air_temperature"])
    run(minutes, lambda _at: {"air_temperature": 10.0}, 0, 2)
    assert flags(run(minutes, lambda _at: {"air_temperature": 20.0}, 62, 63), "air_temperature") == [1]


PAIR = ["air_temperature", "air_temperature.hedge"]


def two(first: float, second: float) -> Callable[[float], dict[str, float]]:
    return lambda at: {PAIR[0]: first + at / 1e4, PAIR[1]: second + at / 1e4}


def test_two_thermometers_that_part_are_both_suspect() -> None:
    """After ten minutes with 4 K between them both are suspect, each names the other, and none is averaged."""
    bodies = run(mast(PAIR), two(10.0, 14.0), 0, 12)
    assert flags(bodies, PAIR[0]) == [1] * 9 + [3] * 3
    assert flags(bodies, PAIR[1]) == [1] * 9 + [3] * 3
    assert str(bodies[9].reasons["air_temperature"]) == "4 degC from air_temperature.hedge for 10 min"
    upper, lower = bodies[9].values[PAIR[1]], bodies[9].values[PAIR[0]]
    assert upper is not None
    assert lower is not None
    assert upper - lower == pytest.approx(4.0, abs=0.01)
    assert set(flags(run(mast(PAIR), two(10.0, 12.0), 0, 30), PAIR[0])) == {1}


def test_heights_that_differ_are_not_compared() -> None:
    """Half a metre over the grass a clear night is several degrees colder than at two metres."""
    apart = mast(PAIR, {PAIR[0]: 2.0, PAIR[1]: 0.5})
    assert set(flags(run(apart, two(10.0, 4.0), 0, 30), PAIR[0])) == {1}
    level = mast(PAIR, {PAIR[0]: 2.0, PAIR[1]: 1.5})
    assert flags(run(level, two(10.0, 4.0), 0, 30), PAIR[0])[-1] == 3
    for known in PAIR:  # nobody knows how high the other one is
        assert set(flags(run(mast(PAIR, {known: 2.0}), two(10.0, 4.0), 0, 30), PAIR[0])) == {1}


@pytest.mark.parametrize(("first", "second", "flag"), [(10.0, 16.0, 1), (10.0, 17.0, 3), (1.0, 2.9, 1), (1.0, 3.1, 3)])
def test_two_cups_may_differ_by_half_of_their_mean(first: float, second: float, flag: int) -> None:
    """By 2 m/s in weak wind, by half of it in strong: 10 and 16 m/s are gusts, 10 and 17 are not."""
    names = ["wind_speed", "wind_speed.roof"]
    bodies = run(mast(names), lambda at: dict(zip(names, (first + at % 20 / 1e3, second + at % 20 / 1e3))), 0, 11)
    assert flags(bodies, names[0])[-1] == flag


def test_agreement_in_between_begins_the_ten_minutes_anew() -> None:
    """A cloud's edge at one of two sensors is no fault."""
    minutes = mast(PAIR)
    run(minutes, two(10.0, 14.0), 0, 8)
    run(minutes, two(10.0, 10.5), 8, 9)
    assert set(flags(run(minutes, two(10.0, 14.0), 9, 17), PAIR[0])) == {1}


def rain(tips: Callable[[int], float], **air: float) -> Callable[[float], dict[str, float]]:
    return lambda at: {"rainfall_amount": tips(int(at // 60)), **air}


WITH_AIR = ["rainfall_amount", "air_temperature", "relative_humidity"]


def reasons(bodies: list[Minute], name: str = "rainfall_amount") -> list[str]:
    return [reason.code if (reason := body.reasons.get(name)) else "" for body in bodies]


def test_too_much_rain_in_a_minute() -> None:
    """4 mm in a minute pass, more is suspect and counted, over 40 no sky gives: suspect, and not counted."""
    amounts = [0.0, 4.0, 9.0, 9.0]
    bodies = run(mast(["rainfall_amount"]), rain(lambda n: amounts[n]), 0, 4)
    assert flags(bodies, "rainfall_amount") == [1, 1, 3, 1]
    assert [body.values["rainfall_amount"] for body in bodies] == [0.0, 4.0, 5.0, 0.0]
    bodies = run(mast(["rainfall_amount"]), rain(lambda n: 90.0 if n else 0.0), 0, 3)
    assert flags(bodies, "rainfall_amount") == [1, 3, 1]
    assert bodies[1].values["rainfall_amount"] == 0.0
    assert bodies[1].reasons["rainfall_amount"].code == "more_than_any_rain"


@pytest.mark.parametrize(("temperature", "flag"), [(0.5, 3), (1.5, 1)])
def test_melt_is_no_snowfall(temperature: float, flag: int) -> None:
    """What tips under 1 degC is melt; a dry minute in the cold is not doubted."""
    bodies = run(mast(WITH_AIR), rain(lambda n: 0.2 * n, air_temperature=temperature, relative_humidity=90.0), 0, 5)
    assert flags(bodies, "rainfall_amount")[1:] == [flag] * 4
    dry = run(mast(WITH_AIR), rain(lambda _n: 0.2, air_temperature=temperature, relative_humidity=90.0), 0, 5)
    assert set(flags(dry, "rainfall_amount")) == {1}


def test_a_clogged_gauge_is_told_by_its_neighbour() -> None:
    """A gauge at zero while another has told more than 2 mm in the hour is suspect, the other is not."""
    names = ["rainfall_amount", "rainfall_amount.roof"]
    bodies = run(mast(names), lambda at: {names[0]: 5.0, names[1]: 0.2 * (at // 120)}, 0, 40)
    assert flags(bodies, names[0])[5] == 1
    assert flags(bodies, names[0])[-1] == 3
    assert bodies[-1].reasons[names[0]].code == "clogged"
    assert set(flags(bodies, names[1])) == {1}
    little = run(mast(names), lambda at: {names[0]: 0.2 * (at > 300), names[1]: 0.2 * (at // 120)}, 0, 40)
    assert set(flags(little, names[0])) == {1}


def test_a_gauge_that_nobody_read_in_the_rain_is_not_clogged() -> None:
    """A bucket that is counted again after a cut cable was at zero while nobody looked."""
    names = ["rainfall_amount", "rainfall_amount.roof"]

    def cut(at: float) -> dict[str, float]:
        cable = {} if 120 <= at < 2400 else {names[0]: 5.0}
        return cable | {names[1]: 0.2 * (min(at, 2400) // 120)}

    bodies = run(mast(names), cut, 0, 60)
    assert set(flags(bodies, names[0])) == {1, 9}


def test_a_gauge_that_drips_in_the_dry() -> None:
    """Tips as by a clock at 50 % humidity are a clogged funnel; the same in wet air may be drizzle."""

    def tips(n: int) -> float:
        return 0.2 * (n // 6)

    dry = run(mast(WITH_AIR), rain(tips, air_temperature=15.0, relative_humidity=50.0), 0, 60)
    assert "drips" in reasons(dry)
    assert {body.quality["rainfall_amount"] for body in dry[:36]} == {1}
    wet = run(mast(WITH_AIR), rain(tips, air_temperature=15.0, relative_humidity=93.0), 0, 60)
    assert set(flags(wet, "rainfall_amount")) == {1}


def test_real_rain_is_not_taken_for_a_drip() -> None:
    """Tips of a shower come at uneven times."""
    at = [0, 1, 5, 6, 8, 15, 16, 17, 29, 33, 34, 50]
    showers = rain(lambda n: 0.2 * sum(n >= t for t in at), air_temperature=15.0, relative_humidity=60.0)
    assert set(flags(run(mast(WITH_AIR), showers, 0, 60), "rainfall_amount")) == {1}


def test_cups_that_stand_still_above_a_breeze_are_held() -> None:
    """Ten minutes of 0 over 3 m/s below make both suspect, a third that agrees clears the lower; calm or less: none."""

    def judged(high: float, low: float, third: float | None = None) -> dict[str, int]:
        heights = {"wind_speed": 10.0, "wind_speed.low": 2.0} | ({} if third is None else {"wind_speed.third": 2.0})
        values = {"wind_speed": high, "wind_speed.low": low} | ({} if third is None else {"wind_speed.third": third})
        last = run(mast([*heights], heights), lambda _at: values, 0, 10)[-1]
        return last.quality

    assert judged(0.0, 3.0) == {"wind_speed": 3, "wind_speed.low": 3}
    assert judged(0.0, 3.0, 3.2) == {"wind_speed": 3, "wind_speed.low": 1, "wind_speed.third": 1}
    for high, low in ((0.0, 1.5), (0.5, 3.0), (6.0, 0.0)):
        assert judged(high, low) == {"wind_speed": 1, "wind_speed.low": 1}, (high, low)


def test_cups_that_are_held_make_no_calm() -> None:
    """The direction beside a speed of 0 that is doubted is doubted with it, for the same reason."""
    heights = {"wind_speed": 10.0, "wind_speed.low": 2.0, "wind_speed.third": 2.0, "wind_from_direction": 10.0}
    values = {"wind_speed": 0.0, "wind_speed.low": 3.0, "wind_speed.third": 3.2, "wind_from_direction": 90.0}
    last = run(mast([*heights], heights), lambda _at: values, 0, 10)[-1]
    assert (last.values["wind_from_direction"], last.quality["wind_from_direction"]) == (0.0, 3)
    assert last.reasons["wind_from_direction"] == last.reasons["wind_speed"]


@pytest.mark.parametrize(("height", "doubted"), [(2.0, True), (6.0, False)])
def test_lux_and_watts_are_one_light_at_one_height_alone(height: float, doubted: bool) -> None:
    """A dome over the trees sees another light than one among them."""

    def truth(at: float) -> dict[str, float]:
        return {"illuminance": 61_000.0 + at % 7, "solar_irradiance.top": 150.0 + at % 5}

    bodies = run(
        mast(["illuminance", "solar_irradiance.top"], {"illuminance": 2.0, "solar_irradiance.top": height}),
        truth,
        0,
        30,
    )
    assert (bodies[-1].quality["illuminance"] == 3) is doubted
