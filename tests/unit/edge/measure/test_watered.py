"""Rain that no cloud gave is doubted; showers in sun, first drops in dry air and melting snow are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.driver import Channel
from edge.measure.closing import Closing, Placed
from edge.measure.limits import ANY
from edge.measure.quality import Flag
from edge.measure.value import Value
from edge.measure.watered import Watered
from tests.kits.mornings import HOUR, MIDNIGHT, SITE
from tests.kits.rule_days import sky

RAIN, T, RH, SUN = "rainfall_amount", "air_temperature", "relative_humidity", "solar_irradiance"


def told(
    minutes: int,
    mm: Callable[[int], float | None],
    humidity: Callable[[int], float] = lambda _: 40.0,
    share: float | None = None,
    temperature: float = 20.0,
    heated: bool = False,
    flag: Flag = Flag.PASS,
) -> list[int]:
    """Return the minutes whose rain is doubted."""
    watered = Watered({RAIN: heated})
    found = []
    for n in range(minutes):
        values = {
            RAIN: Value(mm(n), Flag.PASS),
            T: Value(temperature, flag),
            RH: Value(humidity(n), flag),
        }
        if watered.doubts(60.0 * (n + 1), values, share):
            found.append(n)
    return found


def sprinkler(n: int) -> float:
    """Return 0.2 mm every other minute, from the tenth on."""
    return 0.2 if n >= 10 and n % 2 == 0 else 0.0


def test_a_sprinkler_in_dry_air_is_told_after_a_quarter_of_an_hour() -> None:
    """2 mm in half an hour at 40 %; only minutes with rain are doubted."""
    assert told(60, sprinkler) == list(range(28, 60, 2))


def test_minutes_without_the_gauge_are_no_end_of_the_water() -> None:
    """A line that is silent in between leaves the sprinkler's other minutes in doubt."""
    silent = range(30, 36)
    doubted = told(60, lambda n: None if n in silent else sprinkler(n))
    assert doubted == [n for n in range(28, 60, 2) if n not in silent]


def test_a_sprinkler_in_the_sun_is_told_in_less_dry_air() -> None:
    """1 mm while the sun shines at 65 %, from the first minute after a quarter of an hour."""
    assert told(60, sprinkler, lambda _: 65.0, 0.9) == list(range(26, 60, 2))
    assert told(60, sprinkler, lambda _: 65.0, 0.6) == []
    assert told(60, sprinkler, lambda _: 65.0, None) == []
    assert told(60, sprinkler, lambda _: 71.0, 0.9) == []


@pytest.mark.parametrize("amount", [0.05, 0.1])
def test_a_few_tips_are_nobody_s(amount: float) -> None:
    """Less than 1 mm in half an hour is said nothing of: a bird, a branch, dew that runs off."""
    assert told(90, lambda n: amount if n % 4 == 0 else 0.0, share=0.9) == []


def test_a_storm_in_the_desert_is_rain() -> None:
    """Its first drops fall through air of 20 %; before the quarter of an hour is over the air is moist."""
    assert told(60, lambda n: 1.0 if n >= 5 else 0.0, lambda n: 20.0 if n < 12 else 55.0) == []


def test_snow_that_melts_under_a_blue_sky_is_no_sprinkler() -> None:
    """A hour of Kansas had 1.8 mm at -1.8 degC and 63 % in full sun; a heated gauge melts it in any air."""
    assert told(60, sprinkler, share=1.0, temperature=5.0) == []
    assert told(60, sprinkler, share=1.0, temperature=5.1) != []
    assert told(60, sprinkler, share=1.0, heated=True) == []


def test_without_a_good_hygrometer_and_thermometer_nothing_is_said() -> None:
    """What is in doubt itself accuses no gauge."""
    assert told(60, sprinkler, share=1.0, flag=Flag.SUSPECT) == []


def test_the_sky_is_asked_of_a_light_that_is_good() -> None:
    """A station's gauge in full sun, 65 % and 22 degC: doubted by day; not where its light sensor is in doubt."""
    for share, doubted in ((0.95, True), (0.4, False), (1.7, False)):
        channels = {name: Channel(name, -1e6, 1e6, 0.1) for name in (RAIN, T, RH, SUN)}
        closing = Closing({n: Placed("mast", 2.0, c, ANY) for n, c in channels.items()}, SITE)
        flags = []
        for n in range(40):
            at = 11 * HOUR + 60.0 * n
            numbers = {RAIN: 0.2, T: 22 + 0.1 * (n % 3), RH: 65 + 0.1 * (n % 4), SUN: sky(at, share)}
            values = {name: Value(number, Flag.PASS) for name, number in numbers.items()}
            judged = closing.judge(at, at + 60.0, MIDNIGHT, values, {n: [v] for n, v in numbers.items()})
            flags.append(judged[RAIN].flag)
        assert (Flag.SUSPECT in flags) == doubted
