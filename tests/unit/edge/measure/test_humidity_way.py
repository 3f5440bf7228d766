"""A thermometer in tenths that stands still while humidity goes further than it ever did in its still hours."""

from __future__ import annotations

import math

import msgspec

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.closing import Doubts
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.sun import Site
from edge.records.bodies import Minute
from tests.kits.station_day import Truth

T, RH, P = "air_temperature", "relative_humidity", "air_pressure"
LEARN = 14 * 60  # minutes
MINUTE = 60.0


def mast(step: float = 0.1, kept: Doubts | None = None, site: Site | None = None) -> Minutes:
    """Return a thermometer of that step beside a hygrometer and a barometer."""
    steps = {T: step, RH: 0.1, P: 0.1}
    lines = [ChannelLine(n, "mast", Channel(n, -1e6, 1e6, s), limits_for(n, 1590), 6.0) for n, s in steps.items()]
    return Minutes(lines, site, kept)


def run(minutes: Minutes, truth: Truth, first: int, last: int, utc: float | None = None) -> list[Minute]:
    """Return the minutes [first, last) of weather by the instant; `utc`: that of the instant 0, s."""
    found = []
    for number in range(first, last):
        for n in range(6):
            at = MINUTE * number + 10.0 * n
            for name, value in truth(at).items():
                minutes.take("mast", Reading(name, round(value, 1), at))
        found.append(minutes.close(MINUTE * number, MINUTE * number + MINUTE, utc, {}))
    return found


def weather(still_s: float, swing: float) -> Truth:
    """Return air whose temperature rests for so long in each hour, and whose humidity swings by so much either way."""

    def truth(at: float) -> dict[str, float]:
        into = at % 3600.0
        return {
            T: 12.0 if into < still_s else 12.0 + 0.8 * math.sin(2 * math.pi * (into - still_s) / (3600.0 - still_s)),
            RH: 70.0 + swing * math.sin(at / 190.0),
            P: 836.0 + 0.5 * math.sin(at / 900.0),
        }

    return truth


def stuck(truth: Truth) -> Truth:
    """Return the same with a thermometer that stands still."""
    return lambda at: truth(at) | {T: 12.4}


def first_doubt(learnt: Truth, later: Truth, kept_over_a_restart: bool = False, step: float = 0.1) -> int | None:
    """Return the minute after which the thermometer is doubted for standing still, of 100 minutes after so many."""
    minutes = mast(step)
    assert all(m.quality[T] == 1 for m in run(minutes, learnt, 0, LEARN))
    if kept_over_a_restart:
        minutes = mast(step, msgspec.convert(msgspec.to_builtins(minutes.keep()), Doubts))
    told = run(minutes, later, LEARN, LEARN + 100)
    return next((n for n, m in enumerate(told) if m.quality[T] != 1), None)


LIVELY, CALM = weather(600.0, 1.2), weather(2000.0, 1.2)


def test_a_lively_thermometer_that_sticks_is_found_by_the_way_of_humidity() -> None:
    """It rested for ten minutes at most while humidity swings; half an hour of that is more than twice its way."""
    found = first_doubt(LIVELY, stuck(LIVELY))
    assert found is not None and 19 <= found <= 35
    assert first_doubt(LIVELY, stuck(LIVELY), kept_over_a_restart=True) == found


def test_one_that_rests_as_long_by_itself_is_left() -> None:
    """The same stillness is the habit of a thermometer that rests for half an hour beside such a humidity."""
    assert first_doubt(CALM, CALM) is None
    found = first_doubt(CALM, stuck(CALM))
    assert found is None or found > 50


def test_noise_of_a_hygrometer_is_no_way() -> None:
    """Its noise alone goes nowhere, however long."""
    quiet = weather(600.0, 0.2)
    assert first_doubt(quiet, stuck(quiet)) is None


def test_nothing_is_said_in_fog() -> None:
    """At saturation air may rest for hours."""

    def foggy(at: float) -> dict[str, float]:
        return stuck(LIVELY)(at) | {RH: 98.0 + 1.2 * math.sin(at / 190.0)}

    assert first_doubt(LIVELY, foggy) is None


def test_a_stuck_pyranometer_is_found_within_the_hour() -> None:
    """Irradiance moves by more than 1 W/m2 in each hour of day, also around a clear noon."""
    lines = [
        ChannelLine(n, "mast", Channel(n, -1e6, 1e6, 1.0), limits_for(n, 1590), 6.0) for n in ("solar_irradiance",)
    ]
    lines.append(ChannelLine(RH, "mast", Channel(RH, 0.0, 100.0, 0.1), limits_for(RH, 1590), 6.0))

    def told(watts: float, clear: bool) -> list[int]:
        minutes = Minutes(lines)

        def sky(at: float) -> dict[str, float]:
            sun = round(watts * math.cos((at - 3600.0) / 13_751.0)) if clear else watts
            return {"solar_irradiance": sun, RH: 60.0 + math.sin(at / 500.0)}

        return [m.quality["solar_irradiance"] for m in run(minutes, sky, 0, 120)]

    assert set(told(1000.0, clear=True)) == {1}
    flags = told(500.0, clear=False)
    assert set(flags[:59]) == {1} and set(flags[60:]) == {3}
    assert set(told(40.0, clear=False)) == {1}  # dusk under cloud


SITE = Site(31.68, 103.85, 1590.0, 8.0)
MIDNIGHT = 1_782_057_600.0  # 2026-06-22 at the site, UTC s
DAY, NOON = 1440, 12 * 60  # minutes


def resting_by_night(at: float) -> dict[str, float]:
    """Return air that rests for 50 minutes of each hour of night, and for 5 of those between 6 and 20."""
    by_day = 6 <= at / 3600.0 % 24 < 20
    return weather(300.0 if by_day else 3000.0, 1.2)(at)


def first_doubt_at_noon(utc: float | None, kept_over_a_restart: bool = False) -> int | None:
    """Return after which minute of the second day's noon a thermometer is doubted that sticks there, of 60."""
    minutes = mast(site=SITE)
    learnt = run(minutes, resting_by_night, 0, DAY + NOON, utc)
    assert all(m.quality[T] == 1 for m in learnt)
    if kept_over_a_restart:
        minutes = mast(kept=msgspec.convert(msgspec.to_builtins(minutes.keep()), Doubts), site=SITE)
    told = run(minutes, stuck(resting_by_night), DAY + NOON, DAY + NOON + 60, utc)
    return next((n for n, m in enumerate(told) if m.quality[T] != 1), None)


def test_one_that_rests_by_night_alone_is_found_by_day() -> None:
    """Long stillness by night is no habit of the day: it is found as soon as one that never rests long."""
    assert first_doubt_at_noon(MIDNIGHT) == 19
    assert first_doubt_at_noon(MIDNIGHT, kept_over_a_restart=True) == 19


def test_without_the_time_nobody_knows_that_it_is_day() -> None:
    """The habit of the night holds then."""
    assert first_doubt_at_noon(None) is None


def test_a_night_is_judged_by_its_own_habit() -> None:
    """Two more nights and days of the same air raise no doubt."""
    minutes = mast(site=SITE)
    assert all(m.quality[T] == 1 for m in run(minutes, resting_by_night, 0, 3 * DAY, MIDNIGHT))
