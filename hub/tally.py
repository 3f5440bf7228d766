"""A receiver's counters, and texts about minutes for its screen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.language.texts import _, ngettext
from edge.language.words import FLAGS
from edge.records.record import Kind, Record
from hub import jsonl
from hub.intake import Strange, printable

SHOWN = 4  # values of a minute's line
CHANNEL = 48  # characters of a channel's name
GOOD = 1  # QARTOD's flag
MOST = 1e15  # no value of a quantity is larger
KINDS = 20  # unknown kinds that are counted separately
STARTS = 16  # newest starts of a station that are remembered
HALF_MINUTE_US = 30_000_000  # a restarted box may seem to go back by this, its clock corrected
LIVE_US = 300_000_000  # delay of a minute that counts as live: its time agrees with this receiver's clock
Starts = dict[str, tuple[int, int]]  # epoch -> from when to when


@dataclass(frozen=True)
class Newest:
    """A station's newest minute, and when it arrived, microseconds UTC."""

    record: Record
    arrived: int


@dataclass
class WatchTally:
    """What has happened so far."""

    minutes: int = 0
    events: int = 0
    doubles: int = 0
    others: int = 0  # records with different content under a known identity
    pictures: int = 0
    aside: int = 0  # messages, or parts of them, that could not be handled
    unknown: Counter[str] = field(default_factory=Counter)  # records of a newer station, by kind
    newest: dict[str, Newest] = field(default_factory=dict)  # by station
    states: dict[str, str] = field(default_factory=dict)  # station -> "online", "offline"
    starts: dict[str, Starts] = field(default_factory=dict)  # by station
    live: dict[str, Starts] = field(default_factory=dict)  # the same of live minutes only

    def take(self, station: str, found: Record | Strange, arrived: int) -> None:
        """Count a new record; remember it if it is the station's newest minute."""
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
        if newest is None or (start or 0) >= (newest.record.start or 0):
            self.newest[station] = Newest(record, arrived)
        if record.start is not None:
            self._extend(self.starts.setdefault(station, {}), record, record.start)
            live = self.live.setdefault(station, {})
            if abs(arrived - record.start) <= LIVE_US:
                self._extend(live, record, record.start)
            elif record.revision:
                live.pop(record.epoch, None)

    def _extend(self, starts: Starts, record: Record, begin: int) -> None:
        """Extend the time span of a station's start by this minute; a revised date replaces the span."""
        end = begin + round(record.duration * 1e6)
        known = starts.pop(record.epoch, (begin, end)) if record.revision == 0 else (begin, end)
        starts.pop(record.epoch, None)
        starts[record.epoch] = min(begin, known[0]), max(end, known[1])
        while len(starts) > STARTS:
            del starts[next(iter(starts))]

    def doubled(self) -> list[str]:
        """Return the stations whose starts overlap in time: a single box ends one start before it begins the next."""
        return overlapping(self.starts, HALF_MINUTE_US)

    def two_boxes(self) -> list[str]:
        """Return those whose starts overlap by this receiver's clock too: no wrong station clock explains that.

        Each end of a span may be wrong by LIVE_US.
        """
        return overlapping(self.live, 2 * LIVE_US)


def overlapping(starts: dict[str, Starts], by_us: int) -> list[str]:
    """Return the stations with a start that lasts more than `by_us` beyond the begin of the next."""
    return [
        station
        for station, its in sorted(starts.items())
        if any(before[1] - after[0] > by_us for before, after in pairwise(sorted(its.values())))
    ]


def is_unknown(record: Record) -> bool:
    """Return whether it is of a kind that this version does not know."""
    return record.kind not in list(Kind)


def values(record: Record) -> str:
    """Return the first values of a minute with units, and the flag's word where they are not good.

    They are followed by how many of the others are not good. What is no number is not shown.
    """
    body = record.fields()
    found, quality = body.get("values"), body.get("quality")
    parts = []
    channels = list(found.items()) if isinstance(found, dict) else []
    for channel, number in channels[:SHOWN]:
        if number is None or _is_number(number):
            quantity = QUANTITIES.get(channel.partition(".")[0])
            name = printable(channel if quantity is None else texts.label(channel), CHANNEL)
            unit = "" if quantity is None else quantity.unit
            shown = f"{number:g}" if number is not None and quantity is None else texts.amount(channel, number, unit)
            parts.append(f"{name} {shown}{_flagged(quality, channel)}")
    if others := sum(bool(_flagged(quality, channel)) for channel, _number in channels[SHOWN:]):
        parts.append(ngettext("{n} other not good", "{n} others not good", others).format(n=others))
    return _(", ").join(parts)


def assignments(record: Record) -> list[str]:
    """Return each channel of a minute for programs, as `air_temperature=4.65`, in the contract's names and units.

    A value that is not good is followed by the flag's word, as `rainfall_amount=0.2(suspect)`, so that no program
    parses it as a number. An absent value is `rainfall_amount=(missing)`.
    """
    body = record.fields()
    found, quality = body.get("values"), body.get("quality")
    told = []
    for channel, number in found.items() if isinstance(found, dict) else ():
        if number is not None and not _is_number(number):
            continue
        flag = quality.get(channel) if isinstance(quality, dict) else None
        known = FLAGS.get(flag, "unknown") if isinstance(flag, int) else "not stated"
        word = "" if flag == GOOD else f"({known})".replace(" ", "-")
        name = "_".join(printable(channel, CHANNEL).split())
        told.append(f"{name}={'' if number is None else texts.reported(channel, number)}{word}")
    return told


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST


def _flagged(quality: object, channel: str) -> str:
    flag = quality.get(channel) if isinstance(quality, dict) else None
    if flag == GOOD or not isinstance(flag, int | None):
        return ""
    word = _("quality not stated") if flag is None else texts.flag_word(flag)
    return _(" ({word})").format(word=word)
