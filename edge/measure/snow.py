"""Snow on a light sensor: after a frost, the air warms in the morning but the sensor stays dark.

Snow on the dome transmits a twentieth of the light, which varies with the sun, so the check for standing still does not
find it. The thickest cloud does the same, but under it the air warms little and stays moist. So a sensor is in doubt if
it reports less than a twelfth of a clear sky for an hour of high sun while the air, which was at 1 degC or less since
the last evening, has warmed by 5 K and is under 80 %; until it reports more. A valley's shadow leaves more than that
(the sky's own light, a sixth of a clear sun). Ours, no source found.
"""

from __future__ import annotations

import msgspec

from drivers.reason import Reason

SHARE, LASTS = 0.08, 3600.0  # of a clear sky; s of high sun
FROST, WARMED, CLEAR_AIR = 1.0, 5.0, 80.0  # degC, K, %


class Frost(msgspec.Struct):
    """The coldest air since the last evening, degC; None: unknown."""

    coldest: float | None = None
    by_day: bool = False

    def warmed(self, temperature: float | None, sun_is_up: bool) -> float:
        """Add a minute's air temperature. Return by how much it has warmed since a frost, K; 0 if there was none."""
        if self.by_day and not sun_is_up:
            self.coldest = None
        self.by_day = sun_is_up
        if temperature is None:
            return 0.0
        self.coldest = temperature if self.coldest is None else min(self.coldest, temperature)
        return temperature - self.coldest if self.coldest <= FROST else 0.0


class Dome(msgspec.Struct):
    """For how many s of high sun a sensor has reported next to nothing; `snowed`: it is in doubt."""

    seconds: float = 0.0
    snowed: bool = False

    def doubt(self, share: float | None, seconds: float, warmed: float, humidity: float | None) -> Reason | None:
        """Add a minute. Return why the sensor is in doubt, None if it is not.

        `share`: of a clear sky, None while the sun is too low; `seconds`: of high sun in the minute.
        """
        if share is not None and share > SHARE:
            self.seconds, self.snowed = 0.0, False
        else:
            self.seconds += seconds
        clear_air = humidity is not None and humidity < CLEAR_AIR
        self.snowed |= self.seconds >= LASTS - 1.0 and warmed >= WARMED and clear_air
        if not self.snowed:
            return None
        return Reason("snowed", "snow on it? under {most:g} % of a clear sky after a frost", most=100 * SHARE)
