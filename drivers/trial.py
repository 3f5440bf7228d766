"""Test a driver: its simulated device on a line in simulated time, called as a station's lane would call it.

The checks of `drivers/contract.py` use this; a third party's own tests of its driver may use it too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from drivers.clock import Clock
from drivers.driver import Channel, Device, DriverInfo
from drivers.errors import DeviceError, Unplugged
from drivers.quantity import QUANTITIES, Aggregation
from drivers.reading import Reading
from drivers.reason import Reason
from drivers.twins.bench import Bench, bench

SETTLING = 90.0  # s within which a device must give a reading of each channel
SLACK = 0.05  # s beyond a stated time, for the lane itself
PLACES: dict[str, dict[str, Any]] = {  # the keys that place a device on each kind of bus
    "i2c": {},
    "serial": {"port": "/dev/serial/by-id/contract"},
    "modbus": {"port": "/dev/serial/by-id/contract"},
    "gpio": {"line": 17},
    "file": {"path": "/sys/bus/w1/devices/28-000000000001/w1_slave"},
}
ONE = {  # what the twins measure at first; OTHER: after a change
    "air_temperature": 12.5,
    "relative_humidity": 71.0,
    "air_pressure": 836.4,
    "illuminance": 640.0,
    "wind_speed": 3.4,
    "wind_from_direction": 90.0,
    "rainfall_amount": 0.0,
    "pm1": 6.0,
    "pm2p5": 11.0,
    "pm10": 19.0,
    "soil_temperature": 9.5,
    "soil_moisture": 23.4,
    "soil_conductivity": 310.0,
    "leaf_wetness": 12.0,
    "leaf_temperature": 11.0,
    "solar_irradiance": 420.0,
    "co2": 431.0,
    "noise": 41.0,
    "battery_voltage": 12.84,
    "battery_current": 0.8,
    "load_current": 0.3,
    "panel_voltage": 17.2,
    "panel_power": 18.0,
    "charger_state": 3.0,
    "charger_yield_total": 4.67,
    "battery_power": 10.272,
}
OTHER = ONE | {
    "air_temperature": -3.5,
    "relative_humidity": 34.0,
    "air_pressure": 829.0,
    "illuminance": 52_000.0,
    "wind_speed": 8.0,
    "wind_from_direction": 270.0,
    "pm1": 31.0,
    "pm2p5": 44.0,
    "pm10": 61.0,
    "soil_temperature": -1.5,
    "soil_moisture": 31.0,
    "leaf_temperature": -4.0,
    "battery_voltage": 12.1,
    "battery_current": -0.4,
    "battery_power": -4.84,
}


class ContractError(AssertionError):
    """The driver breaks the contract; the text says how."""


class Simulated(Clock, Protocol):
    """A clock of simulated time, with its owner's methods."""

    def run_until(self, t: float) -> None:
        """Let the lanes run until `t`. Raise a lane's exception."""

    def halt(self) -> None:
        """Make `run_until` return."""


def require(kept: bool, sentence: str) -> None:
    """Raise ContractError with the sentence unless `kept`."""
    if not kept:
        raise ContractError(sentence)


@dataclass(frozen=True)
class Trial:
    """One driver under one set of settings; `keys` are those besides its place on the bus."""

    info: DriverInfo
    keys: dict[str, Any]
    new_clock: Callable[[], Simulated]
    seed: int = 1

    @property
    def settings(self) -> Any:
        """The settings under test."""
        return self.info.settings(**PLACES.get(self.info.bus, {}) | self.keys)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels that the driver states under these settings."""
        return self.info.channels(self.settings)

    def run(self, body: Callable[[TrialReader], None], plugged: bool = True) -> None:
        """Run `body` on a lane of simulated time, with the twin on its wire."""
        clock = self.new_clock()
        table = bench(self.info, self.settings, clock, self.seed)
        if not plugged:
            table.unplug()

        def lane() -> None:
            table.start()
            set_truth(table, ONE)
            caller = TrialReader(table)
            try:
                body(caller)
            finally:
                caller.close()
                clock.halt()

        clock.lane("contract", lane)
        try:
            clock.run_until(1e7)
        finally:
            table.stop()
            clock.run_until(clock.now() + 1)
            table.close()


def set_truth(table: Bench, truth: dict[str, float]) -> None:
    """Set the values that the twin is to measure."""
    for quantity, value in truth.items():
        table.twin.set(quantity, value)


@dataclass
class TrialReader:
    """Reads a device as a station's lane does, and checks its times and errors."""

    table: Bench
    bus: Any = None
    device: Device | None = None
    errors: list[DeviceError] = field(default_factory=list)
    due: float = 0.0

    def turn(self) -> tuple[Reading, ...]:
        """Read once when it is due. Return () if that failed, with the error in `errors`."""
        info, clock = self.table.info, self.table.clock
        clock.sleep_until(self.due)
        began, opening = clock.now(), self.device is None
        try:
            if self.bus is None:
                self.bus = self.table.open()
            if self.device is None:
                self.device = self.table.device(self.bus)
            readings = self.device.read()
        except DeviceError as error:
            readings = ()
            self._failed(error)
        took, allowed = clock.now() - began, info.timeout * (2 if opening else 1) + SLACK
        require(took <= allowed, f"a read took {took:.2f} s, {info.timeout:g} s is its stated time")
        self._judge(readings, began, clock.now())
        talks = info.interval is None
        self.due = clock.now() + (0.0 if talks and readings else 0.2 if talks else info.interval or 0.2)
        return readings

    def gather(self, seconds: float) -> dict[str, Reading]:
        """Return the newest undoubted reading of each quantity.

        Read until all channels have one or the time (seconds) is up.
        """
        wanted = {channel.quantity for channel in self.table.info.channels(self.table.settings)}
        until, newest = self.table.clock.now() + seconds, dict[str, Reading]()
        while wanted - set(newest) and self.table.clock.now() < until:
            newest |= {reading.quantity: reading for reading in self.turn() if reading.doubt is None}
        return newest

    def pass_over(self, seconds: float) -> None:
        """Read for some seconds and ignore the readings, which may be from before a change."""
        until = self.table.clock.now() + seconds
        while self.table.clock.now() < until:
            self.turn()

    def close(self) -> None:
        """Close the device, twice, and the bus."""
        if self.device is not None:
            device, self.device = self.device, None
            device.close()
            device.close()
        if self.bus is not None:
            bus, self.bus = self.bus, None
            bus.close()

    def _failed(self, error: DeviceError) -> None:
        require(bool(str(error)), f"{type(error).__name__} without a sentence")
        require(error.detail.code != "said", f"{type(error).__name__} with a text in the place of a Reason")
        self.errors.append(error)
        if isinstance(error, Unplugged):
            self.close()
        elif self.device is not None:
            self.device.close()
            self.device = None

    @staticmethod
    def _judge(readings: tuple[Reading, ...], began: float, ended: float) -> None:
        for reading in readings:
            require(reading.at <= ended + 1e-9, f"{reading.quantity} is stamped in the future")
            require(reading.at >= began - 60, f"{reading.quantity} is stamped long before it was read")
            require(isinstance(reading.value, float), f"{reading.quantity} is a {type(reading.value).__name__}")
            require(isinstance(reading.doubt, Reason | None), f"{reading.quantity} has a doubt that is no Reason")
            require(reading.value == reading.value, f"{reading.quantity} is not a number")


def near(reading: Reading, channel: Channel, truth: float) -> bool:
    """Return whether a reading is what the twin was set to, within the device's step."""
    off = abs(reading.value - truth)
    if QUANTITIES[channel.quantity].kind is Aggregation.DIRECTION:
        off = min(off % 360, 360 - off % 360)
    return off <= 1.01 * channel.resolution + 0.004 * abs(truth)


def truthful(trial: Trial, found: dict[str, Reading], truth: dict[str, float], when: str) -> None:
    """Check that every undoubted reading is within its channel's limits and what the twin was set to."""
    for channel in trial.channels:
        reading = found.get(channel.quantity)
        if reading is None or reading.doubt is not None:
            continue
        shown = f"{channel.quantity} {reading.value:g} {when}"
        require(channel.low <= reading.value <= channel.high, f"{shown} is outside {channel.low}..{channel.high}")
        if QUANTITIES[channel.quantity].kind not in {Aggregation.TOTAL, Aggregation.LAST} and channel.quantity in truth:
            wanted = truth[channel.quantity]
            require(near(reading, channel, wanted), f"{shown}, where {wanted:g} was to be measured")


def require_all(trial: Trial, caller: TrialReader, truth: dict[str, float], seconds: float, when: str) -> None:
    """Check that all channels have truthful readings within some seconds."""
    found = caller.gather(seconds)
    missing = {channel.quantity for channel in trial.channels} - set(found)
    last = f"; last error: {caller.errors[-1]}" if caller.errors else ""
    require(not missing, f"no undoubted {', '.join(sorted(missing))} {when}{last}")
    truthful(trial, found, truth, when)
