"""Who may be told of an alarm now, in which order, and when a person's night began: without a hub around it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from hub.alarms.alarm import Quiet, new_alarm
from hub.alarms.people import night_of, ready
from tests.kits.alarm_kit import person_of

PEOPLE = (
    person_of("zhang", 1, hours=["06:00", "22:00"]),
    person_of("li", 2, stations=["orchard-1"]),
    person_of("wang", 3, stations=["orchard-2"], duty="technician", hours=["20:00", "04:00"]),
    person_of("wen", 4, channels=[], duty="operator"),
)
ONE, OTHER, NONE = "orchard-1", "orchard-2", ""


def us(time: str) -> int:
    """Return an instant in microseconds UTC."""
    return round(datetime.fromisoformat(time).timestamp() * 1e6)


@pytest.mark.parametrize(
    ("what", "station", "time", "names"),
    [
        ("frost", ONE, "02:00", ["zhang", "li"]),
        ("frost", OTHER, "12:00", ["zhang", "wang"]),
        ("gale", ONE, "21:59", ["zhang", "li"]),
        ("gale", ONE, "22:00", ["li"]),
        ("gale", ONE, "06:00", ["zhang", "li"]),
        ("gale", OTHER, "23:00", ["wang"]),
        ("gale", OTHER, "04:00", []),
        ("battery", OTHER, "03:59", ["wang"]),
        ("battery", OTHER, "12:00", []),
        ("battery", ONE, "12:00", ["zhang", "li"]),
        *((what, NONE, "21:00", ["wang"]) for what in ("all_silent", "channel", "clock", "log", "photos")),
    ],
)
def test_frost_comes_at_any_hour_and_the_rest_to_whom_it_concerns(
    what: Any, station: str, time: str, names: list[str]
) -> None:
    """Each of their own stations, within their hours; upkeep to who looks after it, and to all where nobody does; what
    is the matter with the hub, be it a log or a folder, to all on duty, whatever stations are theirs."""
    alarm = new_alarm(station, "x", what, 0, Quiet())
    assert ready(PEOPLE, alarm, us(f"2026-03-25T{time}+08:00"), 8.0) == names


def test_the_office_s_clock_may_have_half_hours() -> None:
    """A gale at 22:10 of Nepal's clock comes after an evening that ends at 22:00."""
    alarm = new_alarm(ONE, "x", "gale", 0, Quiet())
    assert ready(PEOPLE[:1], alarm, us("2026-03-25T21:59+05:45"), 5.75) == ["zhang"]
    assert ready(PEOPLE[:1], alarm, us("2026-03-25T22:00+05:45"), 5.75) == []


@pytest.mark.parametrize(
    ("now", "noon"),
    [
        ("2026-03-25T02:00:00+08:00", "2026-03-24T12:00:00+08:00"),
        ("2026-03-25T11:59:59.999999+08:00", "2026-03-24T12:00:00+08:00"),
        ("2026-03-25T12:00:00+08:00", "2026-03-25T12:00:00+08:00"),
        ("2026-03-25T23:59:59+08:00", "2026-03-25T12:00:00+08:00"),
    ],
)
def test_a_night_begins_at_noon(now: str, noon: str) -> None:
    """By the people's clock, whatever UTC says."""
    assert night_of(us(now), 8.0) == us(noon)
