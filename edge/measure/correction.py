"""Correcting a tipping bucket's amount by its own, dated calibration.

Water runs in while a bucket turns, so high rates read low (Sensors 23, 5385 (2023)). The correction is a gauge's own
curve, rate_true = a rate^b in mm/h, from its maker's sheet or a bench test (WMO intercomparison, Lanza et al. 2004-05):
there are no universal coefficients, so there is no default. The uncorrected amount is unchanged; the corrected one is a
channel of its own.
"""

from __future__ import annotations

import msgspec


class RainCurve(msgspec.Struct, frozen=True):
    """A gauge's calibration: rate_true = a * rate ** b, both rates in mm/h."""

    a: float
    b: float = 1.0

    def corrected(self, amount: float, duration: float) -> float:
        """Return the amount, mm, that fell in `duration` s when the gauge counted `amount`."""
        if amount <= 0 or duration <= 0:
            return amount
        hours = duration / 3600.0
        return float(self.a * (amount / hours) ** self.b * hours)
