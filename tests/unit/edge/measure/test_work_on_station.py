"""Sensors that are changed while somebody works on the station: neither an offset nor a doubt for ever."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from drivers.driver import Channel
from edge.measure.closing import Closing, Placed
from edge.measure.limits import limits_for
from edge.measure.quality import Flag
from edge.measure.value import Value

T, TWIN, RH = "air_temperature", "air_temperature.twin", "relative_humidity"
LEARNT = 3 * 1440  # minutes


class Mast:
    """Two thermometers beside each other, and a hygrometer; minute after minute."""

    def __init__(self, names: tuple[str, ...] = (T, TWIN, RH)) -> None:
        placed = {
            name: Placed(name, 2.0, Channel(name.partition(".")[0], -80, 100, 0.01), limits_for(T, 0.0))
            for name in names
        }
        self._placed = placed
        self._closing = Closing(placed)
        self._noise, self._number = Random(7), 0

    def pass_(self, minutes: int, off: float, *, worked: bool = False, base: float = 15.0) -> list[int]:
        """Return the flags of the first thermometer, which tells so much more than the other, over some minutes."""
        found = []
        for _ in range(minutes):
            told = {T: base + off, TWIN: base, RH: 60.0}
            values = {
                name: Value(round(told[name] + self._noise.gauss(0, 0.05), 2), Flag.PASS) for name in self._placed
            }
            begin = 60.0 * self._number
            samples = {name: [value.value or 0.0] for name, value in values.items()}
            judged = self._closing.judge(begin, begin + 60.0, begin, values, samples, worked)
            found.append(int(judged[T].flag))
            self._number += 1
        return found

    def restart(self) -> None:
        """Go on as after a restart."""
        self._closing = Closing(self._placed, None, self._closing.keep())


@pytest.mark.parametrize("restarts", [False, True])
def test_a_new_thermometer_is_learnt_anew_after_maintenance(restarts: bool) -> None:
    """Its twin and it are good though they differ by 1 K more than before; also where the power was off."""
    mast = Mast()
    mast.pass_(LEARNT, 0.2)
    mast.pass_(20, 0.2, worked=True)
    if restarts:
        mast.restart()
    mast.pass_(10, 1.2, worked=True)
    assert set(mast.pass_(600, 1.2)) == {1}
    mast.pass_(LEARNT, 1.2)
    assert set(mast.pass_(60, 0.2)[15:]) == {3}, "it was learnt anew"


def test_without_maintenance_a_departure_stays_in_doubt() -> None:
    """Nobody has said that it is another sensor."""
    mast = Mast()
    mast.pass_(LEARNT, 0.2)
    assert set(mast.pass_(600, 1.2)[10:]) == {3}


def test_work_on_something_else_makes_no_drift_good() -> None:
    """A thermometer in doubt before stays so after a rain gauge was cleaned, also over a restart."""
    mast = Mast()
    mast.pass_(LEARNT, 0.2)
    mast.pass_(120, 1.2)
    mast.pass_(30, 1.2, worked=True)
    mast.restart()
    mast.pass_(5, 1.2, worked=True)
    assert set(mast.pass_(300, 1.2)[10:]) == {3}


def test_what_happens_during_work_is_not_learnt() -> None:
    """A hand at the sensor for an hour changes nothing of what is usual."""
    mast = Mast()
    mast.pass_(LEARNT, 0.2)
    mast.pass_(60, 8.0, worked=True)
    assert set(mast.pass_(300, 0.2)) == {1}
    assert set(mast.pass_(60, 1.2)[10:]) == {3}


def offset(mast: Mast, change: Callable[[Mast], object]) -> list[int]:
    """Return the flags of two hours after something was done to a lone thermometer that told 5 K too much."""
    mast.pass_(600, 5.0)
    change(mast)
    return mast.pass_(120, 0.0)


def test_a_repair_during_maintenance_is_no_offset() -> None:
    """What was 5 K too warm is right after it; without a word it is in doubt, as nobody knows which is true."""
    assert set(offset(Mast((T, RH)), lambda mast: mast.pass_(10, 0.0, worked=True))) == {1}
    assert 3 in offset(Mast((T, RH)), lambda _: None)


def test_an_offset_that_began_before_the_work_is_still_one_after_it() -> None:
    """And ends in it where the work brings the level back, also where nothing else tells of the air."""
    for names, off in (((T, RH), 5.0), ((T,), 9.0)):
        for after, flag in ((off, 3), (0.0, 1)):
            mast = Mast(names)
            mast.pass_(60, 0.0)
            assert mast.pass_(60, off)[-1] == 3
            mast.pass_(5, after, worked=True)
            assert set(mast.pass_(60, after)) == {flag}, after
