"""Sensors that stand still while the world moves, and a world that may stand still."""

from __future__ import annotations

import math

import pytest

from drivers.driver import Channel
from edge.measure.closing import Doubts
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.still import StillRun
from tests.kits.station_day import Truth, flags, mast, run

AIR = ["air_temperature", "relative_humidity", "air_pressure", "wind_speed", "wind_from_direction", "pm2p5"]


def weather(at: float) -> dict[str, float]:
    """Return a lively morning: everything moves."""
    wave = math.sin(at / 700)
    return {
        "air_temperature": round(12 + 2 * wave, 1),
        "relative_humidity": round(60 - 8 * wave, 1),
        "air_pressure": round(836 + 0.4 * wave, 1),
        "wind_speed": round(2 + math.sin(at / 90), 1),
        "wind_from_direction": round(180 + 60 * math.sin(at / 200)) % 360,
        "pm2p5": round(20 + 5 * wave),
    }


def stuck(name: str, value: float, since: float = 0.0) -> Truth:
    """Return the weather, but one sensor repeats itself."""
    return lambda at: weather(at) | ({name: value} if at >= since else {})


def test_weather_that_moves_is_never_flagged() -> None:
    """Four hours of a lively morning pass."""
    bodies = run(mast(AIR), weather, 0, 240)
    assert all(flag == 1 for body in bodies for flag in body.quality.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("relative_humidity", 61.0),
        ("air_pressure", 836.2),
        ("wind_speed", 3.3),
        ("wind_from_direction", 91.0),
        ("wind_from_direction", 0.0),
        ("pm2p5", 33.0),
        ("air_temperature", 12.3),
    ],
)
def test_what_stands_still_for_an_hour_is_suspect_and_keeps_its_value(name: str, value: float) -> None:
    """After 60 minutes without a change, while others move, a value is suspect, and the others are not.

    Air that warms and a hygrometer that does not say so sooner.
    """
    bodies = run(mast(AIR), stuck(name, value), 0, 90)
    found = flags(bodies, name)
    assert set(found[: 19 if name in ("relative_humidity", "air_temperature") else 59]) == {1}
    assert set(found[60:]) == {3}
    assert bodies[-1].reasons[name].code == "stands_still"
    assert bodies[-1].values[name] == (value or 360.0)
    assert all(body.quality[other] == 1 for body in bodies for other in AIR if other != name)


def test_a_vane_that_is_held_at_north_is_suspect_as_anywhere_else() -> None:
    """It trembles between 359 and 1 degrees."""
    bodies = run(mast(AIR), lambda at: weather(at) | {"wind_from_direction": (359.0 + at % 3) % 360}, 0, 90)
    assert set(flags(bodies, "wind_from_direction")[60:]) == {3}


def test_a_sensor_that_moves_again_is_good_at_once() -> None:
    """The flag ends with the standstill."""
    minutes = mast(AIR)
    run(minutes, stuck("relative_humidity", 61.0), 0, 80)
    assert flags(run(minutes, weather, 80, 82), "relative_humidity")[-1] == 1


@pytest.mark.parametrize(
    ("name", "value"), [("relative_humidity", 97.0), ("relative_humidity", 100.0), ("wind_speed", 0.0), ("pm2p5", 2.0)]
)
def test_what_may_stand_still_is_not_flagged(name: str, value: float) -> None:
    """Fog, calm and clean air may last for hours."""
    assert set(flags(run(mast(AIR), stuck(name, value), 0, 200), name)) == {1}


def test_night_and_dry_days_are_no_fault() -> None:
    """Light at night and a dry gauge stand still for ever."""
    names = [*AIR, "illuminance", "rainfall_amount"]
    bodies = run(mast(names), lambda at: weather(at) | {"illuminance": 0.0, "rainfall_amount": 33.0}, 0, 200)
    assert set(flags(bodies, "illuminance")) == {1}
    assert set(flags(bodies, "rainfall_amount")) == {1}


def test_a_vane_is_judged_in_wind_alone() -> None:
    """A vane that rests through a calm night is no fault; one that rests in wind is."""
    bodies = run(mast(AIR), lambda at: weather(at) | {"wind_speed": 0.0, "wind_from_direction": 91.0}, 0, 200)
    assert set(flags(bodies, "wind_from_direction")) == {1}


def test_a_quiet_rainy_night_is_no_fault_of_a_coarse_thermometer() -> None:
    """Told in tenths, temperature stands still for 103 minutes in real rain, while humidity hardly moves."""

    def rain(at: float) -> dict[str, float]:
        quiet = {"air_temperature": 24.9, "relative_humidity": round(89 + 0.6 * math.sin(at / 900), 1)}
        return weather(at) | quiet

    assert set(flags(run(mast(AIR), rain, 0, 150), "air_temperature")) == {1}
    foggy = run(mast(AIR), lambda at: rain(at) | {"relative_humidity": 98.0}, 0, 300)
    assert set(flags(foggy, "air_temperature")) == {1}


def test_a_fine_thermometer_needs_no_witness() -> None:
    """One that tells hundredths never stands still for an hour."""
    minutes = mast(["air_temperature", "air_pressure"], resolution=0.01)
    bodies = run(minutes, stuck("air_temperature", 12.34), 0, 70)
    assert flags(bodies, "air_temperature")[-1] == 3


def test_where_nothing_moves_nobody_is_accused_alone() -> None:
    """One or two quantities that stand still with no other to tell are not flagged; a whole repeated frame is."""
    still = weather(0.0)
    two = run(mast(["relative_humidity", "air_pressure"]), lambda _at: still, 0, 100)
    assert {flag for body in two for flag in body.quality.values()} == {1}
    frame = run(mast(AIR[:3]), lambda _at: still, 0, 100)
    assert set(frame[-1].quality.values()) == {3}


def test_a_restart_delays_a_flag_and_never_makes_one() -> None:
    """The hour begins anew with the daemon."""
    truth = stuck("wind_speed", 3.3)
    run(mast(AIR), truth, 0, 59)
    found = flags(run(mast(AIR), truth, 59, 150), "wind_speed")
    assert set(found[:59]) == {1}
    assert found[-1] == 3


def test_a_gap_begins_the_hour_anew() -> None:
    """What was not seen for more than ten minutes is not said to have stood still."""
    minutes = mast(AIR)
    truth = stuck("wind_speed", 3.3)
    run(minutes, truth, 0, 50)
    assert set(flags(run(minutes, truth, 65, 120), "wind_speed")) == {1}


def test_a_run_over_north_stands_still() -> None:
    """Directions between 358 and 3 degrees lie within 10 degrees of each other."""
    still = StillRun(10.0, circular=True)
    still.take(0, 60, [358.0, 1.0, 3.0])
    assert still.seconds == 60
    still.take(60, 120, [20.0])
    assert still.seconds == 0


@pytest.mark.parametrize(("moves", "flag"), [(0.5, 1), (2.0, 3)])
def test_a_thermometer_in_tenths_may_stand_still_in_air_that_does(moves: float, flag: int) -> None:
    """In a calm night whose humidity moves by 1 % in four hours so may it; where that moves by 4 %, it is stuck."""

    def night(at: float) -> dict[str, float]:
        humidity = round(87 + moves * math.sin(at / 2000), 1)
        return weather(at) | {"air_temperature": 23.0, "relative_humidity": humidity}

    found = flags(run(mast(AIR), night, 0, 240), "air_temperature")
    assert set(found[:19]) == {1}
    assert found[-1] == flag


def breezy() -> Minutes:
    """Return a mast whose wind, as it has learnt, is never alike for longer than a minute."""
    known = Doubts(habits={"wind_speed": (300.0, 90_000.0), "wind_speed equal": (60.0, 90_000.0)})
    return Minutes(list(mast(AIR).lines.values()), None, known)


def test_wind_of_one_number_is_suspect_long_before_the_hour() -> None:
    """Ten minutes of one and the same number are no wind."""
    found = flags(run(breezy(), stuck("wind_speed", 3.3), 0, 15), "wind_speed")
    assert found == [1] * 9 + [3] * 6


def test_a_fault_is_not_taken_for_a_habit() -> None:
    """A second standstill is found as soon as the first one."""
    minutes = breezy()
    run(minutes, stuck("wind_speed", 3.3), 0, 120)
    run(minutes, weather, 120, 180)
    found = flags(run(minutes, stuck("wind_speed", 2.2), 180, 200), "wind_speed")
    assert 9 <= found.index(3) <= 11
    assert set(found[11:]) == {3}


def test_a_lively_hygrometer_may_stand_still_as_long_as_the_air_does() -> None:
    """By its own habit it is told after twenty minutes, but only where the air has warmed by 0.5 K meanwhile."""
    for warms, flag in ((0.2, 1), (0.6, 3)):

        def truth(at: float, warms: float = warms) -> dict[str, float]:
            air = {"relative_humidity": 61.0, "air_temperature": round(12 + warms * min(at, 1500.0) / 1500, 2)}
            return weather(at) | air

        minutes = Minutes(list(mast(AIR).lines.values()), None, Doubts(habits={"relative_humidity": (60.0, 176_400.0)}))
        assert set(flags(run(minutes, truth, 0, 50), "relative_humidity")[26:]) == {flag}


def test_a_second_vane_without_cups_is_judged_by_the_wind_of_the_first() -> None:
    """It stands still for an hour in a wind that the station's own cups tell."""
    vane = "wind_from_direction.hedge"
    bodies = run(mast([*AIR, vane]), lambda at: weather(at) | {vane: 91.0}, 0, 90)
    assert set(flags(bodies, vane)[60:]) == {3}


def weak_wind(at: float) -> dict[str, float]:
    """Return air among trees in a still night, as a sonic tells it: between 0.15 and 0.45 m/s."""
    return weather(at) | {"wind_speed": round(0.3 + 0.1 * math.sin(at / 90) + 0.05 * math.sin(at / 37), 2)}


def test_weak_wind_that_goes_up_and_down_by_half_of_itself_is_good() -> None:
    """All night, though it never moves by 0.5 m/s, also for a device that never stood still for long before."""
    assert set(flags(run(mast(AIR), weak_wind, 0, 180), "wind_speed")) == {1}
    assert set(flags(run(breezy(), weak_wind, 0, 60), "wind_speed")) == {1}


def test_weak_wind_of_a_sensor_that_hardly_moves_is_suspect() -> None:
    """Its last digit goes by a step, no more, for an hour."""

    def flickers(at: float) -> dict[str, float]:
        return weather(at) | {"wind_speed": 0.4 if at % 120 < 60 else 0.3}

    minutes = mast(AIR)
    found = flags(run(minutes, flickers, 0, 90), "wind_speed")
    assert set(found[:59]) == {1} and set(found[60:]) == {3}
    assert set(flags(run(minutes, weak_wind, 90, 120), "wind_speed")[10:]) == {1}  # it is seen to move
    assert set(flags(run(breezy(), flickers, 0, 50), "wind_speed")) == {1}  # nor is a strong wind's habit held to it


def test_a_vane_of_eight_sectors_may_hold_one_for_a_night() -> None:
    """The wind down a slope stays within 45 degrees until morning; one that holds it for 12 h of wind is stuck."""
    slope = stuck("wind_from_direction", 225.0)
    for step, good in ((22.5, 59), (45.0, 719)):
        channel = Channel("wind_from_direction", 0, 360, step)
        lines = [line for line in mast(AIR).lines.values() if line.name != "wind_from_direction"]
        vane = ChannelLine(channel.quantity, "mast", channel, limits_for(channel.quantity, 1590), lines[0].pace)
        found = flags(run(Minutes([*lines, vane]), slope, 0, 740), "wind_from_direction")
        assert set(found[:good]) == {1} and set(found[good + 1 :]) == {3}
