"""The record: the data of one minute, or an event. All kinds share one sequence in the store.

(station, epoch, seq) names a record for ever. A record holds its raw stamp (`boot`, `boottime`), which is
never rewritten, and the time that follows from it (`start`, `clock`), which a higher `revision` may bring.
What it tells is its body, bytes that are kept and passed on as they came: a kind or a key that this version does
not know goes through it unharmed. `edge.records.bodies` reads them.
"""

import json
import re
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

MOST = 2**53 - 1  # the largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)
MOST_BODY = 1024 * 1024  # bytes of a body: a quarter of the largest message; a minute of 256 channels has 30 kB
OPENING = ord("{")
DEEPEST = 500  # brackets in each other that are read: some 1,000 are all that Python 3.11 reads, 3.13 ten times that
TEXT_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
OPENS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
LAST_UTC = 253_370_764_800_000_000  # microseconds: the year 9999 begins, the last that calendars here can name

# What may stand in a record that comes from outside: everything has an end.
Seq = Annotated[int, Meta(ge=1, le=MOST)]
Revision = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Utc = Annotated[int, Meta(ge=0, le=LAST_UTC)]  # microseconds since 1970
Seconds = Annotated[float, Meta(ge=0, le=1e10)]
Boottime = Annotated[float, Meta(ge=-1e10, le=1e10)]  # s; nothing is reckoned with it but differences
Duration = Annotated[float, Meta(ge=0, le=366 * 86400.0)]  # s
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Fields = Annotated[dict[str, Any], Meta(max_length=256)]
Body = Annotated[Raw, Meta(extra_json_schema={"type": "object"})]  # bounded by Record itself


class Kind(StrEnum):
    """What a record tells: the kinds that this version knows. A newer station's are other names."""

    MINUTE = "minute"
    HOUR = "hour"
    START = "start"
    SETUP = "setup"
    LOSS = "loss"
    PICTURE = "picture"
    HEALTH = "health"
    ALERT = "alert"
    STAGE = "stage"


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """A raw instant: the boot's id and CLOCK_BOOTTIME in seconds."""

    boot: Name
    boottime: Boottime


class ClockMark(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """How a time is known: its source and its error, seconds (half-width; None where it is unknown).

    Sources: "ntp", "gnss", "rtc", "modem", "platform" and "sim" (an anchor of that kind), "crystal" (it carried the
    time on while the system's clock was slewed), "arrival" (no anchor yet: the receiver's own time is the best there
    is), "bounds" (a boot that never had an anchor: `not_before` and `not_after`, microseconds since 1970 UTC, are all
    that is known).
    """

    source: Name
    error: Seconds | None = None
    not_before: Utc | None = None
    not_after: Utc | None = None


class Record(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One record as the store keeps it.

    `kind` is one of `Kind`, or a name that this version does not know. `start` is the time of its beginning,
    microseconds since 1970 UTC, None while it is unknown; `duration` seconds (0 for an event); `setup` the seq of the
    setup record it was made under (same epoch); `body` a JSON object, the kind's own fields (docs/wire-contract): for
    a minute {"values", "quality", "reasons"}. Records are equal where their bodies are byte for byte; they have no
    hash, `edge.uplink.window.identity` names one. Raise ValueError for a body that is no object, or a too large one.
    """

    epoch: Name
    seq: Seq
    kind: Name
    stamp: Stamp
    duration: Duration
    start: Utc | None
    clock: ClockMark
    revision: Revision
    setup: Seq | None
    body: Body

    def __post_init__(self) -> None:
        """Hold the body to its bounds, which no annotation can."""
        body = memoryview(self.body)
        if not 0 < len(body) <= MOST_BODY or body[0] != OPENING:
            raise ValueError(f"body: no object of at most {MOST_BODY} bytes")

    def fields(self) -> dict[str, Any]:
        """Return the body as plain JSON values. Raise as `values_of`."""
        found: dict[str, Any] = values_of(self.body)
        return found


def values_of(raw: Raw | bytes) -> Any:
    """Return the plain values of any JSON. Raise ValueError, RecursionError where it is none, or nested too deep."""
    data = bytes(raw)
    if data.count(b"[") + data.count(b"{") > DEEPEST and depth_of(data) > DEEPEST:
        raise RecursionError(f"nested more than {DEEPEST} deep")
    try:
        return msgspec.json.decode(data)
    except msgspec.ValidationError:  # a number that no float holds, which is JSON all the same
        return json.loads(data)


def depth_of(data: bytes) -> int:
    """Return how deep the brackets of any JSON are nested."""
    depth = deepest = 0
    for found in TEXT_OR_BRACKET.finditer(data):
        depth += OPENS.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest


class Draft(msgspec.Struct, frozen=True):
    """A record before the store gave it its seq (and the epoch of this start of the daemon), its body still fields."""

    kind: Name
    stamp: Stamp
    duration: Duration
    start: Utc | None
    clock: ClockMark
    body: Fields
    setup: Seq | None = None
