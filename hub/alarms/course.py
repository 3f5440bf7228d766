"""How the value monitored by an alert has developed since the alert was raised, from the hub's minutes."""

from __future__ import annotations

from edge.alerts.measures import SPAN, ChannelMeasure, FallMeasure, FrostMeasure, Measure, good
from edge.delivery.facts import Course, is_below
from edge.records.asked import MINUTE_US
from edge.records.bodies import AN_HOUR, Alert, Minute
from hub.alarms.air import minutes_of
from hub.database.engine import Engine

MOST_US = 26 * 60 * MINUTE_US  # of minutes that are read; the alert's newest turn states the worst before it
WITHOUT = "sensors_lost"  # a rule whose input has no value in minutes


def course_of(engine: Engine, station: str, alert: Alert, since_us: int, now: int) -> Course | None:
    """Return the course since `since_us`, when the alert was raised. None where no minute is stored. Raise SinkError.

    A frost rule may be for a block that is colder than its thermometer; the difference is known from the minute of the
    newest turn.
    """
    first = max(since_us, now - MOST_US)
    found = minutes_of(engine, station, first - SPAN * MINUTE_US, now)
    if alert.quantity == WITHOUT or not found:
        return None
    values = dict(_values(alert, found))
    colder = _offset(alert, values)
    last, newest = found[-1]
    known = [] if colder is None else [value + colder for at, value in values.items() if at >= first]
    present = None if colder is None or last not in values else values[last] + colder
    air = good(newest, "air_temperature") if alert.crop else None
    return Course(last, present, _worst(alert, known), is_below(alert), air)


def _values(alert: Alert, found: list[tuple[int, Minute]]) -> list[tuple[int, float]]:
    """Return begin and value of each minute in which this rule's measure is known."""
    measure: Measure = FrostMeasure(0.0, 0.0) if alert.crop else ChannelMeasure(alert.quantity)
    if alert.unit.endswith(AN_HOUR):
        measure = FallMeasure(measure)
    values, before = [], found[0][0] - MINUTE_US
    for at, minute in found:
        for _ in range(min(SPAN, round((at - before) / MINUTE_US) - 1)):
            measure.see(None)
        seen, before = measure.see(minute).value, at
        if seen is not None:
            values.append((at, seen))
    return values


def _offset(alert: Alert, values: dict[int, float]) -> float | None:
    """Return the difference of the rule's value from the thermometer's (0 or below); None where it is not known."""
    if not alert.crop:
        return 0.0
    there = values.get(alert.begin or 0)
    return None if there is None or alert.value is None else alert.value - there


def _worst(alert: Alert, values: list[float]) -> float | None:
    """Return the worst of these values and of the station's own; None where the station states none."""
    if alert.worst is None:
        return None
    return (min if is_below(alert) else max)([alert.worst, *values])
