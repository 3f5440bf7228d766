"""One lane per bus: reads the devices that are due, reopens those that failed, counts refused frames.

Drivers neither log nor retry; this module does both, and logs once when a sensor fails and once when it is back. A
device that does not answer is polled less and less often (down to once a minute), so that it does not delay others on
the bus.
"""

import logging
import math
from collections import Counter
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Protocol

import msgspec

from drivers.buses.bus import BUSES, place_of
from drivers.clock import Clock, Inbox
from drivers.driver import Device
from drivers.errors import BusStuck, DeviceError, Garbled, NoAnswer, Unplugged
from drivers.reading import Reading
from drivers.reason import Reason
from edge.backoff import Backoff
from edge.config.sections import SensorSection
from edge.snapshots import SensorSnapshot

log = logging.getLogger("minshan.sampler")
TRIES_UNTIL_DOWN = 3  # one garbled frame is noise; after three failures in a row a sensor is down
DUE = attrgetter("due")
HANGS = 30.0  # s beyond all stated timeouts after which a read counts as stuck
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # s between two attempts to read a sensor that is down


class Sampled(msgspec.Struct, frozen=True, gc=False):
    """A sensor's reading on its way to the recorder."""

    sensor: str
    reading: Reading


class SensorChanged(msgspec.Struct, frozen=True):
    """A sensor is down (`reason`: why) or back (`reason` None), since the instant `at`, s."""

    sensor: str
    reason: Reason | None
    at: float


class Opener(Protocol):
    """Opens the bus of a sensor: the real one, or a simulated device's."""

    def __call__(self, kind: str, settings: Any, clock: Clock) -> Any: ...


class SensorState(msgspec.Struct):
    """A sensor on the lane: its device while open, when it is due, and its counts.

    `interval`: seconds between two reads; None for a device that sends unasked.
    """

    sensor: SensorSection
    due: float
    device: Device | None = None
    failures: int = 0
    backoff: Backoff = msgspec.field(default_factory=lambda: Backoff(FIRST_PAUSE, LONGEST_PAUSE))
    down: Reason | None = None  # the kind of error with its detail, while it is down
    told: set[str] = msgspec.field(default_factory=set)  # codes of the causes that were logged while it is down
    refused: Counter[str] = msgspec.field(default_factory=Counter)  # refused frames, by the reason's code
    errors: Counter[str] = msgspec.field(default_factory=Counter)  # all other errors, by the kind's code
    readings: int = 0
    frames: int = 0
    damaged: Reason | None = None  # why the newest refused frame was refused
    newest: dict[str, Reading] = msgspec.field(default_factory=dict)  # by quantity
    interval: float | None = None

    def __post_init__(self) -> None:
        """Read the interval once: it is used for each read, and attribute access of a model is slow."""
        own = getattr(self.sensor.settings, "interval", None)
        self.interval = own if own is not None else self.sensor.info.interval


class BusLane:
    """The devices of one bus, read in the order they are due."""

    def __init__(self, sensors: list[SensorSection], opener: Opener, clock: Clock, inbox: Inbox) -> None:
        self.kind = sensors[0].info.bus
        self.name = f"{self.kind} {BUSES[self.kind].key(sensors[0].settings)}"
        self._opener = opener
        self._clock = clock
        self._inbox = inbox
        self._bus: Any = None
        self._states = [SensorState(sensor, due=clock.now()) for sensor in sensors]
        self._reading: tuple[SensorState, float] | None = None  # the sensor being read, and since when

    def run(self) -> None:
        """Read until `Stopped`; then the devices and the bus are closed. Raise Stopped."""
        try:
            while True:
                state = min(self._states, key=DUE)
                self._clock.sleep_until(state.due)
                self._turn(state)
        finally:
            self._close_bus()

    @property
    def snapshot(self) -> tuple[SensorSnapshot, ...]:
        """The state of the sensors now, computed on demand, because it is seldom needed. Callable from any lane."""
        return tuple(self._sensor(state) for state in self._states)

    def _sensor(self, state: SensorState) -> SensorSnapshot:
        sensor = state.sensor
        return SensorSnapshot(
            sensor.name,
            sensor.driver,
            self.name,
            self._why_down(state),
            state.readings,
            dict(state.refused),
            dict(state.errors),
            state.frames,
            state.damaged,
            self._place(state),
        )

    def newest(self) -> Iterator[tuple[SensorSection, str, Reading | None, Reason | None]]:
        """Yield each sensor with each of its quantities, its newest reading, why it is down. Callable from any lane."""
        for state in self._states:
            for channel in state.sensor.info.channels(state.sensor.settings):
                yield state.sensor, channel.quantity, state.newest.get(channel.quantity), self._why_down(state)

    def _why_down(self, state: SensorState) -> Reason | None:
        """Return why a sensor gives nothing: its own error, or a read on its bus that is stuck in the kernel."""
        if state.down is not None or (reading := self._reading) is None:
            return state.down
        read, since = reading
        longest = 2 * read.sensor.info.timeout + (read.interval or 0.0) + HANGS
        if self._clock.now() <= since + longest:
            return None
        return BusStuck(Reason("not_done_in_time", "not done within {seconds:g} s", seconds=round(longest))).reason

    def _turn(self, state: SensorState) -> None:
        self._reading = (state, self._clock.now())
        try:
            readings = self._device(state).read()
        except DeviceError as error:
            self._failed(state, error)
        else:
            self._succeeded(state, readings)
        finally:
            self._reading = None

    def _device(self, state: SensorState) -> Device:
        if self._bus is None:
            self._bus = self._opener(self.kind, state.sensor.settings, self._clock)
        if state.device is None:
            state.device = state.sensor.info.open(self._bus, state.sensor.settings, self._clock)
        return state.device

    def _succeeded(self, state: SensorState, readings: tuple[Reading, ...]) -> None:
        for reading in readings:
            self._inbox.offer(Sampled(state.sensor.name, reading), wake=False)
            state.newest[reading.quantity] = reading
        state.readings += len(readings)
        state.frames += 1
        if state.failures:
            state.failures = 0
            state.backoff.reset()
        if state.down is not None:
            log.info("sensor %s is back (%s)", state.sensor.name, self._place(state))
            state.down = None
            self._inbox.offer(SensorChanged(state.sensor.name, None, self._clock.now()))
        state.due = self._next_due(state)

    def _next_due(self, state: SensorState) -> float:
        """Return the next multiple of the sensor's interval, so that a slow read delays no later sample."""
        now = self._clock.now()
        if state.interval is None:
            return now
        return (math.floor(now / state.interval + 1e-6) + 1) * state.interval

    def _failed(self, state: SensorState, error: DeviceError) -> None:
        """Count an error, and schedule the next read; a device that sends unasked is read again at once."""
        if isinstance(error, Garbled):
            state.damaged = error.reason
            state.refused[(error.detail.inner("reason") or error.detail).code] += 1
        else:
            state.errors[error.kind.code] += 1
        state.failures += 1
        if isinstance(error, Unplugged):
            self._close_bus()
        if state.interval is None and isinstance(error, Garbled | NoAnswer):
            state.due = self._clock.now()
        elif state.failures < TRIES_UNTIL_DOWN and not isinstance(error, Unplugged):
            self._close_device(state)
            state.due = self._next_due(state)
        else:
            self._close_device(state)
            state.due = self._clock.now() + state.backoff.pause()
        if state.failures >= TRIES_UNTIL_DOWN or isinstance(error, Unplugged):
            self._down(state, error)

    def _down(self, state: SensorState, error: DeviceError) -> None:
        if state.down is None:
            state.told.clear()
        if error.detail.code not in state.told:  # a recurring cause is logged once
            state.told.add(error.detail.code)
            log.warning(
                "sensor %s (%s): %s: %s",
                state.sensor.name,
                self._place(state),
                error.kind,
                error.detail,
                extra={"silent": (self.kind, error.reason)},
            )
        before, state.down = state.down, error.reason
        if before is None or before.code != error.kind.code:
            self._inbox.offer(SensorChanged(state.sensor.name, error.kind, self._clock.now()))

    @staticmethod
    def _place(state: SensorState) -> Reason:
        return place_of(state.sensor.info.bus, state.sensor.settings)

    @staticmethod
    def _close_device(state: SensorState) -> None:
        if state.device is not None:
            device, state.device = state.device, None
            try:
                device.close()
            except DeviceError as error:  # it is gone already, and that was logged
                log.debug("closing %s: %s", state.sensor.name, error)

    def _close_bus(self) -> None:
        for state in self._states:
            self._close_device(state)
        if self._bus is not None:
            bus, self._bus = self._bus, None
            bus.close()


def by_bus(sensors: tuple[SensorSection, ...]) -> dict[str, list[SensorSection]]:
    """Return the sensors of each bus, by "kind:bus"."""
    groups: dict[str, list[SensorSection]] = {}
    for sensor in sensors:
        groups.setdefault(f"{sensor.info.bus}:{BUSES[sensor.info.bus].key(sensor.settings)}", []).append(sensor)
    return groups
