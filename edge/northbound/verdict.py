"""The result of sending a message to another platform, as an adapter judges the response."""

from __future__ import annotations

from enum import Enum

import msgspec

from drivers.reason import Reason


class EncodeError(Exception):
    """A record that cannot be encoded for a destination; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class DeliveryFate(Enum):
    """What to do with what was sent."""

    PROVEN = "proven"  # it has arrived
    FAILED = "failed"  # unknown: retry the same later
    REFUSED = "refused"  # something in it is rejected: halve it, down to the record at fault


class DeliveryVerdict(msgspec.Struct, frozen=True):
    """A fate, its reason (None if it is proven), and the seconds that the other side asks to wait (None: unstated)."""

    fate: DeliveryFate
    reason: Reason | None = None
    wait_s: float | None = None


PROVEN = DeliveryVerdict(DeliveryFate.PROVEN)
