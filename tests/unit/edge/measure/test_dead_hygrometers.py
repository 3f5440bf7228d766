"""How little a hygrometer must move to be called dead, beside how much warming or cooling, and for how long."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pytest

from edge.measure.dead_hygrometers import DeadHygrometers
from edge.measure.quality import Flag
from edge.measure.value import Value

RH, T = "relative_humidity", "air_temperature"
Course = Callable[[float], float]  # hours -> value


def wave(middle: float, most: float) -> Course:
    """Return what swings by `most` about `middle` within each quarter of an hour."""
    return lambda hours: middle + most / 2 * math.sin(8 * math.pi * hours)


def rising(begin: float, each_hour: float, until: float = math.inf) -> Course:
    """Return what rises by so much in an hour, until that hour."""
    return lambda hours: begin + each_hour * min(hours, until)


def doubted(
    humidity: Course,
    temperature: Course,
    minutes: Iterable[int] = range(200),
    names: tuple[str, str] = (RH, T),
    sunrise: int = 0,
) -> list[int]:
    """Return after which minutes the hygrometer is in doubt; the sun is down before the minute `sunrise`."""
    judge = DeadHygrometers({names[0]: RH, names[1]: T})
    return [m for m in minutes if names[0] in told(judge, humidity, temperature, m, names, m < sunrise)]


def told(
    judge: DeadHygrometers,
    humidity: Course,
    temperature: Course,
    minute: int,
    names: tuple[str, str],
    by_night: bool = False,
) -> set[str]:
    """Return what is in doubt after a minute."""
    begin, hours = minute * 60.0, minute / 60
    values = dict(zip(names, (Value(humidity(hours), Flag.PASS), Value(temperature(hours), Flag.PASS))))
    return set(judge.doubts(begin, begin + 60.0, values, by_night))


@pytest.mark.parametrize(
    ("middle", "moves", "warms", "is_dead"),
    [
        (60.0, 0.9, 4.0, True),  # of the 14.4 % that it owes
        (60.0, 1.8, 4.0, False),
        (60.0, 0.3, 2.0, False),  # it owes 7.2 % alone, which says nothing
        (60.0, 0.3, 3.0, True),
        (92.0, 0.3, 3.0, False),  # near dew it must owe 20 %
        (92.0, 0.3, 4.5, True),
        (30.0, 0.3, 4.0, False),
        (30.0, 0.3, 6.0, True),
    ],
)
def test_it_is_dead_that_moves_by_less_than_a_tenth_of_what_it_owes(
    middle: float, moves: float, warms: float, is_dead: bool
) -> None:
    """Warming or cooling within three hours, in dry air and near dew."""
    for each_hour in (warms / 3, -warms / 3):
        found = doubted(wave(middle, moves), rising(10.0, each_hour))
        assert bool(found) is is_dead
        assert not found or found[0] >= 120


def test_what_is_older_than_three_hours_is_no_witness() -> None:
    """Air that warms by 2 K in three hours accuses nobody, however long it does."""
    assert doubted(wave(60.0, 0.3), rising(5.0, 0.7), range(600)) == []


def test_three_hours_of_which_a_fifth_is_missing_are_not_judged() -> None:
    """Nobody knows what the humidity did meanwhile."""
    there = [minute for minute in range(200) if minute % 5]
    assert doubted(wave(60.0, 0.3), rising(10.0, 1.5), there) == []


@pytest.mark.parametrize(("humidity", "begin", "is_fog"), [(97.0, 5.0, True), (94.0, 5.0, False), (90.0, -12.0, True)])
def test_in_fog_nothing_is_judged(humidity: float, begin: float, is_fog: bool) -> None:
    """Not over ice either: at -10 degC it saturates at 91 %."""
    assert (doubted(wave(humidity, 0.3), rising(begin, 1.6)) == []) is is_fog


@pytest.mark.parametrize(("leaves_by", "is_free"), [(1.5, False), (2.5, True)])
def test_a_doubt_ends_two_percent_outside_the_band(leaves_by: float, is_free: bool) -> None:
    """Noise that is somewhat larger than before is no measurement yet."""
    moved = 60.15 + leaves_by
    found = doubted(lambda h: moved if h > 3.25 else wave(60.0, 0.3)(h), rising(10.0, 1.5, 3.0))
    assert 194 in found
    assert (199 not in found) is is_free


def test_the_band_does_not_move_along() -> None:
    """A hygrometer that comes back by one percent an hour has left its band two hours later."""
    found = doubted(lambda h: wave(60.0, 0.3)(h) + max(0.0, h - 3.2), rising(10.0, 1.5), range(360))
    assert found
    assert max(found) < 340


def test_each_hygrometer_is_judged_by_the_thermometer_beside_it() -> None:
    """The second mast's own two, while the first one's are well."""
    names = f"{RH}.hedge", f"{T}.hedge"
    assert doubted(wave(60.0, 0.3), rising(10.0, 1.5), names=names)
    judge = DeadHygrometers({RH: RH, T: T, f"{RH}.hedge": RH, f"{T}.hedge": T})
    still, warms = (Value(60.0, Flag.PASS), [Value(10.0 + n / 40, Flag.PASS) for n in range(200)])
    values = [{RH: still, T: Value(10.0, Flag.PASS), f"{RH}.hedge": still, f"{T}.hedge": warm} for warm in warms]
    assert [set(judge.doubts(60.0 * n, 60.0 * n + 60.0, one)) for n, one in enumerate(values)][-1] == {f"{RH}.hedge"}


def test_a_thermometer_that_creeps_up_by_night_accuses_no_hygrometer() -> None:
    """Without the sun air hardly warms by itself: what is wrong may be the thermometer. By day, and by evening, it is
    the hygrometer; one that was dead all night is told when the sun has warmed the air."""
    still, creeps, cools = wave(88.0, 1.0), rising(20.0, 1.7), rising(20.0, -1.7)
    assert doubted(still, creeps, range(400), sunrise=1000) == []
    assert doubted(still, creeps, range(400), sunrise=0)
    assert doubted(still, cools, range(400), sunrise=1000)
    assert doubted(still, creeps, range(600), sunrise=300)[0] in range(360, 375), "9 % are owed after an hour of sun"
