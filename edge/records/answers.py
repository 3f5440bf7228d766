"""Answers to queries about what was measured: typed structs that are serialized to JSON unchanged.

Times are integer microseconds UTC (`..._us`), intervals are half open. Each value of a minute has a flag: 1 good,
2 not checked, 3 suspect, 4 bad, 9 missing; `None` is no value, never 0.
"""

from datetime import date
from typing import Literal

import msgspec

Step = Literal["minute", "hour", "day"]


class StationState(msgspec.Struct, frozen=True):
    """One station: when it last sent anything, when its newest dated minute began, its offset from UTC (s).

    Both times are before now, None if there is none: what a wrong clock dated after now is ignored.
    """

    station: str
    arrived_us: int | None
    newest_us: int | None
    utc_offset_s: int


class Value(msgspec.Struct, frozen=True):
    """One channel of a minute: its value in `unit` ("" if the quantity is not known here), its flag and the reason.

    `reason` is the station's own {"code", "params", "text"}, unchanged (a text from version 1); None if there is none.
    """

    value: float | None
    quality: int
    unit: str
    reason: object = None


class Now(msgspec.Struct, frozen=True):
    """A station's newest minute: of the newest start of its daemon with a dated minute, the one with the highest seq.

    `start_us` is None if there is no dated one; `values` by channel. At the station itself it is the newest minute
    measured, dated or not, and `age_s` is how long ago it ended, by the station's own clock.
    """

    station: str
    start_us: int | None
    end_us: int | None
    arrived_us: int | None
    clock: str | None
    clock_error_s: float | None
    values: dict[str, Value]
    age_s: float | None = None


class Point(msgspec.Struct, frozen=True, gc=False):  # an answer has thousands, and they contain only numbers
    """One minute, hour or day of a channel.

    `value`: for a minute as measured; for an hour or a day the mean of its good values (of a direction the vector
    mean), of an amount (mm) their sum. `quality`: for a minute its flag; for an hour or a day 1 if it has a good value,
    else 9. The other fields are only for hours and days: extremes of the good values with the begin of the first minute
    that has them, and how many minutes are good (or not checked), suspect, bad, missing, and not received.
    """

    start_us: int
    end_us: int
    value: float | None
    quality: int
    lowest: float | None = None
    lowest_us: int | None = None
    highest: float | None = None
    highest_us: int | None = None
    good: int | None = None
    suspect: int | None = None
    bad: int | None = None
    missing: int | None = None
    not_received: int | None = None


class Series(msgspec.Struct, frozen=True):
    """A channel's curve: `step` is the one chosen, `next_us` where the rest begins (None: the curve is complete)."""

    station: str
    channel: str
    unit: str
    step: Step
    points: list[Point]
    next_us: int | None = None


class Event(msgspec.Struct, frozen=True):
    """One record that is not a minute; `body` as the station sent it, None if it is not understood (`wrong`).

    `arrived_us` is None at the station itself.
    """

    station: str
    epoch: str
    seq: int
    revision: int
    kind: str | None
    start_us: int | None
    clock: str | None
    arrived_us: int | None
    body: object
    wrong: str | None


class Events(msgspec.Struct, frozen=True):
    """A page of events, the newest first; `next` requests the following page (None: there is none)."""

    events: list[Event]
    next: str | None = None


class Picture(msgspec.Struct, frozen=True):
    """One picture and which parts of it are here. `sha256` is the full picture's, by which it is requested.

    `file` and `thumbnail` are names in the hub's folder of pictures, None if that part is not here (not yet, or deleted
    to free space: `removed`). `quality`: 1, or 3 for these `reasons`, as the station sent them; 2 if its record is not
    here.
    """

    station: str
    sha256: str
    camera: str
    time_us: int | None
    bytes: int
    file: str | None
    thumbnail: str | None
    removed: bool = False
    quality: int = 1
    reasons: tuple[object, ...] = ()


class Pictures(msgspec.Struct, frozen=True):
    """A page of pictures, the newest first; `next` requests the following page (None: there is none)."""

    pictures: list[Picture]
    next: str | None = None


class Gap(msgspec.Struct, frozen=True):
    """A time without minutes: `cause` is "off", "not_received", "lost", "not_measured", "undated" or "silent".

    `records`: how many were made and are not here; `why` is the station's own reason, unchanged. "undated": nothing
    arrived during it but `undated` minutes of unknown time, which need not have been measured in it.
    """

    start_us: int
    end_us: int
    cause: str
    records: int
    why: object
    undated: int = 0


class Completeness(msgspec.Struct, frozen=True):
    """One day of a station by its own clock: minutes measured, received, good, and each gap.

    `over`: how many minutes begin before the preceding one has ended. `undated`: how many minutes of unknown time
    arrived on that day; no other number includes them.
    """

    station: str
    day: date
    measured: int
    received: int
    good: int
    gaps: list[Gap]
    over: int = 0
    undated: int = 0


class NotGood(msgspec.Struct, frozen=True):
    """From `start_us` to before `end_us`, `minutes` minutes are here and not good in these channels.

    `missing`: nothing was measured; otherwise values are suspect or bad. `why` is the station's own reason, unchanged.
    """

    start_us: int
    end_us: int
    minutes: int
    channels: list[str]
    missing: bool
    why: object


class ExplainedDay(Completeness, frozen=True, kw_only=True):
    """The same with the reasons why minutes are not good, by time."""

    doubts: list[NotGood]
