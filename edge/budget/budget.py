"""A station's monthly data budget: count the bytes sent, and thin what is sent so that the rest lasts for the month.

Without `[budget]` everything is counted and nothing is thinned. The uplink's lane counts and decides; other lanes read
`snapshot` and the result of `keep`, and may set until when every minute is urgent (`urgency`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import msgspec

from drivers.clock import Clock
from edge.budget import billing, reckoning, thinning
from edge.budget.forwarded import Forwarded
from edge.budget.meter import Meter, Use
from edge.budget.thinning import Rates, Rest, ThinningStep
from edge.budget.urgency import Urgency
from edge.config.sections import Config
from edge.snapshots import BudgetSnapshot

LOOK_S = 60.0  # between two updates of the step
UNKNOWN_DAYS = 31  # of the month while the time is unknown: none is longer


class Terms(msgspec.Struct, frozen=True):
    """The budget's terms: bytes per month (None: unlimited), billing day, UTC offset, TLS or not, estimated needs."""

    most: float | None = None
    billing_day: int = 1
    utc_offset_h: float = 0.0
    tls: bool = True
    rates: Rates = Rates(dict.fromkeys((1, *thinning.LIVE_EVERY.values()), 0.0))


def terms_of(config: Config) -> Terms:
    """Return the terms of a configuration without `rates`, which take as long to estimate as a store to load."""
    section, offset = config.budget, config.site.utc_offset_h
    tls = config.broker is None or config.broker.url.startswith("mqtts")
    if section is None:
        return Terms(None, 1, offset, tls)
    return Terms(section.mb_per_month * reckoning.MEGABYTE, section.billing_day, offset, tls)


class Budget:
    """The budget. `utc`: returns the time (microseconds; None: unknown); `kept`: what `keep` returned before."""

    def __init__(self, terms: Terms, clock: Clock, utc: Callable[[], int | None], kept: Any = None) -> None:
        self.urgency = Urgency()
        self.forwarded = Forwarded()
        self._most, self._billing_day, self._offset = terms.most, terms.billing_day, terms.utc_offset_h
        self._tls, self._rates = terms.tls, terms.rates
        self._clock, self._utc = clock, utc
        self._meter = Meter(kept)
        self._period: billing.Period | None = None
        self._step, self._day = ThinningStep.NOTHING, date.min
        self._next_look = float("-inf")
        self._kept = self._meter.keep()
        self.snapshot = self._snapshot()

    def begin(self, rates: Rates) -> None:
        """Set the bytes needed per day, before the sending lanes start."""
        self._rates = rates
        self.snapshot = self._snapshot()

    # -- counted ----------------------------------------------------------------------------------------------

    def count(self, use: Use, packet: int) -> None:
        """Count a PUBLISH packet of `packet` bytes, sent or received, with its acknowledgement."""
        self._meter.count(use, reckoning.message(packet, self._tls))

    def connected(self) -> None:
        """Count the beginning of a connection."""
        self._meter.count(Use.LINK, reckoning.CONNECTING)

    def pinged(self, times: int) -> None:
        """Count keep-alive packets."""
        self._meter.count(Use.LINK, times * reckoning.ping(self._tls))

    def keep(self) -> Mapping[str, Any]:
        """Return the state that has to survive a restart. Callable from any lane."""
        return self._kept

    # -- decided ----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Update the step of thinning, at most once a minute, and publish the snapshot.

        Thinning increases as soon as needed and decreases only on a new day; else it would change with each message.
        """
        if forwarded := self.forwarded.take():
            self._meter.count(Use.FORWARD, forwarded)
        if self._clock.now() >= self._next_look:
            self._next_look = self._clock.now() + LOOK_S
            utc = self._utc()
            if utc is not None:
                self._period = billing.period(utc, self._offset, self._billing_day)
                self._meter.begin(self._period.first)
                today = billing.local(utc, self._offset).date()
                self._step, self._day = (self._step if today == self._day else ThinningStep.NOTHING), today
            rest = self._rest()
            self._step = ThinningStep.NOTHING if rest is None else max(self._step, thinning.step(rest, self._rates))
        self._kept = self._meter.keep()
        self.snapshot = self._snapshot()

    def is_urgent(self) -> bool:
        """Return whether every minute is sent at once now."""
        return self._clock.now() < self.urgency.until

    def live_every_min(self) -> int:
        """Return the minutes between two live messages."""
        return 1 if self.is_urgent() else self._rates.minutes(self._step)

    @property
    def step(self) -> ThinningStep:
        """How much is thinned."""
        return self._step

    def admits_backfill(self, size: int) -> bool:
        """Return whether a backlog message of `size` bytes may be sent now."""
        rest = self._rest()
        return rest is None or thinning.admits_backfill(rest, self._rates, reckoning.message(size, self._tls))

    def admits_picture(self, size: int) -> bool:
        """Return whether a part of a scheduled picture, of `size` bytes on the link, may be sent."""
        rest = self._rest()
        return rest is None or thinning.admits_picture(rest, self._rates, self._step, size)

    def admits_forward(self, size: int) -> bool:
        """Return whether `size` bytes may be sent to another destination now. Callable from any lane."""
        spare = self.snapshot.spare
        return spare is None or self.forwarded.pending() + reckoning.exchange(size, 0, self._tls) <= spare

    def forward_every_min(self) -> int:
        """Return the minutes for which data for other destinations are gathered. Callable from any lane."""
        return thinning.forward_every(ThinningStep(self.snapshot.step))

    def local(self, utc: int) -> tuple[date, int]:
        """Return the local date and hour of an instant."""
        at = billing.local(utc, self._offset)
        return at.date(), at.hour

    def _rest(self) -> Rest | None:
        if self._most is None:
            return None
        used = self._meter.used()
        period = self._period
        days, left = (UNKNOWN_DAYS, UNKNOWN_DAYS) if period is None else (period.days, period.days_left)
        return Rest(self._most, sum(used.values()), used[Use.SCHEDULED], days, left)

    def _snapshot(self) -> BudgetSnapshot:
        period, rest = self._period, self._rest()
        return BudgetSnapshot(
            most=None if self._most is None else round(self._most),
            used={use.value: size for use, size in self._meter.used().items()},
            first=None if period is None else period.first,
            end=None if period is None else period.end,
            days_left=None if period is None else round(period.days_left, 2),
            a_month=min(
                (self._rates.day(self._step) + self._rates.forwarded(self._step)) * reckoning.MONTH,
                self._most or float("inf"),
            ),
            step=self._step,
            live_every=self._rates.minutes(self._step),
            spare=None if rest is None else round(thinning.spare(rest, self._rates, self._step)),
        )
