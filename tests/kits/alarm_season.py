"""Nights of a made spring at the hub: boxes with real rules, links and hubs that go and come, people who answer or not.

Between the nights nothing happens but that the boxes are heard; a night is lived by the minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from drivers.reason import Reason
from edge.delivery.message import Message, MessageFate, SendResult
from edge.records.record import Kind
from edge.wire.contract import encode
from hub.sink import Row
from tests.kits.alarm_kit import DONE, Channel, World
from tests.kits.season_box import Box
from tests.kits.sink_kit import delivery

DAY_MIN, NIGHT_MIN = 24 * 60, 10 * 60
EVENING = 1_774_364_400_000_000  # 2026-03-24 23:00 at UTC+8
LIVE_EVERY = 5  # minutes between two that a box sends while nothing is the matter
IDLE_MIN = LIVE_EVERY
POLL_S, IDLE_S = 30.0, 60.0 * IDLE_MIN
DOWN = SendResult(
    MessageFate.FAILED, "", Reason("forward_unreachable", "{where} cannot be reached: {why}", where="x", why="")
)
LOST = SendResult(MessageFate.UNKNOWN, "", Reason("forward_slow", "{where} gave no answer", where="x"))
Span = tuple[int, int]  # minutes since the beginning


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in a season, in minutes since its beginning.

    `off`: by box, without power; `away`: by box, without a link; `deaf`: no thermometer; `hub`: hub and receiver are
    away; `lanes`: the alarms alone; `broken`: by channel, nothing gets through; `lost`: its answers do not.
    """

    off: dict[str, list[Span]] = field(default_factory=dict)
    away: dict[str, list[Span]] = field(default_factory=dict)
    deaf: dict[str, list[Span]] = field(default_factory=dict)
    hub: list[Span] = field(default_factory=list)
    lanes: list[Span] = field(default_factory=list)
    broken: dict[str, list[Span]] = field(default_factory=dict)
    lost: dict[str, list[Span]] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """When the last of it is over."""
        each = [span for some in (self.off, self.away, self.deaf, self.broken, self.lost) for span in some.values()]
        return max((end for spans in (self.hub, self.lanes, *each) for _, end in spans), default=0)


@dataclass(frozen=True)
class Told:
    """One line of a message that a channel took: when (minutes), to whom, of which message, and whether it is new."""

    at: float
    channel: str
    to: tuple[str, ...]
    message: str
    again: bool
    last: bool  # no reminders come after it tonight
    text: str


class Season(World):
    """`trouble` by `seed`; `cold`: which nights are; `told`: all that people got; `acked`: minute, alarm, who."""

    def __init__(self, folder: Path, seed: int, nights: int, cold: Sequence[int], trouble: Trouble, boxes: int = 3):
        super().__init__(folder, EVENING)
        self.chance, self.trouble, self.nights, self.cold = Random(f"season {seed}"), trouble, nights, cold
        self.boxes = [Box(folder, f"orchard-{number}", seed) for number in range(1, boxes + 1)]
        self.section.names.clear()
        self.talking = set()
        self.heard: dict[str, list[int]] = {box.name: [] for box in self.boxes}  # minutes
        self.arrived: dict[tuple[str, int], int] = {}  # box and number of a record: microseconds
        self.got: list[Told] = []
        self.people = ("zhang", "li", "wang")
        self.acked: list[tuple[float, str, str]] = []
        self.ups: list[tuple[float, float]] = []  # when the alarms worked, minutes
        self._answering: dict[str, float | None] = {}
        self._lanes_now: Any = None
        for name, one in list(self.channels.items()):
            self.channels[name] = SlowChannel(name, self.utc, one.wakes, one.one_by_one, one.most_a_minute, season=self)

    @property
    def now(self) -> float:
        """Return the minutes since the beginning."""
        return self.clock.now() / 60.0

    def live(self) -> None:
        """Live all of it, and a quiet day after it."""
        for night in range(self.nights):
            lows = {box.name: self._low(night in self.cold) for box in self.boxes}
            for minute in range(NIGHT_MIN if night in self.cold else 0):
                self._minute(night * DAY_MIN + minute, minute, lows)
            while self.now < (night + 1) * DAY_MIN - 1e-6:
                self._idle()
        while self.now < self.trouble.end + DAY_MIN / 2:
            self._idle()
        self._kill()

    def _low(self, is_cold: bool) -> tuple[float, float]:
        return self.chance.gauss(-1.0, 2.0) if is_cold else 12.0, self.chance.uniform(8.0, 13.0)

    def _minute(self, now: int, of_night: int, lows: dict[str, tuple[float, float]]) -> None:
        self._hub_at(now, POLL_S)
        rows: list[Row] = []
        for box in self.boxes:
            self._power(box, now)
            if box.is_on:
                air = box.air(of_night, *lows[box.name])
                deaf = is_in(self.trouble.deaf, box.name, now)
                box.minute(self.utc(), None if deaf else air, IDLE_MIN if not of_night else 1)
                rows += self._sent(box, now)
        self._commit(rows, now)
        self._pass(now)
        self._answer_people()

    def _pass(self, now: int) -> None:
        """Let a minute pass; a hub that is away in the next one is killed somewhere within this."""
        left = 60.0
        if self._lanes_now is not None and self._is_down(now + 1):
            before = self.chance.uniform(0.0, left)
            self.run(before)
            self._kill()
            left -= before
        self.run(left)

    def _idle(self) -> None:
        now = round(self.now)
        self._hub_at(now, IDLE_S)
        rows: list[Row] = []
        for box in self.boxes:
            self._power(box, now)
            if box.is_on:
                box.minute(self.utc(), 12.0, IDLE_MIN)
                rows += self._sent(box, now)
        self._commit(rows, now)
        self.run(IDLE_S)
        self._answer_people()

    def _power(self, box: Box, now: int) -> None:
        off = is_in(self.trouble.off, box.name, now)
        if off == box.is_on:
            (box.stop if off else box.start)()

    def _sent(self, box: Box, now: int) -> list[Row]:
        """Return what a box sends now: alerts first, the newest minute, some of what waited."""
        if is_in(self.trouble.away, box.name, now) or _within(self.trouble.hub, now):
            return []
        alerts = [one for one in box.waiting if one.kind == Kind.ALERT]
        minutes = [one for one in box.waiting if one.kind == Kind.MINUTE]
        if not (alerts or box.is_alert or now % LIVE_EVERY == 0):
            return []
        box.waiting = []
        return [Row(box.name, one, encode(one), self.utc()) for one in (*alerts, *minutes[-1:], *minutes[:-1:10])]

    def _commit(self, rows: list[Row], now: int) -> None:
        if not rows:
            return
        for row in rows:
            self.arrived.setdefault((row.station, row.record.seq), self.utc())
            if self.heard[row.station][-1:] != [now]:
                self.heard[row.station].append(now)
        self.sink.commit(delivery(*rows))

    def _hub_at(self, now: int, poll_s: float) -> None:
        """Have the hub be there or not, with the pace of the hour."""
        down, running = self._is_down(now), self._lanes_now
        if running is not None and (down or running[1] != poll_s):
            self._kill()
        if self._lanes_now is None and not down:
            self._lanes_now = (self.start(poll_s=poll_s), poll_s)
            self.ups.append((self.now, float("inf")))

    def _is_down(self, now: float) -> bool:
        return _within(self.trouble.hub, now) or _within(self.trouble.lanes, now)

    def _kill(self) -> None:
        self.kill(self._lanes_now[0])
        self.ups[-1] = (self.ups[-1][0], self.now)
        self._lanes_now = None

    def _answer_people(self) -> None:
        """Have people acknowledge, each alarm some minutes after it reached somebody, or never."""
        for alarm in self.alarms() if self.now % 2 < 1 else []:
            state = alarm.escalation
            key = f"{alarm.id} {state.told}"
            if not alarm.open or not state.reached or state.acked_us is not None:
                continue
            if key not in self._answering:
                after = self.chance.choice((None, None, 2.0, 4.0, 12.0, 30.0))
                self._answering[key] = None if after is None else self.now + after
            due = self._answering[key]
            if due is not None and self.now >= due:
                self.acked.append((self.now, alarm.id, state.reached[0]))
                self.book.acknowledge([alarm.id], state.reached[0], self.utc())


@dataclass
class SlowChannel(Channel):
    """A channel of a season, which takes its time over some messages, before it has them or after."""

    season: Season | None = None

    def send(self, message: Message) -> SendResult:
        """Note what arrives."""
        season = self.season
        assert season is not None
        early, late = (season.chance.choice((0.0, 0.0, 2.0, 7.0)) for _ in range(2))
        season.clock.sleep_until(season.clock.now() + early)
        now, trouble = season.now, season.trouble
        if is_in(trouble.broken, self.name, now):
            return DOWN
        to, again = tuple(one.name for one in message.to), "可能重复" in message.tail
        last = "不再提醒" in message.tail
        season.got += [Told(now, self.name, to, message.id, again, last, line) for line in message.lines]
        season.clock.sleep_until(season.clock.now() + late)
        return LOST if is_in(trouble.lost, self.name, now) else DONE


def _within(spans: Sequence[Span], now: float) -> bool:
    return any(begin <= now < end for begin, end in spans)


def is_in(spans: dict[str, list[Span]], name: str, now: float) -> bool:
    """Return whether a name's span is now."""
    return _within(spans.get(name, ()), now)


def drawn(folder: Path, seed: int, nights: int = 8, cold: int = 4) -> Season:
    """Return a season in which all of it goes wrong, by seed."""
    chance = Random(f"trouble {seed}")
    chosen = sorted(chance.sample(range(nights), cold))
    boxes = [f"orchard-{number}" for number in (1, 2, 3)]

    def spans(count: int, least: float, most: float) -> list[Span]:
        found = []
        for _ in range(count):
            night = chance.choice(chosen)
            begin = night * DAY_MIN + chance.uniform(0, NIGHT_MIN)
            found.append((round(begin), round(begin + least * (most / least) ** chance.random())))
        return sorted(found)

    trouble = Trouble(
        off={name: spans(1, 4, 300) for name in boxes},
        away={name: spans(2, 10, 3000) for name in boxes},
        deaf={name: spans(1, 3, 120) for name in boxes},
        hub=spans(2, 2, 400),
        lanes=spans(3, 1, 400),
        broken={"group": spans(2, 3, 600), "voice": spans(1, 3, 600)},
        lost={"group": spans(1, 3, 60), "voice": spans(1, 3, 60)},
    )
    return Season(folder, seed, nights, chosen, trouble)
