"""A light sensor held to the sun over hours and days, and to the other one beside it: what is told, and until when."""

from __future__ import annotations

import math

import pytest

from drivers.driver import Channel
from edge.measure.brightness import Brightness, Seen
from edge.measure.closing import Closing, Doubts, Placed
from edge.measure.limits import limits_for
from edge.measure.quality import Flag
from edge.measure.value import Value
from tests.kits.mornings import MIDNIGHT, SITE
from tests.kits.rule_days import sky

SUN, LUX = "solar_irradiance", "illuminance"
NOON = math.radians(60.0)
HOURS_OF_SUN = 80


def seen(brightness: Brightness, watts: float, minutes: int, height: float = NOON, clear: float = 900.0) -> list[str]:
    """Return the codes of so many minutes of one light."""
    found = [brightness.doubt(watts, clear, height, 60.0) for _ in range(minutes)]
    return [reason.code if reason else "" for reason in found]


def test_an_hour_over_the_sky_is_remembered_for_twelve_hours_of_sun() -> None:
    """A scale that is half too large is told after an hour, under the next cloud too, and not for ever."""
    one = Brightness()
    assert seen(one, 1.5 * 900, 60) == [""] * 59 + ["over_the_sky"]
    assert set(seen(one, 300.0, 12 * 60 - 1)) == {"over_the_sky"}
    assert seen(one, 0.0, 600, height=-0.3, clear=0.0) == ["over_the_sky"] * 600, "the night says nothing"
    assert seen(one, 300.0, 20)[-1] == ""


@pytest.mark.parametrize("times", [1.0, 1.2, 1.38])
def test_a_bright_sky_is_believed(times: float) -> None:
    """Snow all around and the edges of clouds: no hour of them is over 1.4."""
    assert set(seen(Brightness(), times * 900, 600)) == {""}


def test_bursts_at_a_cloud_s_edge_make_no_hour() -> None:
    """Half an hour of very bright edges between clouds is weather, and the sun below 40 degrees tells nothing."""
    one = Brightness()
    assert set(seen(one, 1.7 * 900, 30) + seen(one, 700.0, 30)) == {""}
    assert set(seen(Brightness(), 1.7 * 900, 300, height=math.radians(39))) == {""}


def test_the_hour_is_one_of_high_sun_on_end() -> None:
    """Half an hour of one day and half of the next are no hour."""
    one = Brightness()
    for _ in range(3):
        assert set(seen(one, 1.5 * 900, 30) + seen(one, 1.0, 30, height=0.1, clear=50.0)) == {""}


def mixed(brightness: Brightness, hours: int, bright: float, dark: float) -> list[str]:
    """Return the codes of hours of which each other is dark."""
    return [code for n in range(hours) for code in seen(brightness, (bright if n % 2 else dark) * 900, 60)]


def test_a_tenth_of_the_light_is_told_after_eighty_hours_of_sun() -> None:
    """Until ten minutes are bright; then the hours are counted anew."""
    one = Brightness()
    codes = mixed(one, HOURS_OF_SUN, 0.1, 0.02)
    assert codes == [""] * (HOURS_OF_SUN * 60 - 1) + ["never_bright"]
    assert seen(one, 0.3 * 900, 11)[-1] == ""
    assert set(mixed(one, HOURS_OF_SUN - 1, 0.1, 0.02)) == {""}


def test_next_to_nothing_is_told_after_twelve_hours_of_sun() -> None:
    """W/m2 in the place of lux, or a room: no dark day is so long; ten minutes of more light begin it anew."""
    one = Brightness()
    assert seen(one, 0.019 * 900, 12 * 60) == [""] * (12 * 60 - 1) + ["never_bright"]
    assert seen(one, 0.03 * 900, 10)[-1] == ""
    assert set(seen(one, 0.019 * 900, 11 * 60)) == {""}
    assert set(seen(Brightness(), 0.021 * 900, 40 * 60)) == {""}


@pytest.mark.parametrize(
    ("bright", "dark"), [(0.16, 0.02), (0.1, 0.03), (0.12, 0.1)], ids=["dull", "thin cloud", "a mountain's shade"]
)
def test_dull_weeks_and_shade_are_believed(bright: float, dark: float) -> None:
    """Where a sky of the kind could tell the same, nothing is said."""
    assert set(mixed(Brightness(), 2 * HOURS_OF_SUN, bright, dark)) == {""}


def test_the_low_sun_of_a_winter_counts_for_nothing() -> None:
    """Under 20 degrees even a good sensor tells little."""
    one = Brightness()
    codes = [c for n in range(200) for c in seen(one, 10.0 + 40.0 * (n % 2), 60, height=math.radians(19), clear=500.0)]
    assert set(codes) == {""}


# -- in the station's checks ------------------------------------------------------------------------------------------


def station(names: list[str], kept: Doubts | None = None) -> Closing:
    """Return the checks of a station of light sensors, all of one device, as a combined head is."""
    placed = {
        name: Placed("head", 2.0, Channel(name.partition(".")[0], -10, 2e5, 1.0), limits_for(SUN, 1590.0))
        for name in names
    }
    return Closing(placed, SITE, kept)


def day(closing: Closing, of: dict[str, float], minutes: range, day_number: int = 0) -> list[dict[str, Value]]:
    """Return the minutes of a June day: each sensor tells its own share of a clear sky."""
    found = []
    for number in minutes:
        watts = {name: sky(60.0 * number + 30.0, share) for name, share in of.items()}
        told = {n: Value(round(w * (122.0 if n.startswith(LUX) else 1.0)), Flag.PASS) for n, w in watts.items()}
        begin = 60.0 * number + 86_400.0 * day_number
        samples = {name: [value.value or 0.0] for name, value in told.items()}
        found.append(closing.judge(begin, begin + 60.0, MIDNIGHT - 86_400.0 * day_number, told, samples))
    return found


def flags(minutes: list[dict[str, Value]], name: str) -> list[int]:
    """Return one sensor's flags."""
    return [int(minute[name].flag) for minute in minutes]


MORNING = range(9 * 60, 10 * 60)


@pytest.mark.parametrize("share", [0.1, 0.5, 2.0])
def test_lux_and_watts_that_disagree_are_both_doubted(share: float) -> None:
    """A scale wrong by ten, half a dome: within ten minutes, beside a luxmeter of the same head."""
    minutes = day(station([SUN, LUX]), {SUN: 0.45 * share, LUX: 0.45}, MORNING)
    for name in (SUN, LUX):
        assert flags(minutes, name)[9:] == [3] * 51
        assert flags(minutes, name)[:9] == [1] * 9
    reason = minutes[-1][SUN].reason
    assert reason is not None and reason.params["other"] == LUX and reason.params["unit"] == "W/m2"


@pytest.mark.parametrize("share", [0.8, 0.9, 1.15, 1.3])
def test_what_every_sky_and_two_devices_may_differ_by_is_good(share: float) -> None:
    """98 to 159 lx per W/m2: overcast, clear, and each a little off."""
    minutes = day(station([SUN, LUX]), {SUN: 0.5, LUX: 0.5 * share}, MORNING)
    assert set(flags(minutes, SUN) + flags(minutes, LUX)) == {1}


def test_a_luxmeter_is_no_witness_of_how_a_pyranometer_moves() -> None:
    """Their numbers are not alike: neither stands still because the other moves."""
    closing = station([SUN, LUX])
    told = {SUN: Value(500.0, Flag.PASS), LUX: Value(61_000.0, Flag.PASS)}
    for number in range(600, 640):
        samples = {SUN: [500.0], LUX: [61_000.0 + 400 * (number % 5)]}
        judged = closing.judge(60.0 * number, 60.0 * number + 60.0, MIDNIGHT, told, samples)
        assert {value.flag for value in judged.values()} == {Flag.PASS}


def test_a_dome_that_loses_a_third_departs_from_its_habit() -> None:
    """Not at once, as devices differ; but beside a luxmeter that has been seen beside it for days."""
    closing = station([SUN, LUX])
    light = range(7 * 60, 19 * 60)
    for number in range(6):
        minutes = day(closing, {SUN: 0.6, LUX: 0.65}, light, number)
        assert set(flags(minutes, SUN)) == {1}
    minutes = day(closing, {SUN: 0.4, LUX: 0.65}, MORNING, 6)
    assert flags(minutes, SUN)[9:] == [3] * 51
    fresh = day(station([SUN, LUX]), {SUN: 0.4, LUX: 0.65}, MORNING)
    assert set(flags(fresh, SUN)) == {1}


def test_weak_light_is_no_habit() -> None:
    """At dusk two sensors differ by what they like: 60 against 20 W/m2 are nothing, after days of agreement too."""
    closing = station([SUN, LUX])
    for number in range(6):
        day(closing, {SUN: 0.6, LUX: 0.65}, range(7 * 60, 19 * 60), number)
    minutes = day(closing, {SUN: 0.02, LUX: 0.06}, MORNING, 6)
    assert set(flags(minutes, SUN)) == {1}


def test_what_was_seen_of_a_light_outlives_a_restart() -> None:
    """The eighty hours of sun need not be lived through in one start, nor is an hour over the sky forgotten."""
    kept = Doubts(seen={SUN: Seen(HOURS_OF_SUN * 3600.0 - 600.0, 0.02, 0.1), LUX: Seen(times=1.5, over=7200.0)})
    closing = station([SUN, LUX], kept)
    minutes = day(closing, {SUN: 0.1, LUX: 0.1}, range(600, 611))
    assert [reason.code for minute in minutes if (reason := minute[SUN].reason)] == ["never_bright"] * 2
    assert {reason.code for minute in minutes if (reason := minute[LUX].reason)} == {"over_the_sky"}
    again = closing.keep().seen
    assert again[SUN].seconds >= HOURS_OF_SUN * 3600.0 and 0 < again[LUX].over < 7200.0
