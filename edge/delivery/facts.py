"""The facts of an alert from which sentences are made: typed, independent of language."""

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
KNOWN = "known"  # the turn of what saw nothing and sees again, with nothing the matter
LEAST_HEAT = 15.0  # degC: a limit below it is one of cold, where no value tells


class AlertFacts(msgspec.Struct, frozen=True):
    """What a sentence is made of. Times are microseconds UTC, `offset_h` the site's hours ahead of it.

    `value` and `worst` are in `unit`; `fall`: how fast the air's temperature fell in the half hour before, K an hour
    above 0, None if it is not known or did not fall. `critical`: at which 10 % of the buds die. `minutes`: of
    silence. `late`: it came here long after it happened. `count`: of stations or minutes, where it is about them.
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
    """How what an alert watches went on since it was raised: what the newest minute here says, and the worst.

    `at_us`: its begin, microseconds UTC; `value` in the alert's unit, None if it says nothing good; `air`: degC.
    `below`: whether what is lower is worse.
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
    """Return whether what is lower is worse, as far as an alert tells."""
    return what_of(alert) in ("frost", "cold", "battery") or (alert.worst is not None and alert.worst < alert.limit)


def facts_of(alert: Alert, station: str, at_us: int | None, now_us: int, offset_h: float) -> AlertFacts:
    """Return what is known of a station's alert; `station`: its name for people.

    A rule that knew nothing and sees again, with no alert open, has a turn of its own.
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
