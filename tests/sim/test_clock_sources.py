"""Sources of the time that are wrong each in its own way: what a box's minutes say then, and to within what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge.sim.times import FOREVER, Teller
from tests.kits.clock_cases import ClockCase, listed, stands
from tests.kits.clock_days import wrong
from tests.kits.stations import BEGIN, DAY, HOUR

WEEKS_1024 = 1024 * 7 * DAY
MINUTES = 60.0
NTP = Teller("ntp", 0.02)
PLATFORM = Teller("platform", 0.05, every=HOUR)
CANNOT, CONTRADICTED = "time_cannot_be", "time_contradicted"
TURNED, UNDISPUTED = "time_turned", "time_undisputed"


def us(*day: int) -> int:
    """Return an instant of UTC in microseconds."""
    year, month, date, hour, minute = day
    return round(datetime(year, month, date, hour, minute, tzinfo=UTC).timestamp()) * 1_000_000


def until(end: float, off: float) -> Teller:
    """Return the system's clock, trusted though nobody has set it, so many s wrong until network time is there."""
    return Teller("system", 1.0, ((0.0, end, off),))


def since(begin: float, end: float = FOREVER) -> Teller:
    """Return network time that is heard over that span alone."""
    return Teller("ntp", 0.02, ((begin, end, 0.0),))


def set_to(*day: int) -> float:
    """Return by how many s a clock is wrong that says this at the begin."""
    return (us(*day) - BEGIN) / 1e6


def smeared(begin: float) -> Teller:
    """Return network time that leads by 50 ms more each quarter of an hour, up to half a second, and comes back."""
    steps = [(begin + n * 900.0, begin + (n + 1) * 900.0, 0.05 * min(n, 20 - n)) for n in range(1, 20)]
    return wrong("ntp", 0.02, *steps)


CASES = {
    # leap seconds: the checkers' time is UTC after it
    "a leap second, two sources": ClockCase(
        (wrong("ntp", 0.02, (0.0, 4 * HOUR, 1.0)), wrong("platform", 0.05, (0.0, 4 * HOUR, 1.0), every=HOUR)),
        8,
        (CONTRADICTED, TURNED),
    ),
    "network time smeared over a leap second, platform right": ClockCase(
        (smeared(HOUR), Teller("platform", 0.05, every=600.0)), 17.5, (CONTRADICTED, UNDISPUTED)
    ),
    # a GPS receiver's weeks
    "1,024 weeks back for ever": ClockCase((wrong("gnss", 0.001, (0.0, FOREVER, -WEEKS_1024)),), 2, (CANNOT,), 0, 119),
    "1,024 weeks back, and network time an hour later": ClockCase(
        (wrong("gnss", 0.001, (0.0, FOREVER, -WEEKS_1024)), since(HOUR)), 3.5, (CANNOT,)
    ),
    "1,024 weeks ahead for two hours": ClockCase((wrong("gnss", 0.001, (0.0, 2 * HOUR, WEEKS_1024)),), 5, (CANNOT,)),
    # servers that are half an hour off, or by a zone
    "1,900 s ahead from the start, then right": ClockCase(
        (wrong("ntp", 0.02, (0.0, 3 * HOUR, 1900.0)),), 14.5, (CONTRADICTED, TURNED, UNDISPUTED)
    ),
    "1,900 s back for 20 minutes": ClockCase(
        (wrong("ntp", 0.02, (4 * HOUR, 4 * HOUR + 1200.0, -1900.0)),), 8, (CONTRADICTED, UNDISPUTED)
    ),
    "1,900 s ahead of two sources, then both right": ClockCase(
        (wrong("ntp", 0.02, (0.0, 3 * HOUR, 1900.0)), wrong("platform", 0.05, (0.0, 3 * HOUR, 1900.0), every=HOUR)),
        6.5,
        (CONTRADICTED, TURNED),
    ),
    "an hour ahead, the platform right once a day": ClockCase(
        (wrong("ntp", 0.02, (HOUR, FOREVER, 3600.0)), Teller("platform", 0.1, every=DAY)),
        5,
        (CONTRADICTED, TURNED),
        3602.0,
    ),
    "kept wrong, and a third source agrees with the second": ClockCase(
        (
            wrong("ntp", 0.02, (0.0, FOREVER, 60.0)),
            Teller("platform", 0.1, ((HOUR, FOREVER, 0.0),), HOUR),
            Teller("gnss", 0.01, ((2.5 * HOUR, FOREVER, 0.0),)),
        ),
        6,
        (CONTRADICTED, UNDISPUTED, TURNED),
    ),
    "three sources, each another time": ClockCase(
        (NTP, wrong("platform", 0.1, (0.0, FOREVER, 60.0), every=HOUR), wrong("gnss", 0.01, (0.0, FOREVER, -60.0))),
        5,
        (CONTRADICTED,),
        122.0,
    ),
    # clock chips: the system's clock is trusted before network time has set it
    "a dead battery: 2000": ClockCase((until(HOUR, set_to(2000, 1, 1, 0, 0)), since(HOUR)), 3.5, (CANNOT,)),
    "a dead battery: 1970": ClockCase((until(HOUR, set_to(1970, 1, 1, 0, 0)), since(HOUR)), 3.5, (CANNOT,)),
    "a dead battery: 2099": ClockCase((until(HOUR, set_to(2099, 12, 31, 0, 0)), since(HOUR)), 3.5, (CANNOT,)),
    "a dead battery for ever, no network time": ClockCase(
        (until(FOREVER, set_to(2000, 1, 1, 0, 0)),), 2, (CANNOT,), 0, 119
    ),
    "a clock chip that says 2030": ClockCase(
        (until(HOUR, set_to(2030, 1, 1, 0, 0)), since(HOUR)), 6.5, (CONTRADICTED, TURNED, UNDISPUTED)
    ),
    "a clock chip in local time": ClockCase(
        (until(HOUR, 8 * HOUR), since(HOUR)), 6.5, (CONTRADICTED, TURNED, UNDISPUTED)
    ),
    "a clock chip and network time with one error, platform right": ClockCase(
        (until(HOUR, 3600.0), Teller("ntp", 0.02, ((HOUR, FOREVER, 3600.0),)), PLATFORM),
        5,
        (CONTRADICTED, UNDISPUTED),
        3602.0,
    ),
    # a person's hand
    "set by hand for half an hour, nothing but the trusted clock": ClockCase(
        (wrong("system", 1.0, (3 * HOUR, 3.5 * HOUR, 8 * HOUR)),), 7.5, (CONTRADICTED, UNDISPUTED), 3.0, watched=True
    ),
    "set by hand, and set right by network time a minute later": ClockCase(
        (Teller("ntp", 0.02, ((0.0, 3 * HOUR, 0.0), (3 * HOUR + 64.0, FOREVER, 0.0))),), 5.5, watched=True
    ),
    "set by hand to yesterday on a trusted clock until network time is there": ClockCase(
        (
            Teller("ntp", 0.02, ((0.0, 3 * HOUR, 0.0), (3 * HOUR + 64.0, FOREVER, 0.0))),
            Teller("system", 1.0, ((3 * HOUR, 3 * HOUR + 64.0, -DAY),)),
        ),
        5.5,
        (CONTRADICTED, UNDISPUTED),
        watched=True,
    ),
    # the platform's time over slow links
    "minutes on the way, nobody knows which": ClockCase((Teller("platform", 120.0, every=HOUR),), 12, (), 165.0),
    "minutes on the way each other time": ClockCase(
        (Teller("platform", 120.0, every=2 * HOUR), Teller("platform", 0.05, ((HOUR, FOREVER, 0.0),), 2 * HOUR)),
        12,
        (),
        0.6,
    ),
    "the platform's first answer is an hour off": ClockCase(
        (wrong("platform", 0.05, (0.0, 10.0, 3600.0), every=HOUR),), 8, (CONTRADICTED, TURNED, UNDISPUTED), 0.6
    ),
    "the platform's answers of one night are an hour off, network time right": ClockCase(
        (NTP, wrong("platform", 0.05, (2 * HOUR, 6 * HOUR, -3600.0), every=HOUR)), 10, (CONTRADICTED, UNDISPUTED)
    ),
    # sources that alternate
    "two that are 3 s apart, by turns": ClockCase(
        (Teller("ntp", 0.02, every=600.0), wrong("platform", 0.02, (0.0, FOREVER, 3.0), every=600.0)),
        5,
        (CONTRADICTED,),
        3.4,
    ),
    "two that are 3 s apart, an hour each": ClockCase(
        (
            Teller("ntp", 0.02, tuple((2 * n * HOUR, (2 * n + 1) * HOUR, 0.0) for n in range(5))),
            Teller("platform", 0.02, tuple(((2 * n + 1) * HOUR, (2 * n + 2) * HOUR, 3.0) for n in range(5))),
        ),
        9,
        (CONTRADICTED, TURNED),
        3.9,
    ),
    "a coarse and a fine one": ClockCase((Teller("ntp", 0.5), PLATFORM), 6, (), 0.4),
    "a coarse one, and an hour later a fine one": ClockCase(
        (Teller("ntp", 5.0), Teller("platform", 0.05, ((HOUR, FOREVER, 0.0),), HOUR)), 6, (), 0.6
    ),
    "16 s by turns with 20 ms": ClockCase((Teller("ntp", 16.0, every=1300.0), NTP), 4),
    # silence
    "silent after ten minutes, 50 ppm": ClockCase((since(0.0, 650.0),), 10, (), 8.5, ppm=50.0),
    "silent after ten minutes, -400 ppm": ClockCase((since(0.0, 650.0),), 10, (), 8.5, ppm=-400.0),
    "silent after the first word, 450 ppm": ClockCase((since(0.0, 10.0),), 10, (), 19.0, ppm=450.0),
    "one word after two days of none": ClockCase((since(47 * HOUR, 47 * HOUR + 10.0),), 48, (), 2.0, ppm=450.0),
    # days that calendars know
    "over the new year": ClockCase((NTP, PLATFORM), 3, begin=us(2026, 12, 31, 22, 30)),
    "over the site's new year": ClockCase((NTP, PLATFORM), 3, begin=us(2026, 12, 31, 14, 30)),
    "over 28 February": ClockCase((NTP, PLATFORM), 3, begin=us(2027, 2, 28, 22, 30)),
    "over 29 February": ClockCase((NTP, PLATFORM), 3, begin=us(2028, 2, 28, 22, 30)),
    "out of 29 February": ClockCase((NTP, PLATFORM), 3, begin=us(2028, 2, 29, 22, 30)),
    "over 2038-01-19, where 31 bits of seconds end": ClockCase((NTP, PLATFORM), 3, begin=us(2038, 1, 19, 1, 44)),
    "over the last day that is believed": ClockCase((NTP,), 3, (CANNOT,), 1.5, begin=us(2045, 12, 31, 22, 30)),
}
FAST = (
    "a clock chip in local time",
    "set by hand, and set right by network time a minute later",
    "a clock chip and network time with one error, platform right",
    "1,024 weeks back, and network time an hour later",
    "over 29 February",
)


@pytest.mark.parametrize("name", listed(CASES, FAST))
def test_no_source_makes_a_minute_wrong_beyond_its_word(name: str) -> None:
    """Each minute is true within the error that it states, none is there twice, and none is lost."""
    stands(CASES[name])
