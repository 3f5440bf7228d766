"""What tells of a stuck, drifting or dead sensor sooner, what survives a restart, and which of two is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import pytest

from edge.measure.closing import Doubts
from edge.measure.minute import Minutes
from edge.measure.pairs import Usual
from edge.measure.still import Habit
from edge.records.bodies import Minute
from tests.kits.station_day import Truth, flags, mast, run

PAIR = ["air_temperature", "air_temperature.hedge", "relative_humidity", "air_pressure", "wind_speed"]
AIR = [*PAIR, "wind_from_direction", "pm2p5"]


def noise(at: float, seed: int) -> float:
    """Return a number within -1..1 that looks like chance and is the same each time."""
    return math.sin(at * 12.9898 + seed * 78.233) * 43758.5453 % 1.0 * 2 - 1


def lively(at: float) -> dict[str, float]:
    """Return weather whose sensors have noise, as real ones do."""
    wave = math.sin(2 * math.pi * (at / 86_400 - 0.375))
    warm = 12 + 6 * wave + 0.1 * noise(at, 1)
    return {
        "air_temperature": round(warm, 1),
        "air_temperature.hedge": round(warm + 0.3 + 0.1 * noise(at, 2), 1),
        "relative_humidity": round(60 - 15 * wave + 0.3 * noise(at, 3), 1),
        "air_pressure": round(836 + wave + 0.1 * noise(at, 4), 1),
        "wind_speed": round(2.5 + 0.8 * noise(at, 5), 1),
        "wind_from_direction": round(180 + 40 * noise(at, 6)) % 360,
        "pm2p5": round(40 + 5 * noise(at, 7)),
    }


def but(name: str, new: float | Callable[[float], float]) -> Truth:
    """Return that weather with another value of one sensor: this one, or a function of time."""

    def truth(at: float) -> dict[str, float]:
        return lively(at) | {name: new(at) if callable(new) else new}

    return truth


def restarted(minutes: Minutes) -> Minutes:
    """Return the station's minutes after a restart: what was kept, as JSON, is all that is left."""
    kept = msgspec.json.decode(msgspec.json.encode(minutes.keep()), type=Doubts)
    names = [line.name for line in minutes.lines.values()]
    again = mast(names)
    return Minutes(list(again.lines.values()), None, kept)


def codes(bodies: list[Minute], name: str) -> set[str]:
    """Return the codes of a channel's reasons."""
    return {body.reasons[name].code for body in bodies if name in body.reasons}


@pytest.fixture
def learnt() -> Doubts:
    """Return what a station has learnt in two days and an hour."""
    usual = {"air_temperature air_temperature.hedge": Usual(-0.3, 0.08, 176_400.0)}
    return Doubts(habits=dict.fromkeys(AIR, (60.0, 176_400.0)), usual=usual)


@pytest.mark.slow
def test_two_days_of_lively_weather_teach_that_and_raise_no_doubt(learnt: Doubts) -> None:
    """How long each device stands still, and how two of them differ, is known after two days."""
    minutes = mast(AIR)
    assert {flag for body in run(minutes, lively, 0, 2940) for flag in body.quality.values()} == {1}
    found = minutes.keep()
    assert all(longest <= 180.0 and watched >= 150_000.0 for longest, watched in found.habits.values())
    (usual,) = found.usual.values()
    assert (usual.difference, usual.spread) == pytest.approx((-0.3, 0.05), abs=0.05)


def test_a_still_sensor_that_leaves_its_twin_is_doubted_at_once() -> None:
    """Of two barometers one that stands still is in doubt from 0.3 hPa apart on; none is while both move."""
    both = ["air_pressure", "air_pressure.hedge"]

    def falls(at: float) -> dict[str, float]:
        told = 836 - 0.9 * at / 3600 + 0.1 * noise(at, 4)
        return {both[0]: round(told, 1), both[1]: round(told + 0.1, 1)}

    usual = {" ".join(both): Usual(-0.1, 0.03, 176_400.0)}
    good = run(Minutes(list(mast(both).lines.values()), None, Doubts(usual=usual)), falls, 0, 60)
    assert {flag for body in good for flag in body.quality.values()} == {1}
    minutes = Minutes(list(mast(both).lines.values()), None, Doubts(usual=usual))
    bodies = run(minutes, lambda at: falls(at) | {both[0]: 836.0}, 0, 45)
    apart = [abs(body.values[both[0]] + 0.1 - body.values[both[1]]) for body in bodies]  # type: ignore[operator]  # there
    assert all(flag == 3 for flag, far in zip(flags(bodies, both[0]), apart) if far > 0.35)
    assert flags(bodies, both[0])[:19] == [1] * 19, "20 minutes are not over"


@pytest.mark.parametrize("name", ["air_pressure", "wind_speed", "wind_from_direction", "pm2p5"])
def test_a_lively_sensor_that_stops_is_doubted_within_half_an_hour(learnt: Doubts, name: str) -> None:
    """How long a device stands still by itself is learnt from it, so that an hour is not waited for."""
    minutes = Minutes(list(mast(AIR).lines.values()), None, learnt)
    stopped = lively(176_400.0) | {"wind_from_direction": 180.0}
    bodies = run(minutes, lambda at: lively(at) | {name: stopped[name]}, 2940, 2975)
    found = flags(bodies, name)
    assert found[:15] == [1] * 15
    assert found[30:] == [3] * 5
    assert all(body.quality[other] == 1 for body in bodies for other in AIR if other != name)


def test_a_sluggish_device_is_given_its_hour() -> None:
    """One that by itself stands still for half an hour is not judged sooner than everybody is."""
    habit = Habit(1800.0, 200_000.0)
    assert habit.limit() == 3600.0
    assert Habit(60.0, 1000.0).limit() == 3600.0
    assert Habit(60.0, 200_000.0).limit() == 1200.0


@pytest.mark.parametrize(("longest", "told"), [(250.0, 45), (600.0, 99), (1992.0, None)])
def test_a_lively_thermometer_in_tenths_is_told_though_the_air_is_even(longest: float, told: int | None) -> None:
    """Where humidity says nothing, one that never stood still for five minutes may not do so for an hour; one that
    stood still for half an hour when nothing was wrong may, in the same air."""
    names = ["air_temperature", "relative_humidity", "air_pressure"]
    known = Doubts(habits={"air_temperature": (longest, 176_400.0)})

    def even(at: float) -> dict[str, float]:
        humidity, pressure = 61.0 + 0.5 * math.sin(at / 200), 836.0 + 0.3 * math.sin(at / 900)
        return {"air_temperature": 8.0, "relative_humidity": round(humidity, 1), "air_pressure": round(pressure, 1)}

    found = flags(run(Minutes(list(mast(names).lines.values()), None, known), even, 0, 119), "air_temperature")
    first = found.index(3) + 1 if 3 in found else None
    assert first == told


def test_a_stuck_thermometer_is_told_by_its_twin(learnt: Doubts) -> None:
    """Where the second one moves by half a kelvin, the one that stands still is doubted, and the other is not."""
    minutes = Minutes(list(mast(AIR).lines.values()), None, learnt)
    bodies = run(minutes, lambda at: lively(at) | {"air_temperature": 8.0}, 2940, 3060)
    assert set(flags(bodies, "air_temperature")[40:]) == {3}
    assert set(flags(bodies, "air_temperature.hedge")) == {1}


def test_a_drift_beside_a_second_sensor_is_found_at_a_kelvin(learnt: Doubts) -> None:
    """What two sensors differ by is learnt: a departure is doubted long before it reaches 3 K, in both."""
    minutes = Minutes(list(mast(AIR).lines.values()), None, learnt)

    def creeping(at: float) -> dict[str, float]:
        off = 2.5 * (at - 176_400.0) / 14_400.0
        return lively(at) | {"air_temperature": round(lively(at)["air_temperature"] + off, 1)}

    bodies = run(minutes, creeping, 2940, 3180)
    found = flags(bodies, "air_temperature")
    first = found.index(3)
    assert 30 < first < 110
    assert set(found[first:]) == {3}
    assert flags(bodies, "air_temperature.hedge")[-1] == 3


@pytest.mark.slow
def test_two_thermometers_in_sun_that_always_differ_at_noon_are_both_good() -> None:
    """A second sensor in a poorer screen is 1.5 K warmer each noon: that is how this pair is."""

    def noon(at: float) -> dict[str, float]:
        more = max(0.0, 1.5 * math.sin(2 * math.pi * (at / 86_400 - 0.25)))
        return lively(at) | {"air_temperature.hedge": round(lively(at)["air_temperature.hedge"] + more, 1)}

    bodies = run(mast(PAIR), lambda at: {n: v for n, v in noon(at).items() if n in PAIR}, 0, 4 * 1440)
    assert {flag for body in bodies for flag in body.quality.values()} == {1}


def test_a_third_sensor_tells_which_of_two_is_wrong() -> None:
    """Two of three agree: the one apart is suspect alone."""
    names = ["air_temperature", "air_temperature.hedge", "air_temperature.wall", "relative_humidity"]
    off = {
        "air_temperature": 8.0,
        "air_temperature.hedge": 8.2,
        "air_temperature.wall": 13.0,
        "relative_humidity": 60.0,
    }
    bodies = run(mast(names), lambda at: {n: v + 0.1 * round(noise(at, 1)) for n, v in off.items()}, 0, 20)
    assert [bodies[-1].quality[name] for name in names[:3]] == [1, 1, 3]


@pytest.mark.parametrize("gap", [0.0, 30.0, 700.0])
@pytest.mark.parametrize(
    ("name", "value"), [("air_pressure", 836.2), ("wind_speed", 3.3), ("pm2p5", 33.0), ("relative_humidity", 61.0)]
)
def test_a_stuck_sensor_is_not_good_again_after_a_restart(name: str, value: float, gap: float) -> None:
    """Neither a reboot nor minutes without readings end a doubt: only a change does, and that at once."""
    minutes = mast(AIR)
    stuck = but(name, value)
    run(minutes, stuck, 0, 80)
    number = 80 + round(gap / 60)
    after = restarted(minutes)
    assert set(flags(run(after, stuck, number, number + 20), name)) == {3}
    assert flags(run(after, lively, number + 20, number + 25), name)[-1] == 1


def test_a_dead_hygrometer_s_noise_is_no_measurement_until_it_moves_with_the_air() -> None:
    """Held at 61 % with its noise while the morning warms: in doubt, by evening and after a restart too."""
    minutes = mast(AIR)
    dead = but("relative_humidity", lambda at: round(61 + 0.4 * noise(at, 3), 1))
    found = flags(run(minutes, dead, 400, 640), "relative_humidity")
    assert found[0] == 1 and found[-1] == 3
    after = restarted(minutes)
    assert set(flags(run(after, dead, 640, 660), "relative_humidity")) == {3}
    assert flags(run(after, lively, 660, 665), "relative_humidity")[-1] == 1


def test_a_thermometer_that_leaps_accuses_no_hygrometer() -> None:
    """The evening's air hardly changes, nor does its humidity; a step of 7 K in the thermometer changes no air."""

    def evening(at: float) -> dict[str, float]:
        warm = 18.0 + (7.0 if at >= 90 * 60 else 0.0) + 0.2 * noise(at, 1)
        return lively(at) | {
            "air_temperature": round(warm, 1),
            "relative_humidity": round(61.0 + 0.3 * noise(at, 3), 1),
        }

    bodies = run(mast(AIR), evening, 0, 200)
    assert "dead_hygrometer" not in codes(bodies, "relative_humidity")


def test_an_offset_outlives_a_restart_and_ends_when_it_is_back() -> None:
    """A thermometer that leapt by 5 K is in doubt after the reboot too, for what is left of its six hours."""

    def leapt(at: float) -> dict[str, float]:
        true = lively(at)["air_temperature"]
        return lively(at) | {"air_temperature": round(true + (5.0 if at >= 1800 else 0.0), 1)}

    alone = [name for name in AIR if name != "air_temperature.hedge"]
    minutes = mast(alone)
    run(minutes, leapt, 0, 60)
    after = restarted(minutes)
    assert set(flags(run(after, leapt, 60, 120), "air_temperature")) == {3}
    assert flags(run(after, lively, 120, 126), "air_temperature")[-1] == 1
    mended = restarted(minutes)
    assert flags(run(mended, lively, 62, 66), "air_temperature")[-1] == 1


@pytest.mark.parametrize("celsius", [-3.0, 6.0], ids=["iced", "held"])
def test_cups_that_stand_stay_in_doubt_over_a_restart(celsius: float) -> None:
    """They are iced, or held, until they turn."""
    iced = {"wind_speed": 0.0, "air_temperature": celsius, "air_temperature.hedge": celsius, "relative_humidity": 92.0}
    minutes = mast(AIR)

    def turning(at: float) -> dict[str, float]:
        return lively(at) | iced | {"wind_from_direction": round(at * 7) % 360}

    assert flags(run(minutes, turning, 0, 140), "wind_speed")[-1] == 3
    assert set(flags(run(restarted(minutes), turning, 140, 150), "wind_speed")) == {3}


def test_a_repair_is_no_offset() -> None:
    """A drift that is mended leaps back: the vapour pressure of the hours before says so, and what follows is good."""

    def drifting(at: float) -> dict[str, float]:
        off = 6.0 * max(0.0, at - 21_600.0) / 14_400.0 if at < 36_000.0 else 0.0
        return lively(at) | {"air_temperature": round(lively(at)["air_temperature"] + off, 1)}

    alone = [name for name in AIR if name != "air_temperature.hedge"]
    bodies = run(mast(alone), drifting, 0, 700)
    assert set(flags(bodies, "air_temperature")[605:]) == {1}


@pytest.mark.parametrize(("value", "hours", "flag"), [(0.0, 13, 3), (1.0, 11, 1), (4.0, 13, 3), (30.0, 13, 3)])
def test_a_dead_fan_is_told_after_half_a_day(value: float, hours: int, flag: int) -> None:
    """A particle sensor at one small number while humidity moved is doubted; eleven hours of clean air are not."""
    names = ["air_temperature", "relative_humidity", "pm2p5"]
    bodies = run(mast(names), lambda at: {n: lively(at)[n] for n in names[:2]} | {"pm2p5": value}, 0, hours * 60)
    assert bodies[-1].quality["pm2p5"] == flag
    assert codes(bodies, "pm2p5") <= {"dead_fan"}


@pytest.mark.parametrize(("heated", "flag"), [(True, 1), (False, 3)])
def test_a_heated_gauge_tells_snow(heated: bool, flag: int) -> None:
    """What a heated gauge counts in frost fell; what another one counts has melt."""
    lines = list(mast(["air_temperature", "rainfall_amount"]).lines.values())
    lines[1].heated = heated
    minutes = Minutes(lines)
    bodies = run(minutes, lambda at: {"air_temperature": -4.0, "rainfall_amount": 0.2 * (at // 120)}, 0, 6)
    assert bodies[4].quality["rainfall_amount"] == flag


def test_a_barometer_that_drifts_accuses_no_other() -> None:
    """One stands still beside another that falls by 0.8 hPa in an hour: nobody knows which of the two is right."""
    names = ["air_pressure", "air_pressure.hedge", "air_temperature"]

    def truth(at: float) -> dict[str, float]:
        hedge = round(836.2 - 0.8 * at / 3600, 1)
        return {names[0]: 836.2, names[1]: hedge, names[2]: lively(at)["air_temperature"]}

    bodies = run(Minutes(list(mast(names).lines.values())), truth, 0, 50)
    assert {flag for name in names[:2] for flag in flags(bodies, name)} == {1}
