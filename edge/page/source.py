"""The page's data from its station: queried from the daemon's socket, and cached so that many people may look at once.

However many people look, the daemon is asked for its state at most once a second, and for each curve once a minute,
for what is new of it. Where it does not answer, what was heard last is shown, with its age.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from drivers.clock import Clock
from edge.clock.clock import system_utc
from edge.control.client import AskError, Client, NotRunningError, SilentError, status_of
from edge.language.verdicts import restored_verdict
from edge.measure.derived.verdict import Verdict
from edge.records.answers import Events, Now, Picture, Pictures, Point, Series, Value
from edge.records.asked import AskedStep
from edge.snapshots import StationStatus

LEAST_S = 0.5  # s between two questions for the state
SILENT_S = 3.0  # s until a station that did not answer is asked again
DAY_US = 86_400_000_000
VERDICTS_S = 60.0  # s of the station between two questions for what growers' rules say
ANEW_S = 600.0  # s after which a curve is read anew from its begin: minutes may have been dated anew


class NewestState(NamedTuple):
    """The newest state of the station: its facts, at which instant of our clock they came, when it was asked last.

    `answers`: whether it answered then.
    """

    facts: StationStatus
    at: float
    asked: float
    answers: bool


class RememberedMinutes(NamedTuple):
    """The minutes of a channel that are remembered; `read`: when from their begin."""

    points: list[Point]
    read: float


class Said(NamedTuple):
    """What growers' rules said, and at which instant of our clock."""

    verdicts: list[Verdict]
    at: float


class Source:
    """One station behind its socket. `speed`: how much faster its time runs than ours, where it is simulated."""

    def __init__(self, socket: Path, clock: Clock, speed: float = 1.0) -> None:
        self._socket, self._clock, self.speed = socket, clock, speed
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._heard: NewestState | None = None
        self._curves: dict[str, RememberedMinutes] = {}
        self._said: Said | None = None

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Return what the daemon answers. Raise NotRunningError, AskError."""
        with self._client() as client:
            return client.ask(name, **arguments)

    def picture(self, sha256: str, part: str) -> bytes:
        """Return a picture's bytes ("thumbnail" or "full"). Raise NotRunningError, AskError."""
        with self._client() as client:
            return client.picture(sha256, part)

    def live(self) -> Iterator[dict[str, Any]]:
        """Give what is new at the station as it comes. Raise NotRunningError, AskError."""
        with self._client() as client:
            yield from client.live()

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """Give a connection. Who does not answer is not there for a page, which tells nobody where the socket lies."""
        try:
            with Client(self._socket) as client:
                yield client
        except SilentError:
            raise NotRunningError from None

    def newest_state(self, anew: bool = False) -> NewestState | None:
        """Return the newest state, `anew` whatever is remembered; None if the station has never been heard."""
        with self._lock:
            before, now = self._heard, self._clock.now()
            if (
                before is not None
                and not anew
                and now - before.asked < (LEAST_S / self.speed if before.answers else SILENT_S)
            ):
                return before
            try:
                facts = status_of(self.ask("status"))
                self._heard = NewestState(facts, self._clock.now(), self._clock.now(), True)
            except (NotRunningError, AskError):
                self._heard = None if before is None else before._replace(asked=self._clock.now(), answers=False)
            return self._heard

    def time_us(self, state: NewestState | None) -> int | None:
        """Return the station's time now, carried on from when it was heard; None if it did not know it."""
        if state is None or state.facts.time is None:
            return None
        return int(state.facts.time + (self._clock.now() - state.at) * 1e6 * self.speed)

    def newest_minute_us(self) -> int | None:
        """Return when the newest minute with a time began, None: there is none. Raise NotRunningError, AskError."""
        newest: int | None = self.ask("station")["newest_us"]
        return newest

    def series(self, channel: str, first: float, last: float, step: AskedStep = "auto") -> Series:
        """Return a channel's curve; instants in s since 1970. Raise NotRunningError, AskError."""
        asked = {"channel": channel, "from": first, "to": last, "step": step}
        return msgspec.convert(self.ask("series", **asked), Series)

    def day(self, channel: str, now_us: int) -> list[Point]:
        """Return the minutes of the last 24 hours, as far as they can be had."""
        with self._reading:
            before = self._curves.get(channel)
            if before is None or self._clock.now() - before.read > ANEW_S:
                before = RememberedMinutes([], self._clock.now())
            first = before.points[-1].end_us if before.points else now_us - DAY_US
            try:
                fresh = self.minutes(channel, first, now_us)
            except (NotRunningError, AskError):
                return before.points
            kept = [point for point in before.points if point.start_us >= now_us - DAY_US] + fresh
            self._curves[channel] = RememberedMinutes(kept, before.read)
            return kept

    def minutes(self, channel: str, first_us: int, last_us: int) -> list[Point]:
        """Return the minutes of a span, however many answers they take. Raise NotRunningError, AskError."""
        found: list[Point] = []
        at: int | None = first_us
        while at is not None and at < last_us:
            page = self.series(channel, at / 1e6, last_us / 1e6, "minute")
            found += page.points
            at = page.next_us
        return found

    def verdicts(self) -> list[Verdict]:
        """Return what growers' rules say, of a minute ago at most. Raise NotRunningError, AskError."""
        with self._reading:
            now = self._clock.now()
            if self._said is None or now - self._said.at > VERDICTS_S / self.speed:
                told = self.ask("advice")["verdicts"]
                self._said = Said([restored_verdict(one) for one in told], now)
            return self._said.verdicts

    def events(self, **asked: Any) -> Events:
        """Return a page of events. Raise NotRunningError, AskError."""
        return msgspec.convert(self.ask("events", **asked), Events)

    def pictures(self, **asked: Any) -> Pictures:
        """Return a page of pictures. Raise NotRunningError, AskError."""
        return msgspec.convert(self.ask("pictures", **asked), Pictures)

    def all_pictures(self, first_us: int, last_us: int) -> list[Picture]:
        """Return all pictures of a span, the newest first. Raise NotRunningError, AskError."""
        found, page = [], None
        while True:
            asked = {"from": first_us / 1e6, "to": last_us / 1e6, **({} if page is None else {"page": page})}
            told = self.pictures(**asked)
            found += told.pictures
            if (page := told.next) is None:
                return found

    def machine_us(self) -> int:
        """Return the time of this machine, microseconds UTC."""
        return system_utc()


def now_of(facts: StationStatus) -> Now:
    """Return the newest minute that a station's state tells of."""
    minute = facts.minute
    if minute is None:
        return Now(facts.station, None, None, None, None, None, {})
    end = None if minute.start is None else minute.start + round(minute.duration * 1e6)
    reasons = {name: reason.builtins() for name, reason in minute.reasons.items()}
    values = {
        name: Value(value, minute.quality.get(name, 3), facts.units.get(name, ""), reasons.get(name))
        for name, value in minute.values.items()
    }
    return Now(facts.station, minute.start, end, None, facts.clock.source, facts.clock.error, values)
