"""The sampling and recording line: what it costs, and what a bus that hangs costs the others.

CPU: the demo's station (one device of each bus, all quantities of the mission at their sampling rates) for one
simulated hour, the time of the lanes "bus ..." and "recorder" alone. Twins on serial lines, the weather and the
rest of the simulation have lanes of their own and do not count; what runs inside a bus's lane and is of the
simulation (I2C and GPIO twins, the clock's hand-over, waiting for a pty) is timed and taken off. The station's
own code, drivers, libraries, pyserial and the store's writes stay in.

A hang: real clock, one I2C adapter that does not return for 30 s, beside it cups on GPIO and two devices on an
RS-485 pty, each read every second; the latest sample against its grid.
"""

from __future__ import annotations

import re
import select
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

from drivers.buses.i2c import I2CBus
from drivers.catalog import find
from drivers.clock import Clock
from drivers.twins.bench import make_twin, wire_for
from drivers.twins.clocked_port import ClockedPort
from drivers.twins.memory import MemoryContact, MemoryI2C
from drivers.twins.serial_wire import PtyLine, SerialWire
from edge.clock.clock import SystemClock
from edge.config.file import load
from edge.config.sections import Config, SensorSection
from edge.daemon import open_bus, open_store
from edge.records.record import Kind
from edge.sampler import BusLane, Sampled
from edge.sim.clock import SimClock
from edge.sim.lane import SimLane
from edge.sim.rig import Rig
from edge.sim.times import Boot
from provisioning.demo.config import whole_station
from tests.bench.figures import Row, row

BEGIN = 1_775_347_200_000_000  # 2026-04-05 08:00 at the site
HOUR = 3600.0
WARM = 120.0  # s first: what is imported late is imported
HANG = 30.0  # s
INTERVAL = 1.0  # s
SIMULATED = ((SimClock, "_wait"), (MemoryI2C, "transfer"), (MemoryContact, "edges"), (ClockedPort, "write"))


class RigOnPtys(Rig):
    """A rig whose serial lines are the kernel's, as what a station does with a port belongs to its CPU."""

    line = PtyLine


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    cpu, channels = hour_of_cpu()
    per = "a simulated hour of the demo's station"
    yield row(f"sampling and recording, CPU (s in {per}, {channels} channels)", cpu)
    yield row("sampling and recording, CPU (% of one core)", cpu / HOUR * 100)
    late = latest_beside_a_hang()
    yield row(f"latest sample while another bus hangs for {HANG:.0f} s (ms; the sampling interval)", late * 1000, 1000)


# -- CPU -----------------------------------------------------------------------------------------------------------


def hour_of_cpu() -> tuple[float, int]:
    """Return the CPU seconds of the line's threads in a simulated hour, and its minutes' number of channels."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as patches:
        times = LaneTimes()
        patches.enter_context(patch.object(SimLane, "switch", times.of_lanes(SimLane.switch)))
        for owner, name in SIMULATED:
            patches.enter_context(patch.object(owner, name, times.aside(getattr(owner, name))))
        config = station(Path(folder))
        boot = Boot("bench", BEGIN)
        rig = RigOnPtys(config, boot, BEGIN, 1)
        running = rig.power_on(open_store)
        rig.clock.run_until(WARM)
        before = times.of_the_line()
        rig.clock.run_until(WARM + HOUR)
        used = times.of_the_line() - before
        minute = running.store.last(Kind.MINUTE)
        rig.power_off()
        rig.close()
        return used, 0 if minute is None else len(minute.fields()["values"])


def station(folder: Path) -> Config:
    """Return the configuration of the demo's station without a broker."""
    text = whole_station("bench", folder, "mqtt://127.0.0.1", "broker", None)
    file = folder / "station.toml"
    file.write_text(re.sub(r"\[broker\].*?\n\n", "", text, flags=re.DOTALL))
    return load(file)


class LaneTimes:
    """The CPU seconds of each lane of a simulation; all of them run in one thread."""

    def __init__(self) -> None:
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._lane = ""
        self._since = time.thread_time()
        self._inside: set[str] = set()  # lanes that are in what is put aside

    def of_the_line(self) -> float:
        """Return the CPU seconds so far of the lanes that sample and record, less what was put aside."""
        return sum(s for name, s in self._spent.items() if name.startswith("bus ") or name == "recorder")

    def of_lanes(self, switch: Callable[[SimLane], None]) -> Callable[[SimLane], None]:
        """Return `switch` with the time of each lane counted."""

        def counted(lane: SimLane) -> None:
            before = self._lane
            self._count()
            self._lane = lane.name
            switch(lane)
            self._count()
            self._lane = before

        return counted

    def aside(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return `call` with its CPU time put aside (once where one is within another)."""

        def timed(*args: Any, **more: Any) -> Any:
            lane = self._lane
            if lane in self._inside:
                return call(*args, **more)
            self._count()
            self._inside.add(lane)
            try:
                return call(*args, **more)
            finally:
                self._count()
                self._inside.discard(lane)

        return timed

    def _count(self) -> None:
        now = time.thread_time()
        if self._lane not in self._inside:
            self._spent[self._lane] += now - self._since
        self._since = now


# -- a hang --------------------------------------------------------------------------------------------------------


class Hanging:
    """An I2C adapter whose transfers hang, as a kernel's call may: other threads go on."""

    def transfer(self, _address: int, _out: bytes, _count: int) -> bytes:
        """Return after the hang, with an error."""
        select.select([], [], [], HANG)
        raise OSError(110, "Connection timed out")

    def close(self) -> None:
        """Do nothing: there is nothing to release."""


def latest_beside_a_hang() -> float:
    """Return the seconds by which the latest sample of the other buses came after its grid."""
    clock = SystemClock()
    inbox = clock.inbox(10_000)
    stuck = [section("shelter", "bme280", address=0x76)]
    cups = [section("cups", "pulses", kind="wind", line=6)]
    line = [
        section(name, "modbus", port="bench", profile=profile, address=address, interval=INTERVAL)
        for name, profile, address in (("wind", "rs-fsjt", 1), ("vane", "rs-fxjt", 2))
    ]
    gpio, rs485 = (wire_for(group[0].info.bus, twins(group, clock), clock) for group in (cups, line))
    assert isinstance(rs485, SerialWire) and isinstance(rs485.wire, PtyLine)
    path = rs485.wire.path
    rs485.start()

    def opener(kind: str, settings: Any, clock: Clock) -> Any:
        if kind == "i2c":
            return I2CBus(Hanging(), clock)
        if kind == "gpio":
            return gpio.open(settings, clock)
        return open_bus(kind, settings.model_copy(update={"port": path}), clock)

    lanes = [clock.lane(f"bus {g[0].name}", BusLane(g, opener, clock, inbox).run) for g in (stuck, cups, line)]
    late = lateness(clock, inbox)
    for lane in lanes:
        lane.stop()
    rs485.stop()
    return late


def twins(group: list[SensorSection], clock: Clock) -> list[tuple[Any, Any]]:
    """Return each device's settings and twin."""
    return [(sensor.settings, make_twin(sensor.info, sensor.settings, clock, 1)) for sensor in group]


def lateness(clock: SystemClock, inbox: Any) -> float:
    """Return the most by which a sample missed its grid, a missing sample counting by the whole gap."""
    ends = clock.now() + HANG - 1.0
    last: dict[str, float] = {}
    worst = 0.0
    while (item := inbox.get(ends)) is not None:
        if isinstance(item, Sampled):
            at = item.reading.at
            if item.sensor in last:
                worst = max(worst, at - last[item.sensor] - INTERVAL)
            last[item.sensor] = at
    if set(last) != {"cups", "wind", "vane"}:
        raise RuntimeError(f"only {sorted(last)} were sampled")
    return max(worst, *(ends - at - INTERVAL for at in last.values()))


def section(name: str, driver: str, **keys: Any) -> SensorSection:
    """Return a sensor's section of a station's file."""
    info = find(driver)
    return SensorSection(name=name, driver=driver, info=info, settings=info.settings(**keys))
