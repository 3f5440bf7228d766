"""A hub's alarms in simulated time over a real database: people, channels that note each message, stations' words.

world = World(tmp_path)
world.alert(1, "raised", step=2)
world.run(60)
world.told("group")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from drivers.reason import Reason
from edge.delivery.message import WORD, Message, MessageFate, SendResult
from edge.records.bodies import Alert, raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.sim.clock import SimClock
from edge.wire.contract import encode
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.alarms.lane import Setting, start_lanes
from hub.alarms.people import Contact, People
from hub.config import AlarmsSection
from hub.database.engine import Engine, opened
from hub.database.sink import DatabaseSink
from hub.sink import Row
from tests.kits.services import SMS
from tests.kits.sink_kit import delivery

NIGHT = 1_774_375_200_000_000  # 2026-03-25 02:00 at UTC+8
NOON = NIGHT + 36_000_000_000
MINUTE = 60.0
DONE = SendResult(MessageFate.DELIVERED, "0 ok")
FORECAST = re.compile(r"\bwill |\bexpect|\bforecast|\bsoon\b|预计|将会|预报|可能会", re.IGNORECASE)


@dataclass
class Channel:
    """A channel that notes each message, and when. `answers`: what it says, by how many it has been asked before."""

    name: str
    utc: Callable[[], int]
    wakes: bool = False
    one_by_one: bool = False
    most_a_minute: int | None = None
    got: list[tuple[float, Message]] = field(default_factory=list)
    answers: Callable[[int], SendResult] = lambda _: DONE
    takes_s: Callable[[], None] = lambda: None

    def send(self, message: Message) -> SendResult:
        """Note a message."""
        self.takes_s()
        answer = self.answers(len(self.got))
        self.got.append((self.utc() / 1e6, message))
        return answer


def is_a_message(messages: Iterable[Message]) -> None:
    """Check of all that was told, whatever the test is about: the one word comes first, no word is of what will be,
    and an SMS would be admitted by its operator."""
    for message in messages:
        text, short = message.fitted(4000), message.short
        assert text.startswith(WORD) and not FORECAST.search(text), text
        assert short.what and all(SMS.match(word) for word in (short.what, short.value, short.time) if word), short
        assert len(short.name) <= 8, short


class World:
    """One database, and the hub over it, which may be killed and started again."""

    def __init__(self, folder: Path, begin: int = NIGHT, *, people: tuple[Contact, ...] = (), url: str = "") -> None:
        self.url = url or f"sqlite://{folder}/hub.db"
        self.sink = DatabaseSink(opened(self.url))
        self.begin = begin
        self.clock = SimClock(0.0)
        self.section = AlarmsSection(names={"orchard-1": "上寨果园"})
        self.group = Channel("group", self.utc, most_a_minute=20)
        self.voice = Channel("voice", self.utc, wakes=True, one_by_one=True)
        self.channels: dict[str, Channel] = {"group": self.group, "voice": self.voice}
        self.engine = opened(self.url)
        self.book = AlarmBook(self.engine)
        for person in people or (person_of("zhang", 1), person_of("li", 2), person_of("wang", 3)):
            People(self.engine).keep(person)
        self._lanes: list[Any] = []
        self.is_synchronised = True
        self.photos: Reason | None = None  # why none can be kept
        self.unkept: Reason | None = None  # likewise of records
        self.heartbeat: str | None = None
        self.talking = {"orchard-1"}  # the stations that something comes from all the time
        self._speaker = self.clock.lane("stations", self._speak)

    def _speak(self) -> None:
        while True:
            for station in self.talking:
                self.engine.query(
                    "INSERT INTO epoch (station, epoch, arrived_last) VALUES (%s, 'e', %s) "
                    "ON CONFLICT (station, epoch) DO UPDATE SET arrived_last = excluded.arrived_last",
                    (station, self.utc()),
                )
            self.clock.sleep_until(self.clock.now() + MINUTE)

    def utc(self) -> int:
        """Return the time, microseconds."""
        return self.begin + round(self.clock.now() * 1e6)

    def start(
        self,
        holder: str = "hub",
        poll_s: float = 30.0,
        connected: Callable[[], bool] = lambda: True,
        engine: Callable[[], Engine] | None = None,
    ) -> Any:
        """Start a hub, by default on this world's database. Return its lanes."""
        lanes = start_lanes(
            Setting(
                self.section,
                self.channels,
                engine or (lambda: opened(self.url)),
                holder,
                self.clock,
                self.utc,
                connected,
                lambda: self.is_synchronised,
                "https://hub.example",
                self.heartbeat,
                poll_s=poll_s,
                seed=1,
                photos=lambda: self.photos,
                unkept=lambda: self.unkept,
            )
        )
        self._lanes.append(lanes)
        return lanes

    def kill(self, lanes: Any) -> None:
        """End a hub as SIGKILL would."""
        for lane in lanes.all():
            lane.kill()
        self._lanes.remove(lanes)
        self.clock.run_until(self.clock.now())

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.run_until(self.clock.now() + seconds)

    def close(self) -> None:
        """End all."""
        self._speaker.stop()
        for lanes in self._lanes:
            lanes.stop()
        self.clock.run_until(self.clock.now())
        self.sink.close()
        self.engine.close()
        for channel in self.channels.values():
            is_a_message(message for _, message in channel.got)

    # -- what stations say ---------------------------------------------------------------------------------

    def alert(
        self, seq: int, turn: str, step: int = 1, name: str = "frost-e-1", ago_s: float = 5.0, **more: Any
    ) -> None:
        """Have a station's alert record arrive now, of what turned so long ago."""
        known = {
            "quantity": "wet_bulb_temperature",
            "unit": "degC",
            "crop": "apple",
            "stage": "full-bloom",
            "worst": -2.3,
            "value": -2.3,
        }
        at = self.utc() - round(ago_s * 1e6)
        limits = (0.8, -2.2, -3.2, -4.2, -5.2)
        limit = more.pop("limit", limits[max(step, 1) - 1])
        said = Alert(name, "frost", turn, step, 5, limit, minute=seq, begin=at, **{**known, **more})
        self.record(seq, Kind.ALERT, said, at)

    def undated_alert(
        self,
        seq: int,
        turn: str,
        step: int,
        start: int | None = None,
        until: int | None = None,
        revision: int = 0,
    ) -> None:
        """Have an alert record arrive of a box that does not know the time; or once more, now that it does."""
        said = Alert("frost-e-1", "frost", turn, step, 5, -2.2, -2.3, seq, quantity="wet_bulb_temperature", unit="degC")
        said = msgspec.structs.replace(said, crop="apple", stage="full-bloom", worst=-2.3)
        mark = ClockMark("arrival") if start is None else ClockMark("ntp", 0.1)
        mark = mark if until is None else ClockMark("bounds", None, until - 3_600_000_000, until)
        record = Record("e", seq, Kind.ALERT, Stamp("b", 60.0 * seq), 0.0, start, mark, revision, None, raw(said))
        self.sink.commit(delivery(Row("orchard-1", record, encode(record), self.utc())))

    def minute(self, seq: int, value: float | None, station: str = "orchard-1", ago_s: float = 62.0) -> None:
        """Have a minute arrive now."""
        body = {
            "values": {"air_temperature": value, "relative_humidity": 80.0},
            "quality": {"air_temperature": 9 if value is None else 1, "relative_humidity": 1},
        }
        self.record(seq, Kind.MINUTE, body, self.utc() - round(ago_s * 1e6), station)

    def record(self, seq: int, kind: str, body: Any, at: int, station: str = "orchard-1") -> None:
        """Have a record arrive now."""
        duration = 60.0 * (kind == Kind.MINUTE)
        record = Record(
            "e", seq, kind, Stamp("b", 60.0 * seq), duration, at, ClockMark("ntp", 0.01), 0, None, raw(body)
        )
        self.sink.commit(delivery(Row(station, record, encode(record), self.utc())))

    # -- what came of it -----------------------------------------------------------------------------------

    def told(self, channel: str) -> list[tuple[int, list[str], str]]:
        """Return what a channel was told: minutes since the beginning, to whom, the text."""
        zero = self.begin / 1e6
        return [
            (round((at - zero) // 60), [one.name for one in message.to], message.fitted(4000))
            for at, message in self.channels[channel].got
        ]

    def minutes(self, channel: str) -> list[int]:
        """Return when a channel was told something, minutes since the beginning."""
        return [at for at, _, _ in self.told(channel)]

    def alarms(self) -> list[Alarm]:
        """Return all alarms."""
        found = self.engine.query("SELECT said FROM alarm ORDER BY changed, id")
        return [msgspec.json.decode(said, type=Alarm) for (said,) in found]

    def acknowledge(self, who: str) -> list[Alarm]:
        """Acknowledge all that is open."""
        return self.book.acknowledge([one.id for one in self.alarms() if one.open], who, self.utc())

    def states(self) -> Mapping[str, int]:
        """Return how many messages are in which state."""
        found = self.engine.query("SELECT state, count(*) FROM alarm_message GROUP BY state")
        return dict(found)


def person_of(name: str, place: int, **more: Any) -> Contact:
    """Return a person whom group and voice reach."""
    fields = {"channels": ["voice", "group"], "phone": f"1380000000{place}", **more}
    return msgspec.convert({"name": name, "place": place, **fields}, Contact)
