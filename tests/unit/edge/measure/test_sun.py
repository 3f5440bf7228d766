"""What no sun gives and no cloud takes away: from which light on, for how long, and who can tell."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from edge.measure.brightness import HIGH
from edge.measure.quality import Flag
from edge.measure.sun import DARK_S, Sun, clear_sky
from edge.measure.value import Value
from tests.kits.mornings import MIDNIGHT, SITE

HOUR = 3600.0
SUN, LUX = "solar_irradiance", "illuminance"
NOON, EVENING, NIGHT = 12.5 * HOUR, 19.0 * HOUR, 1.0 * HOUR


def watts(amount: float | None, flag: Flag = Flag.PASS, of: str = SUN) -> dict[str, Value]:
    """Return a minute with that light."""
    return {of: Value(amount, flag)}


def told(sun: Sun, at: float, minutes: int, amount: float, each: float = 0.0) -> list[str]:
    """Return the codes of minutes in a row from s after midnight on; `each`: s between two of them instead of 60."""
    found = []
    for number in range(minutes):
        doubts = sun.doubts(at + number * each, at + number * each + 60.0, MIDNIGHT, watts(amount))
        found.append(doubts[SUN].code if doubts else "")
    return found


@pytest.fixture(name="sun")
def the_sun() -> Sun:
    """Give the sun over a station with a pyranometer."""
    sun = Sun(SITE, {SUN: SUN})
    assert sun.height(MIDNIGHT + NOON) > HIGH > sun.height(MIDNIGHT + EVENING) > 0 > sun.height(MIDNIGHT + NIGHT)
    return sun


def test_a_sensor_is_covered_after_an_hour_of_high_sun_and_until_it_sees_some(sun: Sun) -> None:
    """Under five thousandths of a clear sky is no weather; a lamp beside a low sun uncovers nothing, 2 % at noon do."""
    clear = clear_sky(sun.height(MIDNIGHT + NOON + 30.0), SITE.altitude_m)
    assert told(sun, NOON, 61, 0.0049 * clear) == [""] * 59 + ["covered"] * 2
    assert told(sun, EVENING, 1, 40.0) == ["covered"]
    assert told(sun, NOON, 1, 0.0199 * clear) == ["covered"]
    assert told(sun, NOON, 1, 0.0201 * clear) == [""]
    assert told(sun, NOON, 59, 0.0049 * clear) == [""] * 59, "the hour begins anew"
    assert told(sun, NOON, 1, 0.0051 * clear) == [""]
    assert told(sun, NOON, 59, 0.0049 * clear) == [""] * 59, "over five thousandths are a storm"


def test_the_dark_of_a_low_sun_is_no_cover(sun: Sun) -> None:
    """Behind a mountain the light is gone hours before the sun."""
    assert told(sun, EVENING, 200, 0.0, each=1.0) == [""] * 200


def test_a_covered_sensor_is_so_after_a_restart_and_no_other(sun: Sun) -> None:
    """Also where the station has another sensor by then."""
    told(sun, NOON, 60, 0.0)
    dark, snowed, seen = sun.keep()
    assert (dark, snowed) == ([SUN], [])
    both = Sun(SITE, {SUN: SUN, "illuminance.new": LUX})
    both.resume([*dark, "gone"], [*snowed, "gone"], seen)
    found = both.doubts(NOON, NOON + 60.0, MIDNIGHT, watts(0.0) | watts(40_000.0, of="illuminance.new"))
    assert {name: reason.code for name, reason in found.items()} == {SUN: "covered"}
    assert both.keep()[0] == [SUN]
    assert Sun(SITE, {SUN: SUN}).keep() == ([], [], {})


def test_a_sensor_under_snow_is_so_after_a_restart_and_no_other(sun: Sun) -> None:
    """What was seen of its light in the days before is known still, too."""
    told(sun, NOON, 200, 100.0)
    _, _, seen = sun.keep()
    assert seen[SUN].seconds > 0
    again = Sun(SITE, {SUN: SUN})
    again.resume([], [SUN, "gone"], seen | {"gone": seen[SUN]})
    assert again.keep() == ([], [SUN], seen)


@pytest.mark.parametrize(
    ("at", "extra"), [(NIGHT, 10.0), (EVENING, 50.0), (NOON, 50.0)], ids=["by night", "in the evening", "at noon"]
)
def test_light_over_half_as_much_again_as_a_clear_sky_s_is_doubted(sun: Sun, at: float, extra: float) -> None:
    """What lamps and twilight add is allowed: 10 W/m2 by night, 50 while the sun is near or up."""
    most = 1.5 * clear_sky(sun.height(MIDNIGHT + at + 30.0), SITE.altitude_m) + extra
    assert told(sun, at, 1, most + 0.5) == ["more_than_the_sun"]
    assert told(sun, at, 1, most - 0.5) == [""]


def test_the_twilight_ends_with_the_sun_six_degrees_down(sun: Sun) -> None:
    """Two minutes before, 30 W/m2 are the sky's; then they are a lamp's, and the reason says what a night may have."""
    end = next(at for at in range(68_400, 75_600, 10) if sun.height(MIDNIGHT + at) < math.radians(-6.0))
    assert told(sun, end - 180.0, 1, 30.0) == [""]
    assert told(sun, end, 1, 30.0) == ["more_than_the_sun"]
    lamp = Sun(SITE, {LUX: LUX}).doubts(NIGHT, NIGHT + 60.0, MIDNIGHT, watts(1300.0, of=LUX))[LUX]
    assert lamp.params["most"] == 1220.0


def test_the_sun_rises_without_a_leap(sun: Sun) -> None:
    """All morning, by the second: a height that jumped with the minute or the hour would doubt good light."""
    heights = [sun.height(MIDNIGHT + at) for at in range(6 * 3600, 11 * 3600, 7)]
    steps = [after - before for before, after in pairwise(heights)]
    assert min(steps) > 2e-4
    assert max(steps) < 6e-4


def test_who_tells_nothing_is_not_judged_and_hides_no_other() -> None:
    """A sensor without a value, and any sensor while the time is not known."""
    sun = Sun(SITE, {LUX: LUX, SUN: SUN})
    assert set(sun.doubts(NIGHT, NIGHT + 60.0, MIDNIGHT, watts(None, of=LUX) | watts(700.0))) == {SUN}
    assert set(sun.doubts(NIGHT, NIGHT + 60.0, MIDNIGHT, watts(700.0))) == {SUN}
    assert sun.doubts(NIGHT, NIGHT + 60.0, None, watts(700.0)) == {}


def test_the_share_of_the_sun_is_the_brightest_good_sensor_s(sun: Sun) -> None:
    """Not one that is in doubt; nobody's while the sun is low, or the time not known."""
    clear = clear_sky(sun.height(MIDNIGHT + NOON + 30.0), SITE.altitude_m)
    two = Sun(SITE, {LUX: LUX, SUN: SUN})
    good, doubted = watts(122.0 * 0.5 * clear, of=LUX), watts(0.9 * clear, Flag.SUSPECT)
    assert two.share(NOON, NOON + 60.0, MIDNIGHT, good | watts(0.25 * clear)) == pytest.approx(0.5)
    assert two.share(NOON, NOON + 60.0, MIDNIGHT, good | doubted) == pytest.approx(0.5)
    assert two.share(NOON, NOON + 60.0, MIDNIGHT, doubted) is None
    assert two.share(EVENING, EVENING + 60.0, MIDNIGHT, good) is None
    assert two.share(NOON, NOON + 60.0, None, good) is None


@pytest.mark.parametrize(("at", "down"), [(NIGHT, True), (EVENING, False), (NOON, False)])
def test_the_sun_is_down_only_where_that_is_known(sun: Sun, at: float, down: bool) -> None:
    """Without the time nobody says so."""
    assert (sun.shines(at, at + 60.0, MIDNIGHT) == 0) is down
    assert sun.shines(at, at + 60.0, None) is None


def test_a_clear_sky_is_that_of_haurwitz_and_brighter_higher_up() -> None:
    """1098 cos z exp(-0.057 / cos z): 1,037 W/m2 from overhead at the sea; a fifteenth more at 2,500 m."""
    assert clear_sky(math.radians(90.0), 0.0) == pytest.approx(1037.2, abs=0.1)
    assert clear_sky(math.radians(30.0), 0.0) == pytest.approx(489.9, abs=0.1)
    assert clear_sky(1.0, 2500.0) / clear_sky(1.0, 0.0) == pytest.approx(1 + 1 / 15)
    assert clear_sky(0.0, 0.0) == clear_sky(-0.5, 0.0) == 0.0
    assert DARK_S == HOUR
