"""One minute of readings: worked examples of means, validity, totals and flags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.driver import Channel
from drivers.reading import Reading
from drivers.reason import Reason
from edge.measure.limits import limits_for, standard_pressure
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.wind import VARIABLE
from edge.records.bodies import Minute

UNPLUGGED = Reason("unplugged", "unplugged")
WIDE = {"air_temperature": (-40.0, 85.0), "wind_speed": (0.0, 60.0), "wind_from_direction": (0.0, 360.0)}


def line(quantity: str, pace: float, sensor: str = "mast", name: str | None = None) -> ChannelLine:
    low, high = WIDE.get(quantity, (0.0, 100_000.0))
    channel = Channel(quantity, low, high, 0.1)
    return ChannelLine(name or quantity, sensor, channel, limits_for(quantity, 1590.0), pace)


def minute(
    lines: list[ChannelLine],
    readings: list[Reading],
    begin: float = 0.0,
    end: float = 60.0,
    troubles: dict[str, Reason] | None = None,
) -> Minute:
    minutes = Minutes(lines)
    for reading in readings:
        minutes.take("mast", reading)
    return minutes.close(begin, end, None, troubles or {})


def spread(quantity: str, values: list[float], step: float = 3.0) -> list[Reading]:
    return [Reading(quantity, value, n * step) for n, value in enumerate(values)]


@pytest.mark.parametrize(("count", "flag"), [(20, 1), (14, 1), (13, 9), (1, 9), (0, 9)])
def test_a_mean_needs_two_thirds_of_its_samples(count: int, flag: int) -> None:
    """At a line each 3 s a mean needs 14 of 20 lines; fewer give no value, and say so."""
    body = minute([line("air_temperature", 20)], spread("air_temperature", [12.3] * count))
    assert body.quality["air_temperature"] == flag
    assert body.values["air_temperature"] == (12.3 if flag == 1 else None)
    assert (flag == 1) == ("air_temperature" not in body.reasons)


@pytest.mark.parametrize(("count", "value"), [(15, 2.0), (14, None)])
def test_wind_needs_three_quarters(count: int, value: float | None) -> None:
    """At a line each 3 s wind needs 15 of 20 lines."""
    body = minute([line("wind_speed", 20)], spread("wind_speed", [2.0] * count))
    assert body.values["wind_speed"] == value


@pytest.mark.parametrize(
    ("end", "count", "given"), [(60.02, 3, True), (61.0, 3, True), (60.02, 2, False), (75.0, 3, False)]
)
def test_a_minute_that_is_a_moment_longer_needs_no_sample_more(end: float, count: int, given: bool) -> None:
    """A direction each 15 s: three of four are enough, in a minute in which the clock was put right too."""
    body = minute([line("wind_from_direction", 4)], spread("wind_from_direction", [90.0] * count, 15.0), end=end)
    assert (body.values["wind_from_direction"] is not None) == given


def test_the_minute_is_half_open() -> None:
    """A reading at the minute's end belongs to the next minute, one at its beginning to this."""
    channel = line("air_temperature", 1)
    minutes = Minutes([channel])
    for at, value in ((0.0, 10.0), (60.0, 11.0)):
        minutes.take("mast", Reading("air_temperature", value, at))
    assert minutes.close(0, 60, None, {}).values == {"air_temperature": 10.0}
    assert minutes.close(60, 120, None, {}).values == {"air_temperature": 11.0}


def test_what_fails_or_is_doubted_stays_out_of_a_mean_and_is_named() -> None:
    """A reading no thermometer can give, or that the device doubts, changes no mean."""
    good = spread("air_temperature", [10.0] * 18)
    bad = [
        Reading("air_temperature", 99.0, 55.0),
        Reading("air_temperature", 10.0, 57.0, doubt=Reason("warming_up", "warming up")),
    ]
    body = minute([line("air_temperature", 20)], good + bad)
    assert body.values["air_temperature"] == 10.0
    assert body.quality["air_temperature"] == 1
    body = minute([line("air_temperature", 2)], bad)
    assert body.values["air_temperature"] is None
    assert body.quality["air_temperature"] == 4
    assert body.reasons["air_temperature"].code == "share_of_readings"


def test_a_suspect_reading_marks_the_mean_and_stays_out_of_it() -> None:
    """A spike of 15 K in one of six samples changes no mean; the flag says that there was one."""
    values = [10.0, 10.0, 25.0, 10.0, 10.0, 10.0]
    body = minute([line("air_temperature", 6)], spread("air_temperature", values, 10.0))
    assert body.values["air_temperature"] == 10.0
    assert body.quality["air_temperature"] == 3
    assert body.reasons["air_temperature"].code == "step"


def test_where_too_few_pass_the_suspect_enter() -> None:
    """With half the samples in doubt nobody knows which half is right: all are in the mean, and it is marked."""
    body = minute([line("air_temperature", 4)], spread("air_temperature", [10.0, 10.0, 14.0, 14.0], 15.0))
    assert body.values["air_temperature"] == 12.0
    assert body.quality["air_temperature"] == 3


def test_a_jump_that_stays_is_not_refused_for_ever() -> None:
    """After a minute at the new level the level is taken for true."""
    channel = line("air_temperature", 20)
    minutes = Minutes([channel])
    for n in range(60):
        minutes.take("mast", Reading("air_temperature", 10.0 if n < 20 else 18.0, 3.0 * n))
    flags = [minutes.close(b, b + 60, None, {}).quality["air_temperature"] for b in (0, 60, 120)]
    assert flags == [1, 3, 1]


def test_a_sea_level_pressure_is_suspect_at_1590_m() -> None:
    """1013 hPa passes the gross range, and is strange where the air weighs 836 hPa."""
    assert standard_pressure(1590) == pytest.approx(836.3, abs=0.2)
    body = minute([line("air_pressure", 2)], spread("air_pressure", [1013.0, 1013.0], 10))
    assert body.quality["air_pressure"] == 3


def test_calm_is_direction_zero_and_north_360() -> None:
    """Where the reported speed is 0.0 the direction is 0, and 360 where wind comes from the north."""
    lines = [line("wind_speed", 20), line("wind_from_direction", 20)]
    still = spread("wind_speed", [0.0] * 20) + spread("wind_from_direction", [270.0] * 20)
    north = spread("wind_speed", [2.0] * 20) + spread("wind_from_direction", [0.0] * 20)
    assert minute(lines, still).values == {"wind_speed": 0.0, "wind_from_direction": 0.0}
    assert minute(lines, north).values == {"wind_speed": 2.0, "wind_from_direction": 360.0}


def test_a_gust_comes_with_wind_sampled_each_second() -> None:
    """At 1 Hz the highest 3-s mean is a channel of its own; at a line each 3 s there is none."""
    speeds = [3.0] * 30 + [9.0, 9.0, 9.0] + [3.0] * 27
    body = minute([line("wind_speed", 60)], spread("wind_speed", speeds, 1.0))
    assert body.values == {"wind_speed": 3.3, "wind_speed_of_gust": 9.0}
    assert list(minute([line("wind_speed", 20)], spread("wind_speed", [3.0] * 20)).values) == ["wind_speed"]


def test_a_short_minute_needs_its_share() -> None:
    """A minute cut after 15 s needs two thirds of the samples of 15 s."""
    readings = spread("air_temperature", [10.0] * 4)
    assert minute([line("air_temperature", 20)], readings, 0.0, 15.0).values == {"air_temperature": 10.0}


def test_two_thermometers_stay_two_channels() -> None:
    """Two sensors of one quantity are never averaged together."""
    lines = [line("air_temperature", 2, "mast"), line("air_temperature", 2, "hedge", "air_temperature.hedge")]
    minutes = Minutes(lines)
    for at in (0.0, 30.0):
        minutes.take("mast", Reading("air_temperature", 10.0, at))
        minutes.take("hedge", Reading("air_temperature", 6.0, at))
    assert minutes.close(0, 60, None, {}).values == {"air_temperature": 10.0, "air_temperature.hedge": 6.0}


def test_a_silent_sensor_is_missing_with_its_reason() -> None:
    """Where nothing came the value is missing, never the last one, and the reason is the sensor's trouble."""
    body = minute([line("air_temperature", 20)], [], troubles={"mast": UNPLUGGED})
    assert body == Minute({"air_temperature": None}, {"air_temperature": 9}, {"air_temperature": UNPLUGGED})


@given(st.lists(st.integers(0, 5), min_size=1, max_size=120))
def test_the_minutes_of_a_day_add_up_to_the_gauges_rain(tips: list[int]) -> None:
    """Rounding loses no rain: all minutes together are the rounded total, for any size of bucket."""
    channel = line("rainfall_amount", 1)
    minutes = Minutes([channel])
    total, sums = 0, 0.0
    for n, tip in enumerate(tips):
        total += tip
        minutes.take("mast", Reading("rainfall_amount", total * 0.2794, 60.0 * n, wraps_at=None))
        sums += minutes.close(60.0 * n, 60.0 * n + 60, None, {}).values["rainfall_amount"] or 0.0
    assert sums == pytest.approx((total - tips[0]) * 0.2794, abs=0.006)


@pytest.mark.parametrize(
    ("end", "count", "given"),
    [
        (60.0, 14, True),
        (60.0, 13, False),
        (30.0, 7, True),
        (30.0, 6, False),
        (15.0, 4, True),
        (15.0, 3, False),
        (7.0, 2, True),
        (7.0, 1, False),
        (2.0, 1, True),
    ],
)
def test_a_minute_cut_short_needs_its_own_two_thirds(end: float, count: int, given: bool) -> None:
    """Whenever the minute in hand is cut, two thirds of that time's samples make a mean, and fewer none."""
    readings = spread("air_temperature", [10.0] * count, end / (count + 1))
    body = minute([line("air_temperature", 20)], readings, 0.0, end)
    assert body.values["air_temperature"] == (10.0 if given else None)


def test_a_cut_loses_and_doubles_no_reading() -> None:
    """When the time becomes known 20 s into a minute, both parts together hold each reading once."""
    minutes = Minutes([line("air_temperature", 20), line("rainfall_amount", 20)])
    for n in range(40):
        minutes.take("mast", Reading("air_temperature", 10.0 if n < 7 else 11.0, 3.0 * n))
        minutes.take("mast", Reading("rainfall_amount", 0.2 * n, 3.0 * n))
    bodies = [
        minutes.close(0, 20.0, None, {}),
        minutes.close(20.0, 47.5, 1.7e9, {}),
        minutes.close(47.5, 107.5, 1.7e9, {}),
    ]
    assert [b.values["air_temperature"] for b in bodies] == [10.0, 11.0, 11.0]
    assert sum(b.values["rainfall_amount"] or 0.0 for b in bodies) == pytest.approx(0.2 * 35)


@pytest.mark.parametrize("step", [-86_400.0, -5.0, 3600.0, 20_000_000.0])
def test_a_step_of_the_clock_makes_no_rain_doubtful(step: float) -> None:
    """Samples are apart by the boot's own seconds: a clock that is set leaves amounts and flags as they are."""
    minutes = Minutes([line("rainfall_amount", 2)])
    bodies = []
    for n in range(4):
        for at in (60.0 * n, 60.0 * n + 30):
            minutes.take("mast", Reading("rainfall_amount", at / 150, at))
        bodies.append(minutes.close(60.0 * n, 60.0 * n + 60, 1.7e9 if n < 2 else 1.7e9 + step, {}))
    assert [b.values["rainfall_amount"] for b in bodies] == [0.2, 0.4, 0.4, 0.4]
    assert all(b.quality["rainfall_amount"] == 1 for b in bodies)


@pytest.mark.parametrize(
    ("directions", "reported"),
    [([350.0, 10.0] * 10, 360.0), ([350.0, 10.0, 20.0, 350.0] * 5, 2.0), ([359.0] * 20, 359.0)],
)
def test_wind_across_north(directions: list[float], reported: float) -> None:
    """A wind that turns about north is a north wind, not one from the south."""
    lines = [line("wind_speed", 20), line("wind_from_direction", 20)]
    body = minute(lines, spread("wind_speed", [2.0] * 20) + spread("wind_from_direction", directions))
    assert body.values["wind_from_direction"] == reported


def test_directions_that_cancel_out_are_missing_in_wind_and_calm_without() -> None:
    """Two opposite winds have no direction, and say so; in calm the direction is 0 whatever the vane did."""
    lines = [line("wind_speed", 20), line("wind_from_direction", 20)]
    swing = spread("wind_from_direction", [90.0, 270.0] * 10)
    body = minute(lines, spread("wind_speed", [2.0] * 20) + swing)
    assert body.quality["wind_from_direction"] == 9
    assert body.reasons["wind_from_direction"] == VARIABLE
    body = minute(lines, spread("wind_speed", [0.04] * 20) + swing)
    assert (body.values["wind_from_direction"], body.quality["wind_from_direction"]) == (0.0, 1)


def test_a_gust_over_the_minutes_edge_is_the_second_minutes() -> None:
    """Two strong seconds before the edge and one after it are one gust, told once, where it ends."""
    minutes = Minutes([line("wind_speed", 60)])
    for second in range(120):
        minutes.take("mast", Reading("wind_speed", 9.0 if 58 <= second <= 60 else 3.0, float(second)))
    gusts = [minutes.close(at, at + 60, None, {}).values["wind_speed_of_gust"] for at in (0, 60)]
    assert gusts == [7.0, 9.0]


def test_where_the_mean_is_missing_there_is_no_gust() -> None:
    """A minute with half its wind samples tells no gust: the strongest second may be among the lost."""
    body = minute([line("wind_speed", 60)], spread("wind_speed", [5.0] * 30, 1.0))
    assert body.values == {"wind_speed": None, "wind_speed_of_gust": None}
    assert body.quality == {"wind_speed": 9, "wind_speed_of_gust": 9}


def test_a_gust_is_never_below_the_mean() -> None:
    """Where each strong second stands between two lost ones, no three samples tell of it: there is no gust."""
    strong_alone = [9.0 if second % 8 == 6 else 1.0 for second in range(60) if second % 8 not in (5, 7)]
    at = [float(second) for second in range(60) if second % 8 not in (5, 7)]
    readings = [Reading("wind_speed", speed, second) for speed, second in zip(strong_alone, at, strict=True)]
    body = minute([line("wind_speed", 60)], readings)
    assert body.values == {"wind_speed": 2.2, "wind_speed_of_gust": None}
    assert str(body.reasons["wind_speed_of_gust"]) == "no three samples in 3 s"


def test_a_sensor_doubted_at_the_close_keeps_its_number() -> None:
    """What is judged beside the other values raises a flag, with a reason, and never a number."""
    lines = [line(name, 20) for name in ("pm1", "pm2p5", "pm10")]
    readings = [r for name, v in (("pm1", 90.0), ("pm2p5", 40.0), ("pm10", 95.0)) for r in spread(name, [v] * 20)]
    body = minute(lines, readings)
    assert body.values == {"pm1": 90.0, "pm2p5": 40.0, "pm10": 95.0}
    assert body.quality == {"pm1": 3, "pm2p5": 3, "pm10": 1}
    assert str(body.reasons["pm1"]) == "pm1 90 over pm2p5 40"


def test_an_amount_that_lacks_the_minutes_end_is_not_passed_off_as_whole() -> None:
    """Where the gauge was last read half a minute before the end, the amount is kept and suspect."""
    readings = [Reading("rainfall_amount", 1.0 + n, 3.0 * n) for n in range(10)]
    body = minute([line("rainfall_amount", 20)], readings)
    assert body.values["rainfall_amount"] == 9.0
    assert body.quality["rainfall_amount"] == 3
    assert str(body.reasons["rainfall_amount"]) == "the last 33 s of the minute without readings"
