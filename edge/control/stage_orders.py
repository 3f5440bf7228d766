"""Commands about a crop."""

from __future__ import annotations

from typing import Any

from drivers.reason import Reason
from edge.alerts.crops import CRITICAL, no_rule
from edge.control.arguments import CommandRefusedError, StageArguments
from edge.control.status import StationParts
from edge.records.bodies import Stage


def unwatched(parts: StationParts, crop: str) -> Reason | None:
    """Return the reason that no alert rule of the station's file covers that crop's frost; None if one does."""
    return None if any(rule.crop == crop for rule in parts.config.alert) else no_rule(crop)


def say(parts: StationParts, arguments: StageArguments, issued_by: str) -> dict[str, Any]:
    """Set a crop's stage from the next minute on. Return both.

    Raise CommandRefusedError if one is unknown.
    """
    stages = CRITICAL.get(arguments.crop)
    if stages is None:
        crops = ", ".join(CRITICAL)
        raise CommandRefusedError(
            Reason("unknown_crop", 'no crop "{crop}" is known; there are {crops}', crop=arguments.crop, crops=crops)
        )
    if arguments.stage not in stages:
        raise CommandRefusedError(
            Reason(
                "unknown_stage",
                '{crop} has no stage "{stage}"; there are {stages}',
                crop=arguments.crop,
                stage=arguments.stage,
                stages=", ".join(stages),
            )
        )
    who = " ".join(arguments.by.split())
    parts.inbox.offer(Stage(arguments.crop, arguments.stage, who, issued_by))
    return {"crop": arguments.crop, "stage": arguments.stage}
