"""The result of sending a message to another platform, as an adapter judges its answer."""

from __future__ import annotations

from enum import Enum

import msgspec

from drivers.reason import Reason


class EncodeError(Exception):
    """A record that cannot be put into a destination's words; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class DeliveryFate(Enum):
    """What is to become of what was sent."""

    PROVEN = "proven"  # it is there
    FAILED = "failed"  # it may be there or not: the same again later
    REFUSED = "refused"  # something in it is not taken: halve it, down to what is at fault


class DeliveryVerdict(msgspec.Struct, frozen=True):
    """A fate, why (None if it is proven), and the seconds that the other side asks to wait (None: no wish)."""

    fate: DeliveryFate
    reason: Reason | None = None
    wait_s: float | None = None


PROVEN = DeliveryVerdict(DeliveryFate.PROVEN)
