"""An alarm: what is known about it, and how far people have been notified.

A station's alert records may arrive in any order. The one with the highest number determines the present state; an
older one at most the begin.
"""

from __future__ import annotations

import hashlib

import msgspec

from drivers.reason import Reason, restored
from edge.alerts.crops import CRITICAL
from edge.delivery.facts import What, what_of
from edge.delivery.urgency import Urgency, urgency_of
from edge.records.bodies import Alert

LATE_US = 300_000_000  # delay of arrival from which on an alert is reported as late


class Escalation(msgspec.Struct, omit_defaults=True):
    """How far people were notified; times: microseconds UTC. `told`: the worst level so far; `reached`: who, in order.

    `hurry`: a channel failed, so the next person and the waking channels are due at once; `hurried`: they were used.
    """

    told: int = 0
    reached: list[str] = msgspec.field(default_factory=list)
    repeats: int = 0
    repeat_us: int = 0
    join_us: int = 0
    blind_told: bool = False
    acked_by: str = ""
    acked_us: int | None = None
    reminded_us: int | None = None
    hurry: bool = False
    hurried: bool = False
    over_told: bool = False


class Quiet(msgspec.Struct, frozen=True, omit_defaults=True):
    """Facts of an alarm that the hub raised: of a silent station its last minute, air and wet bulb (degC), fall (K/h).

    `heard_us`: when it was last heard, by this hub's clock, where that differs from the stations' clocks.
    `count`: silent stations where all are silent, MB of a log, or minutes of a clock's error; `channel`: the one that
    fails, `why`: the reason.
    """

    last_us: int | None = None
    air: float | None = None
    wet: float | None = None
    fall: float | None = None
    heard_us: int | None = None
    count: int = 0
    channel: str = ""
    why: dict[str, object] | None = None


class Alarm(msgspec.Struct, omit_defaults=True):
    """One alarm. `said`: the newest turn of a station's alert; `quiet`: facts of an alarm that the hub itself raised.

    `seq` is the number of the newest turn's record, `arrived_us` its arrival. `near`: the air was near frost.
    """

    id: str
    station: str
    what: What
    raised_us: int
    changed_us: int
    arrived_us: int
    open: bool
    step: int = 0
    turn: str = "raised"
    seq: int = 0
    late: bool = False
    near: bool = False
    cleared_us: int | None = None
    said: Alert | None = None
    quiet: Quiet | None = None
    escalation: Escalation = msgspec.field(default_factory=Escalation, name="ladder")  # the name in stored alarms

    @property
    def urgency(self) -> Urgency:
        """Return "frost", which wakes people, "weather", for those on duty, or "upkeep", which waits for the day."""
        if self.what in ("silent", "all_silent") or (self.open and not self.step):
            return "frost" if self.near else "upkeep"
        return urgency_of(self.what)

    @property
    def level(self) -> int:
        """Return the severity: the step, at least 1 while open; 0 when over."""
        return max(self.step, 1) if self.open else 0

    @property
    def is_untold(self) -> bool:
        """Return whether a station's alert was over before anybody was notified, so that it belongs into a summary.

        A rule that was blind for a while, as at each restart, does not count.
        """
        told = self.escalation.told or self.escalation.over_told
        return self.said is not None and not self.open and not told and self.turn != "seeing"

    @property
    def is_critical(self) -> bool:
        """Return whether the temperature kills buds now."""
        alert = self.said
        if alert is None or alert.crop not in CRITICAL or not self.open or not self.step:
            return False
        critical = CRITICAL[alert.crop].get(alert.stage)
        return critical is not None and alert.limit <= critical


def identity(station: str, alert: str) -> str:
    """Return an alarm's id, the same at each hub."""
    return hashlib.sha256(f"{station}\0{alert}".encode()).hexdigest()[:16]


def apply_turn(alarm: Alarm | None, station: str, alert: Alert, seq: int, at_us: int, arrived_us: int) -> Alarm:
    """Return an alarm updated by a turn of a station's alert; `at_us`: the time of the turn.

    The present turn arrives again, as a revision, when its time becomes known.
    """
    late = arrived_us - at_us > LATE_US
    if alarm is None:
        alarm = Alarm(identity(station, alert.alert), station, what_of(alert), at_us, at_us, arrived_us, True)
    if alert.turn == "raised" or (seq == alarm.seq and alarm.raised_us == alarm.changed_us):
        alarm.raised_us = at_us
    if seq == alarm.seq:
        _redate(alarm, at_us)
    if seq <= alarm.seq:
        return alarm
    alarm.seq, alarm.said, alarm.turn, alarm.step = seq, alert, alert.turn, alert.step
    alarm.changed_us, alarm.arrived_us, alarm.late = at_us, arrived_us, late
    alarm.open = alert.step > 0 or alert.turn == "blind"
    alarm.cleared_us = None if alarm.open else at_us
    return alarm


def _redate(alarm: Alarm, at_us: int) -> None:
    """Change the time of the newest turn; its arrival stays the first one."""
    alarm.changed_us, alarm.late = at_us, alarm.arrived_us - at_us > LATE_US
    alarm.cleared_us = None if alarm.open else at_us


def new_alarm(station: str, name: str, what: What, at_us: int, quiet: Quiet, near: bool = False) -> Alarm:
    """Return an alarm that the hub itself raises; `name` identifies it among those of that station."""
    found = Alarm(identity(station, name), station, what, at_us, at_us, at_us, True, step=1, near=near)
    found.quiet = quiet
    return found


def clear(alarm: Alarm, at_us: int) -> None:
    """End an alarm that the hub itself raised."""
    alarm.open, alarm.step, alarm.turn = False, 0, "cleared"
    alarm.cleared_us = alarm.changed_us = alarm.arrived_us = at_us


def reason_of(quiet: Quiet | None) -> Reason | None:
    """Return the reason in the facts; None where there is none."""
    return None if quiet is None or quiet.why is None else restored(quiet.why)
