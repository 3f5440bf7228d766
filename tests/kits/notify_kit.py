"""A station that tells people itself, in simulated time over a real store: channels that note each message, a hub.

box = Box(tmp_path)
box.start()
box.alert("raised", step=1)
box.run(60)
box.told("robot")
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.config.file import load
from edge.delivery.message import Message, SendResult
from edge.notify.lane import NotifyLane
from edge.records.bodies import Alert, plain
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.records.spans import Span
from edge.sim.clock import SimClock
from edge.sim.lane import SimLane
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.alarm_kit import NIGHT, Channel, is_a_message
from tests.kits.station_text import HEAD, SHELTER

BROKER = '[broker]\nurl = "mqtt://simulated"\n'
CHANNELS = """
[[channel]]
name = "robot"
kind = "wecom"
key_file = "/none"
[[channel]]
name = "call"
kind = "webhook"
url = "https://gateway.invalid/call"
"""
PEOPLE = """
[[person]]
name = "张三"
phone = "13800000001"
[[person]]
name = "li"
phone = "13800000002"
hours = ["07:00", "22:00"]
"""
KNOWN = ClockMark("ntp", 0.05)


class Service(Channel):
    """A channel that has a message before its answer is known: whoever is killed meanwhile does not know."""

    def send(self, message: Message) -> SendResult:
        """Note a message."""
        self.got.append((self.utc() / 1e6, message))
        answer = self.answers(len(self.got))
        self.takes_s()
        return answer


class Box:
    """One store, and the lane over it, which may be killed and started again."""

    def __init__(self, folder: Path, hub: bool = False, more: str = CHANNELS + PEOPLE, begin: int = NIGHT) -> None:
        folder.mkdir(exist_ok=True)
        file = folder / "station.toml"
        head = HEAD.replace('id = "s"', 'id = "s"\ntitle = "上寨果园"').format(state=folder / "state")
        file.write_text(head + (BROKER if hub else "") + SHELTER + more)
        self.config, self.folder, self.begin = load(file), folder, begin
        self.clock = SimClock(0.0)
        self.boot, self.knows_time = "b", True
        self.store = Store.open(folder / "state", epoch="e", destinations=(PLATFORM,))
        self.robot = Service("robot", self.utc, most_a_minute=20)
        self.call = Service("call", self.utc, wakes=True, one_by_one=True)
        self.channels = {"robot": self.robot, "call": self.call}
        self.events: list[Draft] = []
        self.lane: NotifyLane | None = None
        self._lane: SimLane | None = None

    def utc(self) -> int:
        """Return the time, microseconds."""
        return self.begin + round(self.clock.now() * 1e6)

    def start(self, boot: str = "b") -> None:
        """Start the lane, of the same boot or another."""
        self.boot = boot
        parts = self.config, self.store, self.clock, boot, self.channels
        self.lane = NotifyLane(*parts, post=self.events.append, time_at=self._time_at)
        self._lane = self.clock.lane("notify", self.lane.run)

    def _time_at(self, at: float) -> tuple[int | None, ClockMark]:
        return (self.begin + round(at * 1e6) if self.knows_time else None), KNOWN

    def kill(self) -> None:
        """End it as SIGKILL would."""
        assert self._lane is not None
        self._lane.kill()
        self.clock.run_until(self.clock.now())
        self._lane = self.lane = None

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.run_until(self.clock.now() + seconds)

    def close(self) -> None:
        """End all."""
        if self._lane is not None:
            self.kill()
        self.store.close()
        for channel in self.channels.values():
            is_a_message(message for _, message in channel.got)

    def alert(self, turn: str, step: int = 1, name: str = "frost-e-1", **more: Any) -> int:
        """Keep a turn of an alert, as the station's rules make it. Return its number."""
        known: dict[str, Any] = {
            "quantity": "wet_bulb_temperature",
            "unit": "degC",
            "crop": "apple",
            "stage": "full-bloom",
            "value": -2.3,
            "worst": -2.3,
        }
        limit = (0.8, -2.2, -3.2, -4.2, -5.2)[max(step, 1) - 1]
        said = Alert(name, "frost", turn, step, 5, limit, minute=1, **{**known, "begin": self.utc(), **more})
        now = self.clock.now()
        draft = Draft(Kind.ALERT, Stamp(self.boot, now), 0.0, *self._time_at(now), plain(said))
        seq = self.store.append(draft).seq
        if self.lane is not None:
            self.lane.wake()
        return seq

    def gale(self, turn: str, step: int = 1, name: str = "gale-e-1") -> int:
        """Keep a turn of a gale."""
        of = {"quantity": "wind_speed_of_gust", "unit": "m/s", "crop": "", "stage": "", "value": 18.0, "worst": 18.0}
        return self.alert(turn, step, name, **of)

    def receipt(self, seq: int) -> None:
        """Have the hub's receipt of a record come."""
        self.store.outbox.prove([Span("e", seq, seq)], PLATFORM)

    def told(self, channel: str) -> list[tuple[int, list[str], str]]:
        """Return what a channel was told: seconds since the beginning, to whom, the text."""
        got = self.channels[channel].got
        zero = self.begin / 1e6
        return [(round(at - zero), [one.name for one in message.to], message.fitted(4000)) for at, message in got]
