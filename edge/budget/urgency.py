"""Until when every minute is sent at once, regardless of the budget: frost, gale, cloudburst, somebody watching.

Simple limits on the minute as measured, doubtful values included: people who are to be warned should see it develop.
An open alert sets the urgency itself (`matters_until`).
"""

from __future__ import annotations

from edge.records.bodies import Minute, decode
from edge.records.channel_name import ChannelName
from edge.records.record import Record

LASTS_S = 30 * 60.0  # after the last minute beyond a limit
LOOKED_S = 10 * 60.0  # after somebody requested something
FROST = 2.0  # degC of the air: full bloom is hurt from -2.2 degC on (WSU EB0913), and a bud is colder than the air
GALE = 17.2  # m/s: Beaufort 8
CLOUDBURST = 0.5  # mm in a minute, 30 mm/h: our choice


class Urgency:
    """`until`: the instant (boottime, s) until which every minute is sent at once. Set from any lane."""

    def __init__(self) -> None:
        self.until = float("-inf")

    def matters_until(self, instant: float) -> None:
        """Extend the urgency to that instant; never shorten it."""
        self.until = max(self.until, instant)

    def minute(self, record: Record) -> None:
        """Extend the urgency if a recorded minute is urgent."""
        body = decode(record.kind, record.body)
        if isinstance(body, Minute) and is_urgent(body):
            self.matters_until(record.stamp.boottime + record.duration + LASTS_S)


def is_urgent(minute: Minute) -> bool:
    """Return whether a minute contains frost, a gale or a cloudburst."""
    found: dict[str, list[float]] = {}
    for name, value in minute.values.items():
        if value is not None:
            found.setdefault(ChannelName.parse(name).quantity, []).append(value)
    return (
        min(found.get("air_temperature", [FROST])) < FROST
        or max(found.get("wind_speed_of_gust", [0.0])) >= GALE
        or max(found.get("rainfall_amount", [0.0])) >= CLOUDBURST
    )
