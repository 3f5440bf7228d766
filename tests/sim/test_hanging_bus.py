"""A bus that hangs costs its own devices' samples and no other bus's."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from edge.daemon import open_store
from edge.sampler import Sampled
from edge.sim.faults import Schedule
from edge.sim.rig import Rig
from edge.sim.scenario import Life
from tests.kits.stations import BEGIN, SMALL, configured

HANGS = (600.0, 630.0)  # s of the boot
I2C = ("shelter", "light")
CUPS = """
[[sensor]]
name = "cups"
driver = "pulses"
kind = "wind"
line = 6
"""


def samples(folder: Path, hangs: bool) -> dict[str, list[float]]:
    """When each sensor was read over a quarter of an hour, s of the boot."""
    folder.mkdir()

    def setup(rig: Rig) -> None:
        if hangs:
            hang(rig)

    life = Life(configured(folder, SMALL + CUPS), 1, BEGIN, Schedule(), open_store, setup=setup)
    taken: dict[str, list[float]] = {}
    offer = life.station.inbox.offer

    def tapped(item: Any, wake: bool = True) -> bool:
        if isinstance(item, Sampled):
            taken.setdefault(item.sensor, []).append(item.reading.at)
        return offer(item, wake)

    life.station.inbox.offer = tapped  # type: ignore[method-assign]  # the tap sees what goes by and changes nothing
    life.run(900.0)
    life.end()
    return taken


def hang(rig: Rig, end: float = HANGS[1]) -> None:
    """Let the I2C adapter not come back from a transfer until that instant."""
    adapter = rig.wires["i2c:/dev/i2c-1"]._adapter  # type: ignore[attr-defined]  # the wire of that bus
    transfer = adapter.transfer

    def slow(address: int, out: bytes, count: int) -> Any:
        if HANGS[0] <= rig.clock.now() < end:
            rig.clock.sleep_until(end)
        return transfer(address, out, count)

    adapter.transfer = slow


def test_a_bus_that_hangs_delays_no_other(tmp_path: Path) -> None:
    """While one bus hangs for 30 s, every sample of the others comes when it would have come anyway."""
    usual, hanging = samples(tmp_path / "usual", False), samples(tmp_path / "hanging", True)
    assert usual.keys() == hanging.keys()
    for sensor in usual.keys() - set(I2C):
        assert usual[sensor] == hanging[sensor], sensor
    assert not [at for sensor in I2C for at in hanging[sensor] if HANGS[0] + 1 < at < HANGS[1]]
    assert [at for at in hanging["shelter"] if at > HANGS[1]]


def test_a_read_that_never_ends_is_told_of_its_bus(tmp_path: Path) -> None:
    """The sensors behind a read that the kernel does not end do not count as answering; all are back when it ends."""
    setup = partial(hang, end=900.0)
    life = Life(configured(tmp_path, SMALL + CUPS), 1, BEGIN, Schedule(), open_store, setup=setup)

    def down() -> dict[str, str]:
        found = [sensor for bus in life.station.buses for sensor in bus.snapshot]
        return {sensor.name: sensor.down.code for sensor in found if sensor.down is not None}

    life.run(620.0)
    assert down() == {}
    life.run(60.0)
    assert down() == dict.fromkeys(I2C, "bus_stuck")
    life.run(320.0)
    assert down() == {}
    life.end()
