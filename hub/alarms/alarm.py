"""An alarm: what is known about it, and how far people have been notified.

What a station says in its alert records is taken in any order: they overtake each other on their way. The one with the
highest number says how it stands; an older one says at most when it began.
"""

from __future__ import annotations

import hashlib

import msgspec

from drivers.reason import Reason, restored
from edge.alerts.crops import CRITICAL
from edge.delivery.facts import What, what_of
from edge.delivery.urgency import Urgency, urgency_of
from edge.records.bodies import Alert

LATE_US = 300_000_000  # between what happened and its arrival here, from which on it is told as late


class Escalation(msgspec.Struct, omit_defaults=True):
    """How far people were told, microseconds UTC. `told`: the worst level so far; `reached`: who, in order.

    `hurry`: a channel failed, so that the next person and the waking channels come at once; `hurried`: they came.
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
    """What was last heard of a station that says nothing: when, the air's and the wet bulb's degC, its fall, K/h.

    `heard_us`: when that came, by this hub's clock, where it is another than that of `last_us`.
    `count`: of stations, where all of them say nothing, or of MB; `channel` takes nothing, for `why`.
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
    """One alarm. `said`: the newest turn of a station's alert; `quiet`: of an alarm that the hub raises itself.

    `seq` is the number of the record that said it last; `arrived_us` when that came here. `near`: the air was near
    frost.
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
    escalation: Escalation = msgspec.field(default_factory=Escalation, name="ladder")  # as hubs of before wrote it

    @property
    def urgency(self) -> Urgency:
        """Return whether it wakes people (frost), concerns those on duty (weather), or waits for the day."""
        if self.what in ("silent", "all_silent") or (self.open and not self.step):
            return "frost" if self.near else "upkeep"
        return urgency_of(self.what)

    @property
    def level(self) -> int:
        """Return how bad it is: the step, and 1 where nothing is known."""
        return max(self.step, 1) if self.open else 0

    @property
    def is_untold(self) -> bool:
        """Return whether a station's alert was over before anybody heard of it: it belongs into a summary.

        Not where it saw nothing for a while, as over each restart, and nothing was the matter.
        """
        told = self.escalation.told or self.escalation.over_told
        return self.said is not None and not self.open and not told and self.turn != "seeing"

    @property
    def is_critical(self) -> bool:
        """Return whether buds die now."""
        alert = self.said
        if alert is None or alert.crop not in CRITICAL or not self.open or not self.step:
            return False
        critical = CRITICAL[alert.crop].get(alert.stage)
        return critical is not None and alert.limit <= critical


def identity(station: str, alert: str) -> str:
    """Return an alarm's id: the same for whichever hub looks."""
    return hashlib.sha256(f"{station}\0{alert}".encode()).hexdigest()[:16]


def apply_turn(alarm: Alarm | None, station: str, alert: Alert, seq: int, at_us: int, arrived_us: int) -> Alarm:
    """Return an alarm with one more turn of a station's alert; `at_us` when it turned.

    The turn that it has already comes again where its time has become known since.
    """
    late = arrived_us - at_us > LATE_US
    if alarm is None:
        alarm = Alarm(identity(station, alert.alert), station, what_of(alert), at_us, at_us, arrived_us, True)
    if alert.turn == "raised" or (seq == alarm.seq and alarm.raised_us == alarm.changed_us):
        alarm.raised_us = at_us
    if seq == alarm.seq:
        _date(alarm, at_us)
    if seq <= alarm.seq:
        return alarm
    alarm.seq, alarm.said, alarm.turn, alarm.step = seq, alert, alert.turn, alert.step
    alarm.changed_us, alarm.arrived_us, alarm.late = at_us, arrived_us, late
    alarm.open = alert.step > 0 or alert.turn == "blind"
    alarm.cleared_us = None if alarm.open else at_us
    return alarm


def _date(alarm: Alarm, at_us: int) -> None:
    """Give the newest turn another time. It arrived when it first did."""
    alarm.changed_us, alarm.late = at_us, alarm.arrived_us - at_us > LATE_US
    alarm.cleared_us = None if alarm.open else at_us


def new_alarm(station: str, name: str, what: What, at_us: int, quiet: Quiet, near: bool = False) -> Alarm:
    """Return an alarm that the hub raises itself; `name` tells it from others of that station."""
    found = Alarm(identity(station, name), station, what, at_us, at_us, at_us, True, step=1, near=near)
    found.quiet = quiet
    return found


def clear(alarm: Alarm, at_us: int) -> None:
    """End an alarm that the hub raised itself."""
    alarm.open, alarm.step, alarm.turn = False, 0, "cleared"
    alarm.cleared_us = alarm.changed_us = alarm.arrived_us = at_us


def reason_of(quiet: Quiet | None) -> Reason | None:
    """Return why a channel takes nothing."""
    return None if quiet is None or quiet.why is None else restored(quiet.why)
