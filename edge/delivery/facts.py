"""The facts of an alert from which its sentences are made: typed, independent of language."""

from __future__ import annotations

from typing import Literal

import msgspec

from drivers.reason import Reason
from edge.alerts.crops import CRITICAL
from edge.records.bodies import AN_HOUR, Alert

What = Literal[
    "frost",
    "gale",
    "rain",
    "heat",
    "cold",
    "fall",
    "air",
    "battery",
    "sensor",
    "silent",
    "all_silent",
    "clock",
    "channel",
    "log",
    "photos",
    "card",
    "two_boxes",
    "other",
]
OF_QUANTITY: dict[str, What] = {
    "wet_bulb_temperature": "frost",
    "wind_speed_of_gust": "gale",
    "wind_speed": "gale",
    "rainfall_amount": "rain",
    "air_temperature": "heat",
    "pm2p5": "air",
    "pm10": "air",
    "battery_voltage": "battery",
    "sensors_lost": "sensor",
}
KNOWN = "known"  # the turn of a rule that was blind and has data again, with no alert open
LEAST_HEAT = 15.0  # degC: a limit below it is one of cold, if no value shows which


class AlertFacts(msgspec.Struct, frozen=True):
    """The facts in a sentence. Times are microseconds UTC, `offset_h` the site's hours ahead of it.

    `value` and `worst` are in `unit`; `fall`: the fall of the air temperature over the half hour before, K/h, above 0;
    None if it is unknown or did not fall. `critical`: degC at which 10 % of the buds die. `minutes`: of silence.
    `late`: it arrived long after it happened. `count`: the number of stations or minutes that it is about.
    """

    station: str
    what: What
    turn: str
    at_us: int | None
    now_us: int
    offset_h: float
    rule: str = ""
    quantity: str = ""
    unit: str = ""
    value: float | None = None
    worst: float | None = None
    limit: float | None = None
    air: float | None = None
    fall: float | None = None
    crop: str = ""
    stage: str = ""
    assumed: bool = False
    critical: float | None = None
    sensors: tuple[str, ...] = ()
    buses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    minutes: int = 0
    count: int = 0
    late: bool = False
    reason: Reason | None = None


class Course(msgspec.Struct, frozen=True):
    """The course of an alert's quantity since it was raised: the newest minute's value, and the worst.

    `at_us`: that minute's begin, microseconds UTC; `value`: in the alert's unit, None if it has no good one; `air`:
    degC. `below`: whether lower is worse.
    """

    at_us: int
    value: float | None
    worst: float | None
    below: bool
    air: float | None = None


def what_of(alert: Alert) -> What:
    """Return what an alert of a station is about."""
    if alert.crop:
        return "frost"
    found = OF_QUANTITY.get(alert.quantity.partition(".")[0], "other")
    worst = alert.value if alert.worst is None else alert.worst
    if alert.unit.endswith(AN_HOUR):
        return "fall"
    if found != "heat":
        return found
    nothing = worst is None or worst == alert.limit or (not alert.step and alert.turn in ("blind", "seeing"))
    is_cold = alert.limit < LEAST_HEAT if nothing or worst is None else worst < alert.limit
    return "cold" if is_cold else "heat"


def is_below(alert: Alert) -> bool:
    """Return whether lower is worse, as far as the alert shows."""
    return what_of(alert) in ("frost", "cold", "battery") or (alert.worst is not None and alert.worst < alert.limit)


def facts_of(alert: Alert, station: str, at_us: int | None, now_us: int, offset_h: float) -> AlertFacts:
    """Return the facts of a station's alert; `station`: its name for people.

    A rule that was blind and has data again, with no alert open, has the turn `KNOWN`.
    """
    critical = CRITICAL.get(alert.crop, {}).get(alert.stage)
    turn = KNOWN if alert.turn == "seeing" and not alert.step else alert.turn
    return AlertFacts(
        *(station, what_of(alert), turn, at_us, now_us, offset_h, alert.rule, alert.quantity, alert.unit),
        *(alert.value, alert.worst, alert.limit),
        crop=alert.crop,
        stage=alert.stage,
        assumed=alert.assumed,
        critical=critical,
        sensors=tuple(alert.sensors),
        buses=tuple((bus, tuple(names)) for bus, names in alert.buses.items()),
    )
