"""One minute: the readings of each channel in [begin, end) become one value, one flag and a reason.

Strategy: nothing is decided while the minute runs. Readings are only collected; when it closes, each channel's are
checked in the order they were taken, so that the state for the next minute (a counter's last total, a level) is exactly
that of the closed minute, and a power cut in the next one loses no rain.

A mean needs two thirds of its samples, wind three quarters (Zahumensky 2004): with fewer there is no value. Suspect
samples are excluded if enough others passed, and make the mean suspect. Means are arithmetic (WMO-No. 8 Part II
1.3.2.4). Then all values are checked together (`closing`).
"""

from __future__ import annotations

import math
from collections import Counter as Tally
from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.driver import Channel
from drivers.quantity import Aggregation, Quantity, quantity
from drivers.reading import Reading
from drivers.reason import Reason
from edge.measure import wind
from edge.measure.closing import Closing, Doubts, Placed
from edge.measure.correction import RainCurve
from edge.measure.counter import UNSETTLED, Counter
from edge.measure.limits import Limits, for_pace
from edge.measure.quality import PASS, SUSPECT, Checker, Flag, FlaggedReading
from edge.measure.sun import Site
from edge.measure.value import Value
from edge.records.bodies import Minute
from edge.records.channel_name import ChannelName

CORRECTED = "rainfall_amount_corrected"
NO_READINGS = Reason("no_readings", "no readings")
UNREAD_S = 30.0  # s; half a minute (ours: no source gives a share for totals)
SHARE = {Aggregation.MEAN: 2 / 3, Aggregation.WIND_SPEED: 3 / 4, Aggregation.DIRECTION: 3 / 4}
OF_A_SAMPLE = 0.05  # fraction of a sample that is not required: with four a minute, what 61 s would need besides (ours)


@dataclass(slots=True)
class ChannelLine:
    """One channel's path from readings to values.

    `pace`: readings expected in a whole minute; `height_m` above ground, None if unknown; `curve`: the calibration of a
    rain gauge, None if it has none; `heated`: the gauge melts snow.
    """

    name: str
    sensor: str
    channel: Channel
    limits: Limits
    pace: float
    counter: Counter | None = None
    height_m: float | None = None
    heated: bool = False
    curve: RainCurve | None = None
    readings: list[Reading] = field(default_factory=list)
    tail: list[tuple[float, float]] = field(default_factory=list)  # the last speeds, for a gust across the edge
    checker: Checker = field(init=False)
    quantity: Quantity = field(init=False)

    def __post_init__(self) -> None:
        self.quantity = quantity(self.channel.quantity)
        self.limits = for_pace(self.limits, self.channel.quantity, self.pace)
        self.checker = Checker(self.channel, self.limits)

    def cut(self, begin: float, end: float) -> list[FlaggedReading]:
        """Remove and return the readings of [begin, end), checked; later ones stay, earlier ones came too late."""
        inside = [r for r in self.readings if begin <= r.at < end]
        self.readings = [r for r in self.readings if r.at >= end]
        return self.checker.check_all(inside, self.readings)

    def needed(self, duration: float) -> int:
        """Return how many good samples a mean over `duration` seconds needs.

        A minute that is slightly longer, because its clock was corrected, needs no additional sample.
        """
        share = SHARE.get(self.quantity.kind, 0.0)
        return max(1, math.ceil(share * self.pace * duration / 60.0 - OF_A_SAMPLE))


class Minutes:
    """Collects the readings of all channels and closes minutes."""

    def __init__(self, lines: list[ChannelLine], site: Site | None = None, kept: Doubts | None = None) -> None:
        """`kept`: the doubts saved with the last record (`keep`)."""
        self.lines = {(line.sensor, line.channel.quantity): line for line in lines}
        self._closing = Closing(
            {ln.name: Placed(ln.sensor, ln.height_m, ln.channel, ln.limits, ln.heated) for ln in lines}, site, kept
        )

    def keep(self) -> Doubts:
        """Return the doubts to save across restarts."""
        return self._closing.keep()

    def take(self, sensor: str, reading: Reading) -> None:
        """Collect a reading; quantities that are not configured are ignored."""
        line = self.lines.get((sensor, reading.quantity))
        if line is not None:
            line.readings.append(reading)

    def close(
        self,
        begin: float,
        end: float,
        utc_offset: float | None,
        troubles: Mapping[str, Reason],
        worked: bool = False,
    ) -> Minute:
        """Return the body of the minute record over [begin, end) s of this boot.

        `utc_offset`: seconds to add to an instant for UTC, None: unknown; `troubles`: sensor -> what is wrong with it
        now, the reason if nothing came; `worked`: somebody worked on the station in it.
        """
        values: dict[str, Value] = {}
        cut = {line.name: (line, line.cut(begin, end)) for line in self.lines.values()}
        for name, (line, checked) in cut.items():
            values[name] = self._value(line, checked, begin, end, utc_offset, troubles)
            channel = ChannelName.parse(name)
            if line.quantity.kind is Aggregation.WIND_SPEED and line.pace >= wind.GUST_PACE:
                values[channel.beside("wind_speed_of_gust")] = gust(line, checked, begin, values[name])
            if line.curve is not None:
                values[channel.beside(CORRECTED)] = corrected(values[name], line.curve, end - begin)
        wind.calm(values)
        samples = {name: [c.reading.value for c in checked if c.flag is PASS] for name, (_, checked) in cut.items()}
        only_zeros = {
            name for name, (_, checked) in cut.items() if checked and not any(c.reading.value for c in checked)
        }
        values = self._closing.judge(begin, end, utc_offset, values, samples, worked, only_zeros)
        wind.calm(values)  # if the speed is doubted now, so is the calm
        wind.doubt_gusts(values)
        return Minute(
            {name: v.value for name, v in values.items()},
            {name: int(v.flag) for name, v in values.items()},
            {name: v.reason for name, v in values.items() if v.reason is not None},
        )

    @staticmethod
    def _value(
        line: ChannelLine,
        checked: list[FlaggedReading],
        begin: float,
        end: float,
        utc_offset: float | None,
        troubles: Mapping[str, Reason],
    ) -> Value:
        if not checked:
            return Value(None, Flag.MISSING, troubles.get(line.sensor, NO_READINGS))
        match line.quantity.kind:
            case Aggregation.TOTAL:
                return total(line, checked, end, utc_offset)
            case Aggregation.LAST:
                return newest(line, checked)
            case _:
                return mean(line, checked, end - begin, troubles.get(line.sensor))


def scarce(good: int, due: int, needed: int, reason: Reason | None) -> Reason:
    """Return why there is no mean: too few samples, and what is wrong with the sensor, if known."""
    if reason is None:
        return Reason("scarce", "{good} of {all} samples, {needed} needed", good=good, all=due, needed=needed)
    return Reason(
        "scarce_because",
        "{good} of {all} samples, {needed} needed: {reason}",
        good=good,
        all=due,
        needed=needed,
        reason=reason,
    )


def mean(line: ChannelLine, checked: list[FlaggedReading], duration: float, trouble: Reason | None) -> Value:
    """Return the arithmetic mean, or the unit-vector mean for a direction, of the samples that count."""
    needed = line.needed(duration)
    passed = [c.reading.value for c in checked if c.flag is PASS]
    # A spike in one of six samples is not the minute's weather; if too few pass, suspect samples are included.
    good = passed if len(passed) >= needed else [c.reading.value for c in checked if c.counts]
    if len(good) < needed:
        bad = [c for c in checked if not c.counts]
        if len(bad) + len(good) >= needed:
            return Value(None, Flag.FAIL, common_reason(bad))
        due = round(line.pace * duration / 60)
        return Value(None, Flag.MISSING, scarce(len(good), due, needed, trouble))
    if line.quantity.kind is Aggregation.DIRECTION:
        direction = wind.mean_direction(good)
        if direction is None:
            return Value(None, Flag.MISSING, wind.VARIABLE)
        return flagged(float(wind.reported_direction(direction)), checked)
    return flagged(line.quantity.rounded(math.fsum(good) / len(good)), checked)


def total(line: ChannelLine, checked: list[FlaggedReading], end: float, utc_offset: float | None) -> Value:
    """Return the rise of a running total, as the difference of rounded sums, so that rounding loses nothing."""
    counter = line.counter = line.counter or Counter()
    before = line.quantity.rounded(counter.state.total)
    good = [c.reading for c in checked if c.counts]
    if not good:
        return Value(None, Flag.FAIL, common_reason(checked))
    rises = [counter.take(r.value, r.at, r.wraps_at, utc_of(r.at, utc_offset)) for r in good]
    amount = line.quantity.rounded(line.quantity.rounded(counter.state.total) - before)
    doubt = next((rise.doubt for rise in rises if rise.doubt), None) or unread(line, good[-1].at, end)
    doubt = doubt or (UNSETTLED if rises[-1].unsettled else None)
    return Value(amount, Flag.SUSPECT, doubt) if doubt else flagged(amount, checked)


def unread(line: ChannelLine, last: float, end: float) -> Reason | None:
    """Return why an amount may lack the end of the minute, or None.

    Rain after the last reading is counted with the next one.
    """
    if end - last <= max(UNREAD_S, 2 * 60.0 / line.pace):
        return None
    return Reason("end_unread", "the last {seconds} s of the minute without readings", seconds=round(end - last))


def corrected(amount: Value, curve: RainCurve, duration: float) -> Value:
    """Return the amount by the gauge's own calibration, with the flag of the uncorrected one."""
    if amount.value is None:
        return amount
    return Value(quantity(CORRECTED).rounded(curve.corrected(amount.value, duration)), amount.flag, amount.reason)


def newest(line: ChannelLine, checked: list[FlaggedReading]) -> Value:
    """Return the newest reading that counts: a state has no mean."""
    good = [c for c in checked if c.counts]
    if not good:
        return Value(None, Flag.FAIL, common_reason(checked))
    return flagged(line.quantity.rounded(good[-1].reading.value), good[-1:])


def gust(line: ChannelLine, checked: list[FlaggedReading], begin: float, mean_speed: Value) -> Value:
    """Return the highest 3-s running mean that ends in the minute.

    None if the mean has no value, or is higher: then samples of the strongest seconds were lost. Samples that were
    suspect in the preceding minute are not part of a gust in this one.
    """
    both = line.tail + [(c.reading.at, c.reading.value) for c in checked if c.counts]
    passed = [(c.reading.at, c.reading.value) for c in checked if c.flag is PASS]
    line.tail = [s for s in passed if s[0] > passed[-1][0] - wind.GUST_WINDOW_S]
    highest = wind.highest_gust(both, begin)
    told = None if highest is None else quantity("wind_speed_of_gust").rounded(highest)
    if mean_speed.value is None or told is None or told < mean_speed.value:
        return Value(
            None,
            mean_speed.flag if mean_speed.value is None else Flag.MISSING,
            mean_speed.reason or Reason("no_gust", "no three samples in 3 s"),
        )
    return Value(told, mean_speed.flag, mean_speed.reason)


def flagged(value: float, checked: list[FlaggedReading]) -> Value:
    """Return `value`, suspect if a reading that contributed to it is."""
    suspects = [c for c in checked if c.flag is SUSPECT]
    if suspects:
        return Value(value, Flag.SUSPECT, common_reason(suspects))
    return Value(value, Flag.PASS)


def common_reason(checked: list[FlaggedReading]) -> Reason:
    """Return the most frequent reason among readings, with the number of readings that have it."""
    reasons = Tally(c.reason for c in checked if c.reason is not None)
    reason, count = reasons.most_common(1)[0]
    if len(checked) == 1:
        return reason
    if count == len(checked):
        return Reason("all_readings", "{reason} (all {total} readings)", reason=reason, total=count)
    return Reason(
        "share_of_readings", "{reason} ({count} of {total} readings)", reason=reason, count=count, total=len(checked)
    )


def utc_of(at: float, utc_offset: float | None) -> float | None:
    """Return the UTC seconds of an instant of this boot; None if the offset is unknown."""
    return None if utc_offset is None else at + utc_offset
