"""Commands about the notifications that the station itself sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from drivers.reason import Reason
from edge.control.arguments import CommandRefusedError
from edge.control.status import StationParts

if TYPE_CHECKING:
    from edge.notify.asking import JobResult
    from edge.notify.lane import NotifyLane


def notify_of(parts: StationParts) -> NotifyLane:
    """Return the lane that notifies people. Raise CommandRefusedError if the station's file has no channel."""
    if parts.notify is None:
        raise CommandRefusedError(
            Reason("without_channels", "this station has no [[channel]] through which to notify people")
        )
    return parts.notify


def outcome(came: list[JobResult] | Reason) -> tuple[Literal["done", "failed"], Reason | None, dict[str, Any]]:
    """Return the outcome of a test: the state, why nothing was sent, what the services answered."""
    return ("failed", came, {}) if isinstance(came, Reason) else ("done", None, told(came))


def told(sent: Sequence[JobResult]) -> dict[str, Any]:
    """Return the results of test messages as plain JSON."""
    return {
        "messages": [
            {
                "channel": one.job.reach.channel,
                "to": [person.name for person in one.job.message.to],
                "fate": one.result.fate.value,
                "answer": one.result.answer,
                "why": None if one.result.reason is None else one.result.reason.builtins(),
            }
            for one in sent
        ]
    }
