"""The record: what one minute comes to, or an event. All kinds share one sequence in the store.

(station, epoch, seq) names a record for ever. A record holds its raw stamp (`boot`, `boottime`), which is
never rewritten, and the time that follows from it (`start`, `clock`), which a higher `revision` may bring.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class Kind(StrEnum):
    """What a record tells."""

    MINUTE = "minute"
    START = "start"
    SETUP = "setup"
    LOSS = "loss"
    PICTURE = "picture"
    HEALTH = "health"
    ALERT = "alert"


class Stamp(msgspec.Struct, frozen=True):
    """A raw instant: the boot's id and CLOCK_BOOTTIME in seconds."""

    boot: str
    boottime: float


class ClockMark(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a time is known: its source and its error, seconds (half-width; None where nobody can say).

    Sources: "ntp", "gnss", "rtc", "modem", "platform" and "sim" (an anchor of that kind), "arrival" (no anchor
    yet: the receiver's own time is the best there is), "bounds" (a boot that never had an anchor: `not_before`
    and `not_after`, microseconds since 1970 UTC, are all that is known).
    """

    source: str
    error: float | None = None
    not_before: int | None = None
    not_after: int | None = None


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record as the store keeps it.

    `start` is the time of its beginning, microseconds since 1970 UTC, None while nobody knows it; `duration`
    seconds (0 for an event); `setup` the seq of the setup record it was made under (same epoch); `body` the
    kind's own fields (docs/wire-contract): for a minute {"values", "quality", "reasons"}.
    """

    epoch: str
    seq: int
    kind: Kind
    stamp: Stamp
    duration: float
    start: int | None
    clock: ClockMark
    revision: int
    setup: int | None
    body: dict[str, Any]


class Draft(msgspec.Struct, frozen=True):
    """A record before the store gave it its seq (and the epoch of this start of the daemon)."""

    kind: Kind
    stamp: Stamp
    duration: float
    start: int | None
    clock: ClockMark
    body: dict[str, Any]
    setup: int | None = None
