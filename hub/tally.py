"""A receiver's counters, as numbers and texts for its screen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.language.texts import _
from edge.records.record import Kind, Record
from hub import jsonl
from hub.intake import Strange, printable

SHOWN = 4  # values of a minute's line
CHANNEL = 48  # characters of a channel's name
GOOD = 1  # QARTOD's flag
KINDS = 20  # that are counted each by itself


@dataclass(frozen=True)
class Newest:
    """A station's newest minute. `start` (None: not known) and `arrived` are microseconds UTC."""

    start: int | None
    arrived: int
    values: str


@dataclass
class WatchTally:
    """What has happened so far."""

    minutes: int = 0
    events: int = 0
    doubles: int = 0
    others: int = 0  # records with a name that is taken by another content
    pictures: int = 0
    aside: int = 0  # messages, or some of their records, that cannot be handled
    unknown: Counter[str] = field(default_factory=Counter)  # records of a newer station, by kind
    newest: dict[str, Newest] = field(default_factory=dict)  # by station
    states: dict[str, str] = field(default_factory=dict)  # station -> "online", "offline"

    def take(self, station: str, found: Record | Strange, arrived: int) -> None:
        """Count a new record, and keep a minute where it is the station's newest."""
        if isinstance(found, Strange) or is_unknown(found):
            name = printable(found.kind or "?", CHANNEL)
            self.unknown[name if name in self.unknown or len(self.unknown) < KINDS else "…"] += 1
        if isinstance(found, Record) and jsonl.is_minute(found):
            self._minute(station, found, jsonl.started(found, arrived), arrived)
        else:
            self.events += 1

    def _minute(self, station: str, record: Record, start: int | None, arrived: int) -> None:
        self.minutes += 1
        newest = self.newest.get(station)
        if newest is None or (start or 0) >= (newest.start or 0):
            self.newest[station] = Newest(record.start, arrived, values(record))


def is_unknown(record: Record) -> bool:
    """Return whether it is of a kind that this version does not know."""
    return record.kind not in list(Kind)


def values(record: Record) -> str:
    """Return the first values of a minute with units and with the flag's word where they are not good.

    What is no number is not shown.
    """
    body = record.fields()
    found, quality = body.get("values"), body.get("quality")
    parts = []
    for channel, number in list(found.items())[:SHOWN] if isinstance(found, dict) else ():
        if number is None or (isinstance(number, int | float) and abs(number) < 1e15):
            quantity = QUANTITIES.get(channel.partition(".")[0])
            name = printable(channel if quantity is None else texts.label(channel), CHANNEL)
            unit = "" if quantity is None else quantity.unit
            shown = f"{number:g}" if number is not None and quantity is None else texts.amount(channel, number, unit)
            parts.append(f"{name} {shown}{_flagged(quality, channel)}")
    return _(", ").join(parts)


def _flagged(quality: object, channel: str) -> str:
    flag = quality.get(channel) if isinstance(quality, dict) else None
    if flag == GOOD or not isinstance(flag, int | None):
        return ""
    word = _("quality not stated") if flag is None else texts.flag_word(flag)
    return _(" ({word})").format(word=word)
