"""How urgent a message is: whether it may wake people, and when it may be sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from edge.alerts.rules import within
from edge.delivery.facts import What

Urgency = Literal["frost", "weather", "upkeep"]
URGENCIES: tuple[Urgency, ...] = ("frost", "weather", "upkeep")
WEATHER: tuple[What, ...] = ("gale", "rain", "heat", "cold", "fall", "air")
DAY = ("07:00", "22:00")  # people are awake


def urgency_of(what: What) -> Urgency:
    """Return whether it wakes people (frost), concerns those on duty (weather), or waits for the day."""
    if what == "frost":
        return "frost"
    return "weather" if what in WEATHER else "upkeep"


def local(now_us: int, offset_h: float) -> datetime:
    """Return the local time."""
    return datetime.fromtimestamp(now_us / 1e6, UTC) + timedelta(hours=offset_h)


def is_day(now_us: int, offset_h: float) -> bool:
    """Return whether it is day, when people are awake."""
    return within(DAY, f"{local(now_us, offset_h):%H:%M}", last_too=False)
