"""A whole station on twins, from the same configuration as a real one, in simulated time.

The rig builds a wire and its twins for every bus of the configuration and hands the station an opener that
leads there; everything from the drivers up is untouched. One seed and one start give the same records at every
speed and on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from drivers.buses.bus import BUSES
from drivers.clock import Clock
from drivers.twins.bench import BusWire, GpioWire, make_twin, wire_for
from drivers.twins.memory_line import MemoryLine
from drivers.twins.relay import Button, Relay
from drivers.twins.serial_wire import SerialLine
from drivers.twins.weather import Weather
from edge.clock.timekeeper import TimeSource
from edge.clock.watch import SystemTime
from edge.config.sections import Config, SensorSection
from edge.delivery.message import Sender
from edge.files import write_whole
from edge.sampler import by_bus
from edge.sim.capture import Capture
from edge.sim.clock import SimClock
from edge.sim.lane import SimLane
from edge.sim.lockstep import LOCKSTEP
from edge.sim.shown_weather import ShownWeather
from edge.sim.times import Boot, BootTeller, SimTime
from edge.station import Station
from edge.store.store import Store
from edge.uplink.destination import Way

DISK_FREE = 24_000_000_000  # bytes that a rig's card has left, on whatever disk it is simulated
WEATHER_S = 1.0  # s between two moments at which the twins are shown the weather


class Rig:
    """Twins, wires and the station between them. `line`: what its serial lines are."""

    line: type[SerialLine] = MemoryLine

    def __init__(
        self,
        config: Config,
        boot: Boot,
        begin: int,
        seed: int,
        *,
        speed: float | None = None,
        capture: Capture | None = None,
        known_from: float = 0.0,
        weather_s: float = WEATHER_S,
    ) -> None:
        self.config, self.boot, self.seed, self.capture = config, boot, seed, capture
        self.clock = SimClock(boot.boottime(begin), speed)
        self.time = SimTime(boot, known_from)
        self.tellings: Sequence[
            BootTeller
        ] = ()  # who tells the time instead; of a station that is powered on from now on
        self.watched = False  # whether it watches the system's clock, which the first of them sets
        self.weather = Weather(seed)
        self._weather_s = weather_s
        self.senders: Mapping[str, Sender] | None = None  # by which people are told; as way
        self.way: Way = LOCKSTEP  # to brokers; of a station that is powered on from now on
        self.twins: dict[str, Any] = {}
        self.shown = ShownWeather(self.twins)
        self.wires: dict[str, BusWire] = {}
        self._begin = begin
        self._plugged_in = False
        for group in by_bus(config.sensor).values():
            self._wire(group)
        self._wire_horn()
        self.beside: list[SimLane] = [self.clock.lane("weather", self._show_weather)]  # the world's, not the station's
        self.station: Station | None = None

    def _wire(self, group: list[SensorSection]) -> None:
        """Put the twins of one bus on a wire of their kind."""
        pairs = []
        for sensor in group:
            twin = make_twin(sensor.info, sensor.settings, self.clock, self.seed + len(self.twins))
            self.twins[sensor.name] = twin
            self.shown.add(sensor, twin)
            pairs.append((sensor.settings, twin))
        if self.capture is not None:
            self.twins[group[0].name].play(self._capture_lines(self.capture))
        kind = group[0].info.bus
        self.wires[self._key(kind, group[0].settings)] = wire_for(kind, pairs, self.clock, self.line)

    def _wire_horn(self) -> None:
        """Put the horn's relay and its button on the chip that they share with contacts."""
        horn = self.config.horn
        if horn is None:
            return
        self.twins |= {"horn": Relay(self.clock, horn.active_low), "horn button": Button(self.clock)}
        lines = {horn.line: self.twins["horn"]}
        if horn.button_line is not None:
            lines[horn.button_line] = self.twins["horn button"]
        key = self._key("gpio", horn)
        wire = self.wires.get(key) or GpioWire((), self.clock)
        assert isinstance(wire, GpioWire)
        wire.add(lines)
        self.wires[key] = wire

    def _capture_lines(self, capture: Capture) -> Any:
        return ((self.boot.boottime(utc), raw) for utc, raw in capture.since(self._begin))

    @staticmethod
    def _key(kind: str, settings: Any) -> str:
        return f"{kind}:{BUSES[kind].key(settings)}"

    def open_bus(self, kind: str, settings: Any, clock: Clock) -> Any:
        """Open a bus for a station on this rig."""
        return self.wires[self._key(kind, settings)].open(settings, clock)

    def wire_of(self, sensor: str) -> BusWire:
        """Return the wire that a sensor's twin sits on."""
        section = next(s for s in self.config.sensor if s.name == sensor)
        return self.wires[self._key(section.info.bus, section.settings)]

    def lines_sent(self) -> int:
        """Return how many lines the twins of ASCII stations have sent."""
        return sum(getattr(twin, "sent", 0) for twin in self.twins.values())

    def truth(self) -> tuple[Mapping[str, float], int]:
        """Return the weather and the true UTC (microseconds) now. Callable from any thread."""
        utc = self.boot.utc_at(self.clock.seen())
        return self.weather.at(utc / 1e6), utc

    def moment(self) -> Mapping[str, float]:
        """Return the weather now."""
        return self.weather.at(self.boot.utc_at(self.clock.now()) / 1e6)

    def _show_weather(self) -> None:
        if self.capture is not None:
            return
        due = self.clock.now()
        while True:
            self.shown.change(self.moment())
            due += self._weather_s
            self.clock.sleep_until(due)

    # -- the daemon's life ------------------------------------------------------------------------------------

    def power_on(self, open_store: Callable[[Config], Store]) -> Station:
        """Start the daemon: a new store handle, a new epoch, a new station."""
        store = open_store(self.config)
        store.disk_free = lambda: DISK_FREE
        sources: list[TimeSource] = [*self.tellings] or [self.time]
        self.station = Station(
            self.config,
            store,
            self.clock,
            self.open_bus,
            sources,
            self.boot.id,
            self.way,
            system=self._system_time() if self.watched else None,
            senders=self.senders,
        )
        self.station.start()
        self._plug_in()
        return self.station

    def _system_time(self) -> SystemTime:
        """Return the system's clock, which the first teller sets."""
        teller, clock, boot = self.tellings[0], self.clock, self.boot
        return SystemTime(lambda: teller.system_utc(clock.now()), lambda: boot.crystal(clock.now()))

    def _plug_in(self) -> None:
        """Start the far ends, once: after the station's lanes, so that no line of this instant is sent in vain."""
        if not self._plugged_in:
            self._plugged_in = True
            for wire in self.wires.values():
                wire.start()

    def kill(self) -> None:
        """End the daemon as SIGKILL would: no minute closed, no farewell. Called while no lane runs."""
        station = self._running()
        for lane in station.lanes.all():
            assert isinstance(lane, SimLane)
            lane.kill()
        self.clock.run_until(self.clock.now())
        station.store.close()
        self.station = None

    def stop_measuring(self, last_instant: float = float("inf")) -> None:
        """End measuring and recording (the minute in hand is kept short); storing and sending go on."""
        station = self._running()
        station.stop_measuring(self._await_end, last_instant)

    def power_off(self) -> None:
        """End the daemon in order."""
        self._running().stop(self._await_end)
        self.station = None

    def _await_end(self, names: list[str]) -> list[str]:
        """Let the lanes that were told to end do so; they all do, for no time passes."""
        self.clock.run_until(self.clock.now())
        return []

    def close(self) -> None:
        """End the world around the station: its lanes, then the wires. Called while no lane runs."""
        for wire in self.wires.values():
            wire.stop()
        for lane in self.beside:
            lane.stop()
        self.clock.run_until(self.clock.now())
        for wire in self.wires.values():
            wire.close()

    def _running(self) -> Station:
        if self.station is None:
            raise RuntimeError("the station of this rig is off")
        return self.station


def state_path(config: Config) -> Path:
    """Return the file in which a rig keeps the boot that its state folder belongs to."""
    return config.state_dir / "sim.json"


def boot_of(config: Config, begin: int, name: str) -> Boot:
    """Return the simulated boot of a state folder: one box goes on over all runs on the same folder."""
    path = state_path(config)
    if path.is_file():
        return msgspec.json.decode(path.read_bytes(), type=Boot)
    boot = Boot(name, begin)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.json.encode(boot))
    return boot
