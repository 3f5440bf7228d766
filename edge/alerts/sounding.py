"""When a horn sounds: which alerts call for it, for how long at most, when it rests, what was silenced.

Pure, except for the saved state. A sounding is saved before it begins, so that a daemon that is killed and restarted
meanwhile continues to the same instant and no further. Each sounding is followed by a rest. A silenced alert stays
silenced until it ends or reaches a worse step.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge.alerts.alerts import End
from edge.config.sections import HornSection
from edge.snapshots import AlertNow

FRESH_S = 300.0  # s; nobody is woken for older minutes (design: never for a minute older than 5 min)


class Demand(msgspec.Struct, frozen=True):
    """The open alerts, and the end of the minute by which they were judged."""

    alerts: tuple[AlertNow, ...] = ()
    end: End | None = None

    def fresh(self, boot: str, now: float) -> bool:
        """Return whether that minute ended recently, in this boot."""
        return self.end is not None and self.end.boot == boot and now - self.end.at <= FRESH_S


class Sounding(msgspec.Struct, omit_defaults=True):
    """The state saved across restarts: instants of a boot's clock, s; by alert the step at which it was silenced."""

    boot: str = ""
    until: float = 0.0  # it sounds until then
    rest: float = 0.0  # and not again before then; 0: it has rested
    silenced: dict[str, int] = msgspec.field(default_factory=dict)

    def resume(self, boot: str, now: float, rest_s: float) -> None:
        """Continue in a boot: instants of an earlier boot are meaningless in a new one, so a pending rest restarts."""
        if boot != self.boot:
            self.boot, self.until = boot, 0.0
            self.rest = now + rest_s if self.rest else 0.0

    def begin(self, now: float, section: HornSection) -> None:
        """Begin a sounding."""
        self.until = now + section.longest_on_s
        self.rest = self.until + section.rest_s

    def end(self, now: float, section: HornSection) -> None:
        """End the sounding, early or not."""
        self.until = min(self.until, now)
        self.rest = min(self.rest, now + section.rest_s)

    def may_sound(self, now: float) -> bool:
        """Return whether it continues or may begin."""
        return now < self.until or now >= self.rest

    def silence(self, alerts: Sequence[AlertNow]) -> None:
        """Note that these alerts were silenced at their current steps."""
        self.silenced |= {one.alert: one.step for one in alerts}

    def forget(self, alerts: Sequence[AlertNow]) -> bool:
        """Forget silenced alerts that are no longer open. Return whether there were any."""
        still = {one.alert: self.silenced[one.alert] for one in alerts if one.alert in self.silenced}
        gone, self.silenced = len(still) < len(self.silenced), still
        return gone


def calling(demand: Demand, section: HornSection) -> list[AlertNow]:
    """Return the alerts that call for the horn: of its rules, at its step or worse, and not blind."""
    return [
        one for one in demand.alerts if one.rule in section.rules and one.step >= section.from_step and not one.blind
    ]


def unheard(alerts: Sequence[AlertNow], silenced: dict[str, int]) -> list[AlertNow]:
    """Return those that were not silenced at their step or a worse one."""
    return [one for one in alerts if one.step > silenced.get(one.alert, 0)]
