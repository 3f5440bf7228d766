"""Quality flags of single readings, QARTOD's scheme: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing.

A reading that fails, or that the device itself doubts, is excluded from a mean; a suspect one makes the mean suspect,
and is included only if too few others passed.
The step test has a time-out: a jump that stays is accepted after a minute, so that it is not refused for ever. The
spike test compares with both neighbours: out and back within seconds is no weather that a thermometer could follow
(WMO-No. 8 requires a time constant of 20 s). It replaces Zahumensky's spread check, whose 4 standard deviations of ten
minutes hide a spike while the temperature drifts: here the noise is measured from sample to sample.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import msgspec

from drivers.contradictions import is_contradiction
from drivers.limits import BEYOND
from drivers.quantity import quantity
from drivers.reading import Reading
from drivers.reason import Reason
from edge.measure.limits import Limits, for_device

if TYPE_CHECKING:
    from drivers.driver import Channel

STEP_TIMEOUT_S = 60.0  # after that the new level is accepted
NEIGHBOUR_S = 15.0  # samples further apart are not neighbours: much can happen between them
NOISES = 8.0  # a spike is at least so many times the mean change from sample to sample
NOISE_SHARE = 0.01  # weight of the newest change in that mean


class Flag(IntEnum):
    """QARTOD's flags."""

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


PASS, SUSPECT = Flag.PASS, Flag.SUSPECT  # for code that runs for each reading: access through the enumeration is slower


class FlaggedReading(msgspec.Struct, frozen=True, gc=False):
    """A reading with its flag, and the reason if the flag is not 1."""

    reading: Reading
    flag: Flag
    reason: Reason | None = None

    @property
    def counts(self) -> bool:
        """Whether it may be part of a mean."""
        return self.flag < 4  # a plain number, for speed: evaluated for every reading


class Checker:
    """Checks the readings of one channel, in the order they were taken."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        below, above = BEYOND.get(channel.quantity, (0.0, 0.0))
        self._low, self._high = max(limits.fail[0], channel.low + below), min(limits.fail[1], channel.high + above)
        self._limits = for_device(limits, channel.resolution)
        self._unit = quantity(channel.quantity).unit
        self._outside = Reason(
            "impossible",
            "outside the possible range {low:g}..{high:g}",
            low=self._low,
            high=self._high,
            unit=self._unit,
        )
        self._level: Reading | None = None  # the newest reading that was not a jump
        self._before: Reading | None = None  # the newest reading that was not a spike
        self._noise = 0.0  # running mean change from sample to sample

    def check(self, reading: Reading, after: Reading | None = None) -> FlaggedReading:
        """Return the reading with its flag and reason.

        `after`: the next possible one, if there is one.
        """
        return self._judged(reading, self.impossible(reading), after)

    def _judged(self, reading: Reading, impossible: Reason | None, after: Reading | None) -> FlaggedReading:
        if impossible is not None:
            return FlaggedReading(reading, Flag.FAIL, impossible)
        step, spike = self._jump(reading), self._spike(reading, after)
        if reason := reading.doubt or step or spike:
            return FlaggedReading(reading, Flag.SUSPECT, reason)
        if (band := self._limits.suspect) and not band[0] <= reading.value <= band[1]:
            return FlaggedReading(reading, Flag.SUSPECT, self._unusual(*band))
        return FlaggedReading(reading, PASS)

    def _unusual(self, low: float, high: float) -> Reason:
        return Reason(
            "unusual_here",
            "outside {low:g}..{high:g} {unit}, unusual at this station",
            low=round(low, 1),
            high=round(high, 1),
            unit=self._unit,
        )

    def check_all(self, readings: list[Reading], following: list[Reading]) -> list[FlaggedReading]:
        """Return all readings of a minute with their flags.

        The first of `following`, the readings of the next minute so far, is a neighbour of the last.
        """
        causes = [self.impossible(reading) for reading in readings]
        if self._limits.spike is None:
            return [self._judged(reading, cause, None) for reading, cause in zip(readings, causes)]
        afters: list[Reading | None] = []
        after = next((r for r in following if self.impossible(r) is None), None)
        for reading, cause in zip(reversed(readings), reversed(causes)):
            afters.append(after)
            if cause is None:
                after = reading
        return [self._judged(*each) for each in zip(readings, causes, reversed(afters))]

    def impossible(self, reading: Reading) -> Reason | None:
        """Return why the reading cannot be true, by the device's own doubt or by its range; None otherwise.

        One that contradicts another of its frame may be true: it is only suspect.
        """
        if reading.doubt is not None and not is_contradiction(reading.doubt):
            return reading.doubt
        if self._low <= reading.value <= self._high:
            return None
        return self._outside

    def _jump(self, reading: Reading) -> Reason | None:
        step, level = self._limits.step, self._level
        if step is None:
            return None
        if level is None or reading.at - level.at > STEP_TIMEOUT_S:
            self._level = reading
            return None
        change = abs(reading.value - level.value)
        if change > step + 1e-9:  # the longer ago the last one was, the larger a real change may be
            longer = max(1.0, (reading.at - level.at) / NEIGHBOUR_S)
            step = min(step * longer, max(step, self._limits.minute_step or step))
        if change <= step + 1e-9:
            self._level = reading
            return None
        return Reason(
            "step",
            "a step of {change:.4g} from the reading before (at most {most:g})",
            change=round(change, 6),
            most=step,
            unit=self._unit,
        )

    def _spike(self, reading: Reading, after: Reading | None) -> Reason | None:
        least, before = self._limits.spike, self._before
        if least is None:
            return None
        if before is None or reading.at - before.at > NEIGHBOUR_S:
            self._before = reading
            return None
        change = reading.value - before.value
        most = max(least, NOISES * self._noise, self._limits.spike_share * before.value) + 1e-9
        reason = self._excursion(reading, change, after, most) if abs(change) > most else None
        if reason is None:
            self._before = reading
            self._noise += NOISE_SHARE * (abs(change) - self._noise)
        return reason

    def _excursion(self, reading: Reading, change: float, after: Reading | None, most: float) -> Reason | None:
        """Return why a change of more than `most` is a spike: the next reading is back; None otherwise.

        Without a next reading a change of more than twice `most` counts, unless the quantity may really jump.
        """
        if after is None or after.at - reading.at > NEIGHBOUR_S:
            if self._limits.step is None or abs(change) <= 2 * most:
                return None
            return Reason(
                "jump_at_the_end",
                "a jump of {change:.4g} in the last reading",
                change=round(abs(change), 6),
                unit=self._unit,
            )
        back = reading.value - after.value
        if change * back > 0 and abs(back) > most:
            return Reason(
                "spike",
                "a spike of {size:.4g} from both neighbours (at most {most:.3g})",
                size=round(min(abs(change), abs(back)), 6),
                most=round(most, 6),
                unit=self._unit,
            )
        return None
