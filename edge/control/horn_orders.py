"""Commands to the horn."""

from __future__ import annotations

from typing import Any

from drivers.reason import Reason
from edge.alerts.horn import HornLane
from edge.control.arguments import CommandRefusedError, SilenceArguments
from edge.control.status import StationParts


def silence(parts: StationParts, arguments: SilenceArguments, issued_by: str) -> dict[str, Any]:
    """Silence the horn, in the name of the person who heard it. Return the rules that sounded it.

    Raise CommandRefusedError without a horn.
    """
    horn = horn_of(parts)
    rules = list(horn.snapshot.rules)
    horn.silence(Reason("said", "{text}", text=" ".join(arguments.by.split()) or issued_by))
    return {"rules": rules}


def horn_of(parts: StationParts) -> HornLane:
    """Return the station's horn. Raise CommandRefusedError if it has none."""
    if parts.horn is None:
        raise CommandRefusedError(Reason("without_horn", "this station has no [horn]"))
    return parts.horn
