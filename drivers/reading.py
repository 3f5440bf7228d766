"""A reading: one value of one quantity at one instant, as the device gave it."""

from __future__ import annotations

import msgspec

from drivers.reason import Reason


class Reading(msgspec.Struct, frozen=True, gc=False):
    """One value of one quantity.

    `value` is in the quantity's unit, unrounded. `at` is the instant at which it was measured, in seconds of the
    clock that was passed to the driver (CLOCK_BOOTTIME on a station). `doubt` is why the value is in doubt (a status
    bit, an error byte), or None. For a running total (`rainfall_amount`) the value is the device's own total in the
    unit and `wraps_at` the amount at which its counter wraps to zero, or None if that is unknown.
    """

    quantity: str
    value: float
    at: float
    doubt: Reason | None = None
    wraps_at: float | None = None
