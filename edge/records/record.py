"""The record: the data of one minute, or an event. All kinds share one sequence in the store.

(station, epoch, seq) identifies a record permanently. A record has its raw stamp (`boot`, `boottime`), which never
changes, and the time derived from it (`start`, `clock`), which a higher `revision` may change. Its content is its body,
bytes that are stored and passed on unchanged, so a kind or a key that this version does not know is preserved.
`edge.records.bodies` reads them.
"""

import json
import re
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw

MOST = 2**53 - 1  # the largest integer that every JSON reader keeps exactly (RFC 8259, section 6)
MOST_BODY = 1024 * 1024  # bytes of a body: a quarter of the largest message; a minute of 256 channels has 30 kB
OPENING = ord("{")
DEEPEST = 500  # nesting depth that is read: Python 3.11 reads about 1,000, Python 3.13 ten times that
TEXT_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
OPENS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
LAST_UTC = 253_370_764_800_000_000  # microseconds: the year 9999 begins, the last that calendars here can name

# The bounds of the fields of a record from outside.
Seq = Annotated[int, Meta(ge=1, le=MOST)]
Revision = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Utc = Annotated[int, Meta(ge=0, le=LAST_UTC)]  # microseconds since 1970
Seconds = Annotated[float, Meta(ge=0, le=1e10)]
Boottime = Annotated[float, Meta(ge=-1e10, le=1e10)]  # s; only differences of it are used
Duration = Annotated[float, Meta(ge=0, le=366 * 86400.0)]  # s
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Fields = Annotated[dict[str, Any], Meta(max_length=256)]
Body = Annotated[Raw, Meta(extra_json_schema={"type": "object"})]  # bounded by Record itself


class Kind(StrEnum):
    """The kinds of records that this version knows. A newer station's record may have another name."""

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
    """How a time is known: its source and its error, seconds (half-width; None if unknown).

    Sources: "ntp", "gnss", "rtc", "modem", "platform" and "sim" (an anchor of that kind), "crystal" (the crystal kept
    the time while the system's clock was slewed), "arrival" (no anchor yet: the time of receipt is the best available),
    "bounds" (a boot that never had an anchor: `not_before` and `not_after`, microseconds since 1970 UTC, are all that
    is known).
    """

    source: Name
    error: Seconds | None = None
    not_before: Utc | None = None
    not_after: Utc | None = None


class Record(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One record as the store keeps it.

    `kind` is one of `Kind`, or a name that this version does not know. `start` is the time of its beginning,
    microseconds since 1970 UTC, None while it is unknown; `duration` seconds (0 for an event); `setup` the seq of the
    setup record under which it was made (same epoch); `body` a JSON object with the kind's fields (docs/wire-contract):
    for a minute {"values", "quality", "reasons"}. Bodies are compared byte for byte; records are not hashable,
    `edge.uplink.window.identity` gives a key. Raise ValueError for a body that is not an object or is too large.
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
        """Check the body's bounds, which no annotation can express."""
        body = memoryview(self.body)
        if not 0 < len(body) <= MOST_BODY or body[0] != OPENING:
            raise ValueError(f"body: no object of at most {MOST_BODY} bytes")

    def fields(self) -> dict[str, Any]:
        """Return the body as plain JSON values. Raise the errors of `values_of`."""
        found: dict[str, Any] = values_of(self.body)
        return found


def values_of(raw: Raw | bytes) -> Any:
    """Return the plain values of any JSON. Raise ValueError if it is not JSON, RecursionError if it nests too deep."""
    data = bytes(raw)
    if data.count(b"[") + data.count(b"{") > DEEPEST and depth_of(data) > DEEPEST:
        raise RecursionError(f"nested more than {DEEPEST} deep")
    try:
        return msgspec.json.decode(data)
    except msgspec.ValidationError:  # a number too large for a float, which is still valid JSON
        return json.loads(data)


def depth_of(data: bytes) -> int:
    """Return the nesting depth of any JSON."""
    depth = deepest = 0
    for found in TEXT_OR_BRACKET.finditer(data):
        depth += OPENS.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest


class Draft(msgspec.Struct, frozen=True):
    """A record to be: without the seq and epoch that the store assigns, its body not yet encoded."""

    kind: Name
    stamp: Stamp
    duration: Duration
    start: Utc | None
    clock: ClockMark
    body: Fields
    setup: Seq | None = None
