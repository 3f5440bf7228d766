"""Every I2C driver on wires with bad habits: what is told as good is true, and the readings come back by themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.catalog import catalog
from drivers.reading import Reading
from drivers.trial import ONE, SETTLING, Trial, TrialReader, near, require, require_all
from drivers.twins.bench import I2CWire
from edge.sim.clock import SimClock
from tests.kits.odd_wires import BEARABLE, DEAD, ODD, Habit, OddWire

TURNS = 40
DRIVERS = sorted(name for name, info in catalog().items() if info.bus == "i2c")
UNSEEN = {("bme280", "swaps bytes"), ("bme280", "ends in zeros")}  # nothing in its data tells the bytes' order


def lived(driver: str, habit: Habit, judge: Callable[[Trial, tuple[Reading, ...]], None]) -> int:
    """Read a device 40 times over a wire of that habit, judge each answer. Return how many of the reads gave readings.

    Raise ContractError where it does not come back within the time that it needs at first, once the wire is good again.
    """
    trial, came = Trial(catalog()[driver], {}, SimClock), []

    def body(caller: TrialReader) -> None:
        require_all(trial, caller, ONE, SETTLING, "at first")
        wire = caller.table.wire
        assert isinstance(wire, I2CWire)
        odd = wire._adapter = OddWire(wire._adapter, caller.table.clock, habit)  # type: ignore[assignment]  # it is one as far as a bus asks
        caller.close()  # the bus is opened again over the odd wire
        for _ in range(TURNS):
            readings = caller.turn()
            judge(trial, readings)
            came.append(bool(readings))
        odd.habit = None
        require_all(trial, caller, ONE, SETTLING, "after it")

    trial.run(body)
    return sum(came)


def only_true(trial: Trial, readings: tuple[Reading, ...]) -> None:
    """Check that what is not doubted is what the device was set to."""
    channels = {channel.quantity: channel for channel in trial.channels}
    for reading in readings:
        true = reading.doubt is not None or near(reading, channels[reading.quantity], ONE[reading.quantity])
        require(true, f"{reading.quantity} {reading.value:g} is no truth, and not doubted")


def none(_: Trial, readings: tuple[Reading, ...]) -> None:
    """Check that there is no reading."""
    require(not readings, f"{readings} of a dead wire")


@pytest.mark.parametrize("habit", DEAD)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_dead_wire_gives_nothing(driver: str, habit: str) -> None:
    """A wire that carries nothing of the device gives no reading, and nothing that ends the lane."""
    assert lived(driver, DEAD[habit], none) == 0


@pytest.mark.parametrize("habit", ODD)
@pytest.mark.parametrize("driver", DRIVERS)
def test_an_odd_wire_gives_nothing_false(driver: str, habit: str) -> None:
    """What comes over a disturbed wire undoubted is the truth, and no library's own error comes through."""
    if (driver, habit) not in UNSEEN:
        lived(driver, ODD[habit], only_true)


@pytest.mark.parametrize("habit", BEARABLE)
@pytest.mark.parametrize("driver", DRIVERS)
def test_a_bearable_wire_costs_few_readings(driver: str, habit: str) -> None:
    """A wire that loses one transfer in ten, or is slow, gives nine readings of ten, all of them true."""
    assert lived(driver, BEARABLE[habit], only_true) >= 0.9 * TURNS
