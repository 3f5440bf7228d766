"""The page's data from its station: queried from the daemon's socket, and cached for many simultaneous visitors.

However many visitors there are, the daemon's state is queried at most once in `LEAST_S`, and of each curve only what is
new. If it does not answer, the last known state is shown, with its age.
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

LEAST_S = 0.5  # s between two queries of the state
SILENT_S = 3.0  # s until a station that did not answer is queried again
DAY_US = 86_400_000_000
VERDICTS_S = 60.0  # station seconds between two queries of the growers' rules
RELOAD_S = 600.0  # s after which a curve is completely reloaded, as minutes may have been re-dated


class NewestState(NamedTuple):
    """The newest state of the station: its status, the instant (our clock) of its arrival, that of the last query.

    `answers`: whether it answered the last query.
    """

    facts: StationStatus
    at: float
    asked: float
    answers: bool


class RememberedMinutes(NamedTuple):
    """The cached minutes of a channel; `read`: when they were last completely loaded."""

    points: list[Point]
    read: float


class CachedVerdicts(NamedTuple):
    """The verdicts of the growers' rules, and the instant (our clock) of the query."""

    verdicts: list[Verdict]
    at: float


class Source:
    """One station behind its socket. `speed`: how much faster its time runs than ours, if it is simulated."""

    def __init__(self, socket: Path, clock: Clock, speed: float = 1.0) -> None:
        self._socket, self._clock, self.speed = socket, clock, speed
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._heard: NewestState | None = None
        self._curves: dict[str, RememberedMinutes] = {}
        self._verdicts: CachedVerdicts | None = None

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Query the daemon. Raise NotRunningError, AskError."""
        with self._client() as client:
            return client.ask(name, **arguments)

    def picture(self, sha256: str, part: str) -> bytes:
        """Return a picture's bytes ("thumbnail" or "full"). Raise NotRunningError, AskError."""
        with self._client() as client:
            return client.picture(sha256, part)

    def live(self) -> Iterator[dict[str, Any]]:
        """Yield the station's events as they occur. Raise NotRunningError, AskError."""
        with self._client() as client:
            yield from client.live()

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """Yield a connection. A silent station counts as not running, so that no page shows the socket's path."""
        try:
            with Client(self._socket) as client:
                yield client
        except SilentError:
            raise NotRunningError from None

    def newest_state(self, anew: bool = False) -> NewestState | None:
        """Return the newest state (`anew`: bypass the cache); None if the station has never answered."""
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
        """Return the station's time now, extrapolated from its last status; None if it did not know it."""
        if state is None or state.facts.time is None:
            return None
        return int(state.facts.time + (self._clock.now() - state.at) * 1e6 * self.speed)

    def newest_minute_us(self) -> int | None:
        """Return when the newest dated minute began; None if there is none. Raise NotRunningError, AskError."""
        newest: int | None = self.ask("station")["newest_us"]
        return newest

    def series(self, channel: str, first: float, last: float, step: AskedStep = "auto") -> Series:
        """Return a channel's curve; instants in s since 1970. Raise NotRunningError, AskError."""
        asked = {"channel": channel, "from": first, "to": last, "step": step}
        return msgspec.convert(self.ask("series", **asked), Series)

    def day(self, channel: str, now_us: int) -> list[Point]:
        """Return the minutes of the last 24 hours, as far as they are available."""
        with self._reading:
            before = self._curves.get(channel)
            if before is None or self._clock.now() - before.read > RELOAD_S:
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
        """Return the minutes of a span, with as many queries as needed. Raise NotRunningError, AskError."""
        found: list[Point] = []
        at: int | None = first_us
        while at is not None and at < last_us:
            page = self.series(channel, at / 1e6, last_us / 1e6, "minute")
            found += page.points
            at = page.next_us
        return found

    def verdicts(self) -> list[Verdict]:
        """Return the verdicts of the growers' rules, at most a minute old. Raise NotRunningError, AskError."""
        with self._reading:
            now = self._clock.now()
            if self._verdicts is None or now - self._verdicts.at > VERDICTS_S / self.speed:
                answer = self.ask("advice")["verdicts"]
                self._verdicts = CachedVerdicts([restored_verdict(one) for one in answer], now)
            return self._verdicts.verdicts

    def events(self, **asked: Any) -> Events:
        """Return a page of events. Raise NotRunningError, AskError."""
        return msgspec.convert(self.ask("events", **asked), Events)

    def pictures(self, **asked: Any) -> Pictures:
        """Return a page of pictures. Raise NotRunningError, AskError."""
        return msgspec.convert(self.ask("pictures", **asked), Pictures)

    def all_pictures(self, first_us: int, last_us: int) -> list[Picture]:
        """Return all pictures of a span, newest first. Raise NotRunningError, AskError."""
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
    """Return the newest minute in a station's status."""
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
