"""Wind of one minute against worked examples (computed with MetPy 1.7.1 and by hand)."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.driver import Channel
from drivers.reading import Reading
from drivers.reason import Reason
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.quality import Flag
from edge.measure.value import Value
from edge.measure.wind import doubt_gusts, highest_gust, mean_direction, reported_direction

HELD = Reason("cups_held", "held?")
CUPS = Channel("wind_speed", 0.0, 60.0, 0.1)


@pytest.mark.parametrize(
    ("degrees", "expected"),
    [
        ([350, 10, 20], 6.705),
        ([90, 180], 135.0),
        ([10, 123, 350], 30.479),
        ([0, 0, 0], 360.0),
        ([350, 10], 360.0),
        ([270.5], 270.5),
    ],
)
def test_direction_is_the_unit_vector_mean(degrees: list[float], expected: float) -> None:
    """Directions are averaged as unit vectors, over north too, where a plain mean is wrong by half a circle."""
    assert mean_direction(degrees) == pytest.approx(expected, abs=1e-3)


def test_directions_that_cancel_out_have_no_mean() -> None:
    """Two opposite directions have no mean: not 90 degrees, not 0."""
    assert mean_direction([0, 180]) is None


@pytest.mark.parametrize(("degrees", "reported"), [(359.6, 360), (0.3, 360), (0.5001, 1), (360.0, 360), (179.5, 180)])
def test_north_is_reported_as_360(degrees: float, reported: int) -> None:
    """While the wind blows no direction is reported as 0, which means calm (WMO code table 0877)."""
    assert reported_direction(degrees) == reported


@given(st.lists(st.floats(0, 360), min_size=1, max_size=60), st.floats(0, 360))
def test_a_turned_vane_turns_the_mean(degrees: list[float], turn: float) -> None:
    """Turning every sample by some angle turns the mean by that angle."""
    before, after = mean_direction(degrees), mean_direction([(d + turn) % 360 for d in degrees])
    if before is None or after is None:
        return
    difference = (after - before - turn) % 360
    north = math.fsum(math.cos(math.radians(d)) for d in degrees) / len(degrees)
    east = math.fsum(math.sin(math.radians(d)) for d in degrees) / len(degrees)
    tolerance = 1e-6 / max(math.hypot(north, east), 1e-3)
    assert min(difference, 360 - difference) < tolerance


def test_a_gust_is_a_three_second_mean() -> None:
    """The highest single sample (9.8) is no gust; the highest 3-s running mean (7.4667) is."""
    samples = list(enumerate([4.1, 4.3, 5.0, 9.8, 7.6, 4.9, 4.4]))
    assert highest_gust([(float(t), v) for t, v in samples], 0.0) == pytest.approx(7.4667, abs=1e-4)


def test_a_gust_over_the_minutes_edge_counts_where_it_ends() -> None:
    """Two strong seconds before the edge and one after it make a gust of the second minute."""
    samples = [(58.0, 9.0), (59.0, 9.0), (60.0, 9.0), (61.0, 3.0), (62.0, 3.0)]
    assert highest_gust(samples, 60.0) == pytest.approx(9.0)
    assert highest_gust(samples[:2], 0.0) is None


def test_three_quick_samples_are_no_three_seconds() -> None:
    """A device that tells its wind four times a second makes no gust of what it first tells after a gap."""
    before = [(0.25 * n, 3.0) for n in range(12)]
    after = [(6.0 + 0.25 * n, 9.0 if n < 3 else 3.0) for n in range(12)]
    assert highest_gust(before + after, 0.0) == pytest.approx(39 / 7)  # of the seven that first span 1.5 s
    assert highest_gust(before + after[:6], 0.0) == pytest.approx(3.0)


def test_slower_than_once_a_second_there_is_no_gust() -> None:
    """A station that tells its wind every 3 s has no 3-s mean, and none is made up."""
    assert highest_gust([(3.0 * n, 5.0) for n in range(20)], 0.0) is None


def test_a_spike_in_the_last_second_makes_no_gust_of_the_next_minute() -> None:
    """What is suspect before the edge stays there: the next minute passes, with its own gust."""
    minutes = Minutes([ChannelLine("wind_speed", "mast", CUPS, limits_for("wind_speed", 1590), 60.0)])
    for second in range(120):
        minutes.take("mast", Reading("wind_speed", 40.0 if second == 59 else 3.0, float(second)))
    first, second_one = (minutes.close(at, at + 60, None, {}) for at in (0, 60))
    assert (first.values["wind_speed_of_gust"], first.quality["wind_speed_of_gust"]) == (15.3, 3)
    assert (second_one.values["wind_speed_of_gust"], second_one.quality["wind_speed_of_gust"]) == (3.0, 1)


@pytest.mark.parametrize(
    ("mean", "gust", "told"),
    [
        (Value(2.0, Flag.SUSPECT, HELD), Value(4.0, Flag.PASS), Value(4.0, Flag.SUSPECT, HELD)),
        (Value(2.0, Flag.PASS), Value(4.0, Flag.PASS), Value(4.0, Flag.PASS)),
        (Value(2.0, Flag.PASS), Value(4.0, Flag.SUSPECT, HELD), Value(4.0, Flag.SUSPECT, HELD)),
        (Value(None, Flag.FAIL, HELD), Value(4.0, Flag.PASS), Value(4.0, Flag.PASS)),
        (Value(2.0, Flag.SUSPECT, HELD), Value(None, Flag.MISSING), Value(None, Flag.MISSING)),
    ],
)
def test_a_gust_is_no_better_known_than_the_mean_of_its_cups(mean: Value, gust: Value, told: Value) -> None:
    """What others say of the cups holds for both; a sensor of its own is left alone."""
    values = {"wind_speed": mean, "wind_speed_of_gust": gust, "wind_speed_of_gust.mast": Value(5.0, Flag.PASS)}
    doubt_gusts(values)
    assert values == {
        "wind_speed": mean,
        "wind_speed_of_gust": told,
        "wind_speed_of_gust.mast": Value(5.0, Flag.PASS),
    }
