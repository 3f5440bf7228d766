"""An empty register's 0.0 and -0.1 degC are told from a frost by the leap that leads there, and by nothing else."""

from __future__ import annotations

import pytest

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.closing import Doubts
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from tests.bench.judging import recorded

T = "air_temperature"


def station(kept: Doubts | None = None, *, of: str = T, pace: float = 6.0, step: float = 0.1) -> Minutes:
    """Return the checks of a thermometer alone."""
    line = ChannelLine(of, "probe", Channel(of, -100, 100, step), limits_for(of, 1590.0), pace)
    return Minutes([line], None, kept)


def flags(minutes: Minutes, rows: list[list[float]], first: int = 0, of: str = T) -> list[int]:
    """Return the flags of minutes with these samples."""
    found = []
    for number, samples in enumerate(rows, first):
        for n, value in enumerate(samples):
            minutes.take("probe", Reading(of, value, 60.0 * number + 60.0 / len(samples) * n))
        found.append(minutes.close(60.0 * number, 60.0 * number + 60.0, None, {}).quality[of])
    return found


def still(value: float, minutes: int, samples: int = 6) -> list[list[float]]:
    """Return minutes of one number."""
    return [[value] * samples] * minutes


@pytest.mark.parametrize("word", [-0.1, 0.0])
@pytest.mark.parametrize("before", [15.2, 2.0, -1.3])
def test_a_leap_to_an_empty_register_is_doubted_as_long_as_it_lasts(word: float, before: float) -> None:
    """A thermometer alone, whose element comes off: no frost, for hours; good again when it measures."""
    found = flags(station(), [*still(before, 5), *still(word, 200), *still(before, 3)])
    assert found[:5] == [1] * 5
    assert set(found[5:205]) == {3}
    assert found[-1] == 1


@pytest.mark.parametrize("samples", [1, 2])
def test_a_slow_device_has_to_leap_by_two_kelvins(samples: int) -> None:
    """One sample a minute lands on a number by chance more easily than six."""
    assert set(flags(station(pace=samples), [*still(1.7, 5, samples), *still(-0.1, 60, samples)])) == {1}
    assert set(flags(station(pace=samples), [*still(1.9, 5, samples), *still(-0.1, 60, samples)])[6:]) == {3}


def test_a_frost_that_comes_in_steps_is_believed() -> None:
    """Air that cools by 0.9 K in a minute and stays at -0.1 degC, and ice that melts at 0.0, for an hour."""
    cooling = [[round(3.5 - 0.15 * (6 * m + n), 1) for n in range(6)] for m in range(4)]
    assert set(flags(station(), [*cooling, *still(-0.1, 60)])) == {1}
    thaw = [[round(-2 + 0.3 * m + 0.05 * n, 1) for n in range(6)] for m in range(7)]
    assert set(flags(station(), [*thaw, *still(0.0, 90)])) == {1}


def test_a_true_fall_that_passes_through_the_number_is_believed() -> None:
    """Where one sample of the minute differs, it was measured."""
    fall = [[1.4] * 6, [-0.1, -0.1, -0.1, -0.1, -0.1, -0.2], *still(-0.1, 20)]
    assert set(flags(station(), fall)) == {1}


def test_after_a_gap_and_a_start_nobody_can_tell() -> None:
    """Ten minutes on, or first of all, -0.1 degC is what it says."""
    assert set(flags(station(), still(-0.1, 30))) == {1}
    minutes = station()
    flags(minutes, still(15.0, 5))
    assert set(flags(minutes, still(-0.1, 30), 20)) == {1}
    minutes = station()
    flags(minutes, still(15.0, 5))
    assert set(flags(minutes, still(-0.1, 30), 14)) == {3}, "nine minutes are no such gap"


def test_a_doubt_goes_on_over_a_restart_until_a_sample_differs() -> None:
    """Without a mean before it the empty register is still empty."""
    minutes = station()
    flags(minutes, [*still(6.0, 3), *still(-0.1, 5)])  # 8 K and more are a leap that is doubted by itself
    assert flags(station(minutes.keep()), [*still(-0.1, 4), [-0.2] * 6, *still(-0.1, 3)]) == [3] * 4 + [1] * 4


def test_the_word_is_of_the_device_s_own_step() -> None:
    """In hundredths it is -0.01; -0.1 is a number like others there. A coarse device must leap by ten steps."""
    fine = flags(station(step=0.01), [*still(2.0, 5), *still(-0.01, 20)])
    assert set(fine[5:]) == {3}
    assert flags(station(step=0.01), [*still(1.9, 5), *still(-0.1, 20)])[-1] == 1
    assert set(flags(station(step=0.5), [*still(1.5, 5), *still(-0.5, 20)])) == {1}


@pytest.mark.parametrize("of", ["soil_temperature", "leaf_temperature"])
def test_soil_and_leaves_have_registers_too(of: str) -> None:
    """A soil probe in its winter stays at 0.0 for weeks, but leaps there in no minute."""
    assert set(flags(station(of=of), [*still(9.0, 5), *still(0.0, 30)], of=of)[5:]) == {3}
    assert set(flags(station(of=of), [*still(0.3, 5), *still(0.0, 300)], of=of)) == {1}


def test_no_recorded_minute_is_a_void_word() -> None:
    """A recorded day, moved down so that it crosses 0 degC all day: none of its minutes is doubted."""
    minutes = station(pace=20.0)
    rows: dict[int, list[float]] = {}
    for at, frame in recorded("2020-12-27"):
        rows.setdefault(int(at // 60), []).append(frame[T])
    middle = sorted(value for samples in rows.values() for value in samples)[15_000]
    doubted = 0
    for number, samples in sorted(rows.items()):
        for n, value in enumerate(samples):
            minutes.take("probe", Reading(T, round(value - middle, 1), 60.0 * number + n * 2.5))
        body = minutes.close(60.0 * number, 60.0 * number + 60.0, None, {})
        doubted += body.quality[T] == 3
    assert doubted == 0
