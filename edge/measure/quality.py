"""Quality flags of single readings, QARTOD's scheme: 1 pass, 2 not evaluated, 3 suspect, 4 fail, 9 missing.

A reading that fails, or that the device itself doubts, stays out of a mean; a suspect one enters and marks it.
The step test has a time-out: a jump that stays is real after a minute, so that it is not refused for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.limits import Limits

STEP_TIMEOUT_S = 60.0  # after so long the new level is taken for the true one


class Flag(IntEnum):
    """QARTOD's flags."""

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


@dataclass(frozen=True, slots=True)
class Checked:
    """A reading with its flag, and the reason where the flag is not 1."""

    reading: Reading
    flag: Flag
    reason: str | None = None

    @property
    def counts(self) -> bool:
        """True where it enters a mean."""
        return self.flag in (Flag.PASS, Flag.NOT_EVALUATED, Flag.SUSPECT)


class Checker:
    """Checks the readings of one channel, in the order they were taken."""

    def __init__(self, channel: Channel, limits: Limits) -> None:
        self._channel = channel
        self._limits = limits
        self._level: Reading | None = None  # the newest reading that was no jump

    def check(self, reading: Reading) -> Checked:
        """The reading with its flag and reason."""
        if reading.doubt is not None:
            return Checked(reading, Flag.FAIL, reading.doubt)
        if reason := self._out_of_range(reading.value):
            return Checked(reading, Flag.FAIL, reason)
        if reason := self._jump(reading):
            return Checked(reading, Flag.SUSPECT, reason)
        if (band := self._limits.suspect) and not band[0] <= reading.value <= band[1]:
            return Checked(reading, Flag.SUSPECT, f"outside {band[0]:g}..{band[1]:g}, unusual at this station")
        return Checked(reading, Flag.PASS)

    def _out_of_range(self, value: float) -> str | None:
        low = max(self._limits.fail[0], self._channel.low)
        high = min(self._limits.fail[1], self._channel.high)
        return None if low <= value <= high else f"outside the possible range {low:g}..{high:g}"

    def _jump(self, reading: Reading) -> str | None:
        step, level = self._limits.step, self._level
        if step is None:
            return None
        if level is None or reading.at - level.at > STEP_TIMEOUT_S:
            self._level = reading
            return None
        change = abs(reading.value - level.value)
        if change <= step + 1e-9:
            self._level = reading
            return None
        return f"a step of {change:.4g} from the reading before (at most {step:g})"
