"""Stations of a fleet in one process: the real store and uplink of each, on a thread; minutes by the station's number.

    python -m tests.fleet.stations FOLDER URL FIRST COUNT MINUTES

Each begins with a backlog of so many minutes, and then keeps one a minute, at a second of its own. What they lack is
printed, once the backlogs are made and then a line every other second: minutes made since, records that the broker has
not taken, records that no receipt has closed. The first line on standard input lets them begin, for making the backlogs
of a fleet takes all of a machine for minutes; the second one ends the minutes, and its end the process. They begin in
turn: after a long outage each is somewhere in its longest pause between two tries. When each live message was handed to
the broker stands in FOLDER/STATION.sent: the newest number that the station had then, and microseconds since 1970.
"""

from __future__ import annotations

import itertools
import logging
import os
import random
import resource
import select
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

from drivers.clock import Clock, Lane
from drivers.quantity import QUANTITIES
from edge.clock.clock import SystemClock, boot_id, system_utc
from edge.config.sections import BrokerSection
from edge.records.bodies import raw
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.uplink.destination import Way
from edge.uplink.uplink import Uplink
from edge.wire import mqtt_link
from edge.wire.contract import Topic
from edge.wire.link import Link
from edge.wire.session import Session
from tests.bench.days import SILENT
from tests.bench.uplink import filled
from tests.kits.uplink_kit import destination

CHANNELS = (
    *("air_temperature", "relative_humidity", "air_pressure", "illuminance", "wind_speed", "wind_from_direction"),
    *("wind_speed_of_gust", "rainfall_amount", "soil_temperature", "soil_moisture", "pm2p5", "battery_voltage"),
)
MINUTE = 60.0  # s
OFFSET_H = 8.0
TOLD_S = 2.0
SETUP = 1  # seq of the setup record
# A thread that waits for the interpreter asks for it at each of these intervals. By Python's own 5 ms, those of many
# stations that are busy at once, as after each outage, do hardly anything else.
TURN_S = 0.05
FIRST = -5  # priority (nice(2)) before hubs and database: a real station has a processor of its own


def named(number: int) -> str:
    """Return a station's name."""
    return f"orchard-{number}"


def days(number: int) -> Iterator[dict[str, float | None]]:
    """Yield the minutes of a station for ever: channels that wander by its own seed, a silent one now and then."""
    noise = random.Random(number)
    values = dict.fromkeys(CHANNELS, 20.0 + number % 50)
    while True:
        for name in CHANNELS:
            quantity = QUANTITIES[name]
            values[name] = quantity.rounded(values[name] + noise.gauss(0, quantity.resolution))
        silent = noise.random() < 0.01
        yield {**values, "soil_moisture": None if silent else values["soil_moisture"]}


def fields(values: dict[str, float | None]) -> dict[str, object]:
    """Return the body of a minute."""
    return {
        "values": values,
        "quality": {name: 9 if value is None else 1 for name, value in values.items()},
        "reasons": {name: SILENT for name, value in values.items() if value is None},
    }


class ToldLink:
    """A link that tells of each live message, once the broker's connection has it."""

    def __init__(self, link: Link, told: Callable[[], object]) -> None:
        self._link, self._told = link, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Hand a message over at QoS 1. Return its mid."""
        mid = self._link.publish(topic, payload, retain, expiry)
        if topic.endswith(f"/{Topic.LIVE.value}"):
            self._told()
        return mid


class Station:
    """One station: `due` is when its next minute ends (s of the boot); `made`: minutes since it was started.

    `begins`: the part of the pause between two tries after which it is started.

    The backlog is made first, and nothing is sent before `start`: making those of a fleet takes minutes.
    """

    def __init__(self, folder: Path, broker: BrokerSection, clock: SystemClock, number: int, backlog: int) -> None:
        self.name, self.made, self.due = named(number), 0, float("inf")
        self._clock, self._boot, self._days = clock, boot_id(), days(number)
        self.begins = number * 0.618 % 1.0
        self.store = filled(folder / self.name, [*self._past(f"epoch-{number}", backlog, system_utc())])
        self._sent = folder / f"{self.name}.sent"
        self._uplink = Uplink(
            destination(broker, self.name, Way(self._connect)),
            self.store,
            clock,
            self.store.epoch,
            boot=self._boot,
            on_command=print,
            on_anchor=lambda _anchor: None,
        )
        self._lane: Lane | None = None

    def start(self) -> None:
        """Begin to send, and to keep minutes."""
        self.due = self._clock.now() + MINUTE * self.begins
        self._lane = self._clock.lane(self.name, self._uplink.run)

    def _connect(self, broker: BrokerSection, session: Session, clock: Clock, known: int | None) -> Link:
        return cast(Link, ToldLink(mqtt_link.connect(broker, session, clock, known), self._note_sent))

    def _note_sent(self) -> None:
        """Keep when a live message went, and the newest record that it may have."""
        with self._sent.open("a") as file:
            file.write(f"{self.store.next_seq - 1} {system_utc()}\n")

    def minute(self) -> None:
        """Keep the minute that has ended, with the time at which it was kept as its end."""
        self.due += MINUTE
        self.made += 1
        begin, stamp = system_utc() - round(MINUTE * 1e6), Stamp(self._boot, round(self._clock.now() - MINUTE, 6))
        mark = ClockMark("ntp", 0.01)
        self.store.append(Draft(Kind.MINUTE, stamp, MINUTE, begin, mark, fields(next(self._days)), SETUP))
        self._uplink.notify()

    def open(self) -> tuple[int, int]:
        """Return how many records the broker has not taken, and how many no receipt has closed, those among them."""
        unproven = self.store.outbox.unproven(PLATFORM)
        unsent = self.store.outbox.count_unsent(PLATFORM)
        return unsent, unsent + sum(span.last - span.first + 1 for span in unproven)

    def ask(self) -> None:
        """Want receipts at once, and say what is here."""
        self._uplink.wait_no_longer()

    def stop(self) -> None:
        """Make the uplink end."""
        if self._lane is not None:
            self._lane.stop()

    def close(self) -> None:
        """Wait for that, and let the store go."""
        if self._lane is not None:
            self._lane.join(10)
        self.store.close()

    def _past(self, epoch: str, count: int, until_us: int) -> Iterator[Record]:
        """Yield the setup and the minutes that ended by `until_us`."""
        body = {"configuration": "0" * 64, "flags": "qartod", "site": {"utc_offset_h": OFFSET_H}, "sensors": []}
        first_us, mark = until_us - count * 60_000_000, ClockMark("ntp", 0.01)
        yield Record(epoch, SETUP, Kind.SETUP, Stamp(self._boot, 1.0), 0.0, first_us, mark, 0, None, raw(body))
        for number, values in enumerate(itertools.islice(self._days, count)):
            stamp, start = Stamp(self._boot, round(2.5 + number * MINUTE, 6)), first_us + number * 60_000_000
            said = raw(fields(values))
            yield Record(epoch, SETUP + 1 + number, Kind.MINUTE, stamp, MINUTE, start, mark, 0, SETUP, said)


def live(stations: list[Station], clock: SystemClock, pause: float) -> None:
    """Start the stations within a `pause`, s; keep minutes, tell what is open, until standard input ends."""
    told, making, hears, began = 0.0, True, True, clock.now()
    waiting = sorted(stations, key=lambda station: station.begins)
    while hears:
        now = clock.now()
        while waiting and began + pause * waiting[0].begins <= now:
            waiting.pop(0).start()
        for station in stations if making else ():
            if station.due <= now:
                station.minute()
        if now - told >= TOLD_S:
            told = now
            tell(stations)
        if select.select([sys.stdin], [], [], 0.05)[0]:
            hears, making = bool(sys.stdin.readline()), False
            for station in stations:
                station.ask()


def tell(stations: list[Station]) -> None:
    """Print how many minutes were made, and what is open."""
    counts = (sum(each) for each in zip(*(station.open() for station in stations)))
    print(sum(station.made for station in stations), *counts, flush=True)


def main() -> None:
    """Run the stations that the words name."""
    folder, url, first, count, backlog = sys.argv[1:]
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    broker, clock = BrokerSection(url=url, proof="committed"), SystemClock()
    numbers = range(int(first), int(first) + int(count))
    logging.getLogger("minshan").setLevel(logging.ERROR)  # a thousand stations say that the broker is away
    sys.setswitchinterval(TURN_S)
    try:
        os.nice(FIRST)
    except PermissionError:
        print("without the right to a higher priority: minutes wait at the stations for the hubs", file=sys.stderr)
    stations = [Station(Path(folder), broker, clock, number, int(backlog)) for number in numbers]
    tell(stations)
    sys.stdin.readline()
    live(stations, clock, broker.retry_max_s)
    for station in stations:
        station.stop()
    for station in stations:
        station.close()


if __name__ == "__main__":
    main()
