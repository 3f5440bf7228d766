"""Until when every minute is sent at once, whatever the budget says: frost, gale, cloudburst, somebody watching.

Simple limits on the minute as it was measured, a doubtful value too: whoever is to be warned is to see it come. An
open alert says by itself that it matters (`matters_until`).
"""

from __future__ import annotations

from edge.records.bodies import Minute, decode
from edge.records.channel_name import ChannelName
from edge.records.record import Record

LASTS_S = 30 * 60.0  # after the last minute beyond a limit
LOOKED_S = 10 * 60.0  # after somebody asked for something
FROST = 2.0  # degC of the air: full bloom is hurt from -2.2 degC on (WSU EB0913), and a bud is colder than the air
GALE = 17.2  # m/s: Beaufort 8
CLOUDBURST = 0.5  # mm in a minute, 30 mm/h: ours, until rules of alerts say better


class Urgency:
    """`until`: the instant (s of the boot) to which every minute goes at once. Set from any lane by one assignment."""

    def __init__(self) -> None:
        self.until = float("-inf")

    def matters_until(self, instant: float) -> None:
        """Let every minute go at once until that instant; one that is set to a later one stays so."""
        self.until = max(self.until, instant)

    def minute(self, record: Record) -> None:
        """Take in a minute that was recorded."""
        body = decode(record.kind, record.body)
        if isinstance(body, Minute) and is_urgent(body):
            self.matters_until(record.stamp.boottime + record.duration + LASTS_S)


def is_urgent(minute: Minute) -> bool:
    """Return whether a minute has frost, a gale or a cloudburst in it."""
    found: dict[str, list[float]] = {}
    for name, value in minute.values.items():
        if value is not None:
            found.setdefault(ChannelName.parse(name).quantity, []).append(value)
    return (
        min(found.get("air_temperature", [FROST])) < FROST
        or max(found.get("wind_speed_of_gust", [0.0])) >= GALE
        or max(found.get("rainfall_amount", [0.0])) >= CLOUDBURST
    )
