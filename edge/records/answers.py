"""Answers to queries about what was measured: typed structs that become JSON as they are.

Times are microseconds UTC in whole numbers (`..._us`), the ends of intervals half open. A value of a minute stands
beside its flag: 1 good, 2 not checked, 3 suspect, 4 bad, 9 missing; `None` is no value, never 0.
"""

from datetime import date
from typing import Literal

import msgspec

Step = Literal["minute", "hour", "day"]


class StationState(msgspec.Struct, frozen=True):
    """One station: when it was last heard and its newest dated minute began; its clock's seconds ahead of UTC.

    Both lie before now, None where there is none: what a wrong clock put after now counts for neither.
    """

    station: str
    arrived_us: int | None
    newest_us: int | None
    utc_offset_s: int


class Value(msgspec.Struct, frozen=True):
    """One channel of a minute: its value in `unit` ("" where the quantity is not known here), its flag and why.

    `reason` is the station's own {"code", "params", "text"} as it came (a text from version 1); None where there is
    none.
    """

    value: float | None
    quality: int
    unit: str
    reason: object = None


class Now(msgspec.Struct, frozen=True):
    """A station's newest minute (of the newest start of its daemon that has a dated one, the highest number in it).

    `start_us` is None where nothing dated is here; `values` by channel. At the station itself it is the newest one
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


class Point(msgspec.Struct, frozen=True, gc=False):  # thousands in an answer, of numbers alone
    """One minute, hour or day of a channel.

    `value`: of a minute as it was measured; of an hour or a day the mean of its good values (of a direction the vector
    mean), of an amount (mm) their sum. `quality`: of a minute its flag; of an hour or a day 1 where it has a good
    value, else 9. The rest is of hours and days alone: extremes of the good values with the begin of their first
    minute, and how many minutes are good (or not checked), suspect, bad, missing, and not received.
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
    """A channel's curve: `step` is what was chosen, `next_us` where the rest begins (None: this is all of it)."""

    station: str
    channel: str
    unit: str
    step: Step
    points: list[Point]
    next_us: int | None = None


class Event(msgspec.Struct, frozen=True):
    """One record that is no minute; `body` as the station says it, None where it is not understood (`wrong`).

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
    """A page of events, the newest first; `next` asks for the page behind it (None: there is none)."""

    events: list[Event]
    next: str | None = None


class Picture(msgspec.Struct, frozen=True):
    """One picture: what of it is here. `sha256` is the full picture's, by which it is asked for.

    `file` and `thumbnail` are names in the hub's folder of pictures, None where that part is not here (not yet, or
    taken away to make room: `removed`). `quality`: 1, or 3 for these `reasons`, as the station says them; 2 where
    nothing that it says is here.
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
    """A page of pictures, the newest first; `next` asks for the page behind it (None: there is none)."""

    pictures: list[Picture]
    next: str | None = None


class Gap(msgspec.Struct, frozen=True):
    """A time without minutes: `cause` is "off", "not_received", "lost", "not_measured", "undated" or "silent".

    `records` were made and are not here; `why` is the station's own reason as it came. "undated": nothing was heard in
    it but `undated` minutes whose time is not known, which need not have been measured in it.
    """

    start_us: int
    end_us: int
    cause: str
    records: int
    why: object
    undated: int = 0


class Completeness(msgspec.Struct, frozen=True):
    """One day of a station by its own clock: minutes measured, received, good, and each hole.

    `over`: how many minutes begin where the one before has not ended. `undated`: how many arrived on that day
    whose time is not known; they are in none of the other numbers.
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
    """From `start_us` to before `end_us` so many minutes are here and not good, in these channels.

    `missing`: nothing was measured; otherwise values are suspect or bad. `why` is the station's own reason as it came.
    """

    start_us: int
    end_us: int
    minutes: int
    channels: list[str]
    missing: bool
    why: object


class ExplainedDay(Completeness, frozen=True, kw_only=True):
    """The same, and why minutes that are here are not good, by time."""

    doubts: list[NotGood]
