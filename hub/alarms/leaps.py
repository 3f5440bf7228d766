"""Move the plans of alarms when the hub's clock is set, so that they are due after the time that has really passed.

Plans are stored in UTC, because another hub or a later start continues them. The difference between UTC and the boot's
clock is stored beside them, and a pass that finds it changed moves them by the change, in the same transaction. After a
reboot, or if another hub had the lease, the time that has passed is unknown, so the plans are left unchanged.
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
LEAP_US = 1_000_000  # the least step that counts; slewing moves both clocks alike


class ClockLeaps:
    """Follows one hub's clock. Used from the deciding lane, within its transaction. All methods raise SinkError."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine, self._book, self._clock = engine, AlarmBook(engine), clock
        self._boot = boot_id()

    def follow(self, alarms: Iterable[Alarm], now: int) -> None:
        """Move the plans of these alarms and of waiting messages by what the clock was set since the last pass.

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
        if by_us < DAY_US:  # otherwise the machine may have been suspended for days, and waiting messages are stale
            self._engine.query(
                "UPDATE alarm_message SET made = made + %s, due = due + %s WHERE state IN ('waiting', 'sending')",
                (by_us, by_us),
            )


def _move(alarm: Alarm, by_us: int) -> None:
    """Move an alarm's planned times, and those from which plans are counted; 0 means none."""
    state = alarm.escalation
    state.repeat_us, state.join_us = (at and at + by_us for at in (state.repeat_us, state.join_us))
    state.acked_us, state.reminded_us = (
        None if at is None else at + by_us for at in (state.acked_us, state.reminded_us)
    )
