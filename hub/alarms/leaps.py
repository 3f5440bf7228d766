"""What a hub does when its clock is set: what is planned goes on by the time that has really passed.

Plans are in the database, and another hub or a later start goes on with them, so they are in UTC. What UTC was ahead of
the boot's clock stands beside them, and a pass that finds it changed moves them by that, in the same transaction. After
a reboot, or where another hub had the lease, nobody knows how much time has passed: the plans stand as they are.
"""

from __future__ import annotations

from collections.abc import Iterable

from drivers.clock import Clock
from edge.clock.clock import boot_id
from edge.records.asked import DAY_US
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.database.engine import Engine

NOTE = "clock"
LEAP_US = 1_000_000  # by which a clock is set; one that is slewed goes with the boot's


class ClockLeaps:
    """One hub's; used from the lane that decides, within its transaction. All methods raise SinkError."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._book, self._clock = engine, AlarmBook(engine), clock
        self._boot = boot_id()

    def follow(self, alarms: Iterable[Alarm], now: int) -> None:
        """Move the plans of these alarms, and of the messages that wait, by what the clock was set since the last pass.

        `now`: microseconds UTC.
        """
        ahead_us = now - round(self._clock.now() * 1e6)
        boot, before_us = self._book.note(NOTE) or ("", 0)
        by_us = ahead_us - before_us
        if boot == self._boot and abs(by_us) < LEAP_US:
            return
        self._book.write(NOTE, [self._boot, ahead_us])
        if boot != self._boot:
            return
        for alarm in alarms:
            _move(alarm, by_us)
        if by_us < DAY_US:  # else this machine may have stood still for days, and what waits is no news
            self._engine.query(
                "UPDATE alarm_message SET made = made + %s, due = due + %s WHERE state IN ('waiting', 'sending')",
                (by_us, by_us),
            )


def _move(alarm: Alarm, by_us: int) -> None:
    """Move what is planned of an alarm, and what plans count from; 0 is no time."""
    state = alarm.escalation
    state.repeat_us, state.join_us = (at and at + by_us for at in (state.repeat_us, state.join_us))
    state.acked_us, state.reminded_us = (
        None if at is None else at + by_us for at in (state.acked_us, state.reminded_us)
    )
