"""Which alerts the station itself must notify people of, and the state of each notification. Pure functions.

The hub is responsible for an alert until `after_s` have passed without its receipt of the newest turn; then the station
is, and at once if there is no hub. What counts is an alert's current state, not each of its turns: a step up is
reported once, the end to those who were told of the alert, and an alert that came and went while nothing could be sent
is reported as over.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from edge.delivery.facts import what_of
from edge.delivery.urgency import Urgency, urgency_of
from edge.records.bodies import Alert
from edge.records.record import Record

RESUMED_S = 120.0  # granted to the hub after a boot, however much was left before: the link must come up first
LIFE_S = 24 * 3600.0  # during which the end of an alert may still be reported


class ToldLevel(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody was told of an alert: the worst level, whether it is blind (no data), whether it is over."""

    level: int = 0
    blind: bool = False
    over: bool = False


class Case(msgspec.Struct, omit_defaults=True):
    """An alert. `said`: its newest turn, in record `seq` of `epoch`; `at`: its instant, s of `boot`; `utc`: us.

    `waits`: until when the hub's receipt is awaited, s of the boot; `ours`: it did not come, the station notifies.
    `until`: when its end is no longer reported. `told`: by the key of those reached.
    """

    said: Alert
    epoch: str
    seq: int
    boot: str
    at: float
    utc: int | None = None
    waits: float | None = None
    ours: bool = False
    until: float | None = None
    told: dict[str, ToldLevel] = msgspec.field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether it is not over."""
        return self.said.step > 0 or self.said.turn == "blind"

    @property
    def urgency(self) -> Urgency:
        """Its urgency; an alert that is only blind waits for the day."""
        return "upkeep" if self.open and not self.said.step else urgency_of(what_of(self.said))

    def take(self, record: Record, alert: Alert, now: float, boot: str, after_s: float | None) -> None:
        """Update with a new turn; `after_s` None: there is no hub."""
        self.said, self.epoch, self.seq = alert, record.epoch, record.seq
        self.boot, self.at, self.utc = record.stamp.boot, record.stamp.boottime, record.start or alert.begin
        if after_s is None:
            self.ours = True
        elif not self.ours and self.waits is None:
            self.waits = self.at + after_s if self.boot == boot else now + RESUMED_S
        if alert.turn != "blind":
            self.told = {key: ToldLevel(told.level, False, told.over) for key, told in self.told.items()}
        self.until = None if self.open else now + LIFE_S

    def resume(self, now: float) -> None:
        """Convert to another boot, in whose clock the instants mean nothing."""
        self.waits = None if self.waits is None else now + RESUMED_S
        self.until = None if self.until is None else now + LIFE_S

    def check_hub(self, now: float, proven: Callable[[str, int], bool]) -> bool:
        """Update whether the hub has the newest turn. Return whether anything changed."""
        before = self.ours, self.waits
        if proven(self.epoch, self.seq):
            self.ours, self.waits = False, None
        elif self.waits is not None and now >= self.waits:
            self.ours, self.waits = True, None
        return before != (self.ours, self.waits)

    def due(self, key: str, wakes: bool) -> ToldLevel | None:
        """Return what somebody is to be told now; None if nothing.

        `wakes`: the channel wakes people, so it is never used to report the end.
        """
        told = self.told.get(key, ToldLevel())
        if self.open:
            level, blind = max(self.said.step, 1), self.said.turn == "blind"
            news = level > told.level or (blind and not told.blind)
            return ToldLevel(max(level, told.level), blind) if self.ours and news else None
        ended = not told.over and not wakes and (told.level > 0 or self.ours)
        return ToldLevel(told.level, False, True) if ended else None


class Flight(msgspec.Struct, omit_defaults=True):
    """A message in progress: its id, and what its recipients know of each alert once it has arrived.

    `sending`: a request is, or was, in progress; `again`: the same may have arrived before.
    """

    id: str
    about: dict[str, ToldLevel]
    sending: bool = True
    again: bool = False


class NotifyState(msgspec.Struct, omit_defaults=True):
    """The state that survives a restart. `read`: seq of the last record read; `cases`: by the alerts' ids.

    `flights`: by the key of their recipients; `tried`: when each channel was used in the last minute, s of `boot`;
    `worked`: when each last accepted a message, microseconds UTC.
    """

    read: int
    boot: str
    cases: dict[str, Case] = msgspec.field(default_factory=dict)
    flights: dict[str, Flight] = msgspec.field(default_factory=dict)
    tried: dict[str, list[float]] = msgspec.field(default_factory=dict)
    worked: dict[str, int] = msgspec.field(default_factory=dict)

    def resume(self, boot: str, now: float) -> None:
        """Continue after a restart: a message in progress may have arrived; it is repeated once, unless it has been."""
        if boot != self.boot:
            self.boot = boot
            self.tried = {name: [now] * len(times) for name, times in self.tried.items()}
            for case in self.cases.values():
                case.resume(now)
        for key, flight in list(self.flights.items()):
            if flight.sending and flight.again:
                self.reached(key)
            elif flight.sending:
                flight.sending, flight.again = False, True

    def take(self, record: Record, said: Alert, now: float, after_s: float | None) -> None:
        """Update an alert's case with a new turn."""
        case = self.cases.get(said.alert)
        if case is None:
            case = self.cases[said.alert] = Case(said, record.epoch, record.seq, record.stamp.boot, 0.0)
        case.take(record, said, now, self.boot, after_s)

    def reached(self, key: str) -> None:
        """Note that a message has, or may have, reached its recipients."""
        flight = self.flights.pop(key)
        for alert, told in flight.about.items():
            if alert in self.cases:
                self.cases[alert].told[key] = told

    def forget(self, now: float, keys: dict[str, bool]) -> None:
        """Drop cases that are over and reported; `keys`: those of all recipients, and whether their channel wakes."""
        for alert, case in list(self.cases.items()):
            if case.open or case.waits is not None:
                continue
            untold = any(case.due(key, wakes) for key, wakes in keys.items())
            if not untold or (case.until is not None and now >= case.until):
                del self.cases[alert]

    def has_room(self, channel: str, most_a_minute: int | None, now: float) -> bool:
        """Return whether a channel's limit per minute allows a message now."""
        self.tried[channel] = [at for at in self.tried.get(channel, []) if at > now - 60.0]
        return most_a_minute is None or len(self.tried[channel]) < most_a_minute
