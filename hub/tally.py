"""What a receiver has seen, as numbers and texts for its screen."""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.records.record import Record
from hub.intake import printable

SHOWN = 4  # values of a minute's line
CHANNEL = 48  # characters of a channel's name


@dataclass(frozen=True)
class Newest:
    """A station's newest minute. `start` (None: not known) and `arrived` are microseconds UTC."""

    start: int | None
    arrived: int
    values: str


@dataclass
class Tally:
    """What has happened so far."""

    minutes: int = 0
    events: int = 0
    doubles: int = 0
    others: int = 0  # records with a name that is taken by another content
    pictures: int = 0
    aside: int = 0  # messages, or some of their records, that cannot be handled
    newest: dict[str, Newest] = field(default_factory=dict)  # by station
    states: dict[str, str] = field(default_factory=dict)  # station -> "online", "offline"

    def minute(self, station: str, record: Record, start: int | None, arrived: int) -> None:
        """Count a minute, and keep it where it is the station's newest."""
        self.minutes += 1
        newest = self.newest.get(station)
        if newest is None or (start or 0) >= (newest.start or 0):
            self.newest[station] = Newest(record.start, arrived, values(record))


def values(record: Record) -> str:
    """Return the first values of a minute with their units; what is no number is not shown."""
    found = record.body.get("values")
    parts = []
    for channel, number in list(found.items())[:SHOWN] if isinstance(found, dict) else ():
        if number is None or (isinstance(number, int | float) and abs(number) < 1e15):
            quantity = QUANTITIES.get(channel.partition(".")[0])
            plain = quantity is None and number is not None
            shown = f"{number:g}" if plain else texts.value(number, 0 if quantity is None else quantity.decimals)
            parts.append(f"{printable(channel, CHANNEL)}={shown}")
    return " ".join(parts)
