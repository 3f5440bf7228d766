"""INA219 and INA260: recorded registers, other shunts, limits, and who is who."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drivers.buses.i2c import I2CBus
from drivers.devices import ina219, ina260
from drivers.driver import DriverInfo, Frame
from drivers.errors import BusStuck, WrongDevice
from drivers.reading import Reading
from drivers.twins import ina219 as ina219_twin
from drivers.twins.bench import bench
from drivers.twins.memory import MemoryI2C
from drivers.twins.twin import Fault
from edge.sim.clock import SimClock
from tests.data import shared
from tests.kits.lanes import on_lane
from tests.unit.drivers.test_void_answers import fed, readings


def vectors() -> list[dict[str, Any]]:
    """Return the recorded registers."""
    return [json.loads(line) for line in shared("device-bytes/ina219_vectors.jsonl").read_text().splitlines()]


def decoded(**registers: str) -> dict[str, float]:
    """Decode registers named r00 to r05."""
    line = json.dumps({"registers": {f"0x{name[1:]}": value for name, value in registers.items()}}).encode() + b"\n"
    assert ina219.INFO.decoder is not None
    (frame,) = ina219.INFO.decoder(ina219.Settings()).feed(line)
    assert isinstance(frame, Frame)
    return {reading.quantity: reading.value for reading in frame.readings}


def test_recorded_registers_give_their_volts_and_amperes() -> None:
    """25 92 is 4.808 V, 7d 00 16 V, a shunt of 07 d0 20 mV, f0 60 -40 mV, b2 ae with 83 33 -241.4 mA."""
    checked = 0
    for row in vectors():
        if "volts" in row:
            assert decoded(r02=row["hex"])["battery_voltage"] == pytest.approx(row["volts"])
        elif "mv" in row:
            assert decoded(r01=row["hex"])["battery_current"] == pytest.approx(row["mv"] / 1000 / 0.1)
        elif "ma" in row:
            current = decoded(r04=row["hex"], r05=row["calibration"])["battery_current"]
            assert current == pytest.approx(row["ma"] / 1000, abs=5e-5)
        else:
            assert row["conversion_ready"] and not row["overflow"]
            continue
        checked += 1
    assert checked == 5


@pytest.mark.parametrize("reversed_", [False, True])
def test_an_ina260_s_registers_are_read_as_they_come(reversed_: bool) -> None:
    """A line gives what it holds and nothing of an earlier one: 2710 is 12.5 V, fce0 -1.0 A (reversed: 1.0 A)."""
    lines = ('"0x02": "2710"', '"0x01": "fce0"', '"0x00": "6927"', '"0x01": "0320", "0x02": "2710"')
    recording = "".join(f'{{"registers": {{{line}}}}}\n' for line in lines).encode()
    assert ina260.INFO.decoder is not None
    frames = list(ina260.INFO.decoder(ina260.Settings(reversed=reversed_)).feed(recording))
    found = [[(r.quantity, r.value) for r in frame.readings] for frame in frames if isinstance(frame, Frame)]
    out = 1.0 if reversed_ else -1.0
    both = [("battery_voltage", 12.5), ("battery_current", -out)]
    assert found == [[("battery_voltage", 12.5)], [("battery_current", out)], both]


def test_an_ina219_whose_conversion_never_ends_is_stuck() -> None:
    """Its ready bit that never comes ends the wait, and names what was waited for."""

    def body(clock: SimClock) -> None:
        table = bench(ina219.INFO, ina219.Settings(), clock, seed=1)
        device = table.device(table.open())
        twin: Any = table.twin
        twin.load = lambda register, count: (
            ina219_twin.Twin.load(twin, register, count) if register != 2 else bytes(count)
        )
        with pytest.raises(BusStuck, match="is not ready"):
            device.read()
        assert clock.now() < 1.5

    on_lane(body)


def measured(info: DriverInfo, keys: dict[str, Any], fault: Fault | None = None, **truth: float) -> tuple[Reading, ...]:
    """Return one reading of a twin that measures `truth`."""

    def body(clock: SimClock) -> tuple[Reading, ...]:
        table = bench(info, info.settings(**keys), clock, seed=1)
        for quantity, value in truth.items():
            table.twin.set(quantity, value)
        device = table.device(table.open())
        table.twin.misbehave(fault)
        return device.read()

    return on_lane(body)


@pytest.mark.parametrize("info", [ina219.INFO, ina260.INFO], ids=["ina219", "ina260"])
@pytest.mark.parametrize(("volts", "amperes"), [(12.8, 1.5), (13.6, -0.75), (11.2, 0.0)])
def test_charge_and_discharge_have_their_signs(info: DriverInfo, volts: float, amperes: float) -> None:
    """Voltage, current and power agree, and a discharge is negative in both."""
    found = {
        reading.quantity: reading.value
        for reading in measured(info, {}, battery_voltage=volts, battery_current=amperes)
    }
    assert found["battery_voltage"] == pytest.approx(volts, abs=0.003)
    assert found["battery_current"] == pytest.approx(amperes, abs=0.001)
    assert found["battery_power"] == pytest.approx(volts * amperes, abs=0.02)


def test_another_shunt_is_another_current() -> None:
    """With 0.01 ohm the same chip measures ten times the current; wired the other way, the other sign."""
    keys = {"shunt_ohm": 0.01, "reversed": True}
    found = {r.quantity: r for r in measured(ina219.INFO, keys, battery_voltage=12.5, battery_current=14.0)}
    assert found["battery_current"].value == pytest.approx(14.0, abs=0.001)
    assert found["battery_power"].value == pytest.approx(175.0, abs=0.3)


def test_a_current_beyond_the_shunt_is_doubted() -> None:
    """At the end of the range the current may be anything above: voltage stands, current and power do not."""
    found = {
        r.quantity: r.doubt and r.doubt.code
        for r in measured(ina219.INFO, {}, battery_voltage=12.5, battery_current=5.0)
    }
    assert found["battery_voltage"] is None
    assert found["battery_current"] == found["battery_power"] == "beyond_shunt"


def test_an_ina219_in_an_ina260s_place_is_told() -> None:
    """Both answer at 0x40; only one of them says who made it."""

    def body(clock: SimClock) -> None:
        twin = ina219_twin.Twin(ina219.Settings(), clock, 1)
        with pytest.raises(WrongDevice, match="not an INA260"):
            ina260.INFO.open(I2CBus(MemoryI2C(clock, [twin]), clock), ina260.Settings(), clock)

    on_lane(body)


def test_a_chip_that_lost_power_is_set_up_again() -> None:
    """After a dip the chip has no calibration and would show no current: the next reading is right all the same."""

    def body(clock: SimClock) -> float:
        table = bench(ina219.INFO, ina219.Settings(), clock, seed=1)
        device = table.device(table.open())
        twin: Any = table.twin
        twin.store(0, b"\x80\x00")
        return device.read()[1].value

    assert on_lane(body) == pytest.approx(0.35, abs=0.001)


def test_a_held_line_is_a_stuck_bus() -> None:
    """A chip that holds the clock line costs a bounded time and says that the bus is stuck."""
    with pytest.raises(BusStuck, match="held low"):
        measured(ina219.INFO, {}, Fault.STUCK)


@pytest.mark.parametrize(("bus", "doubt"), [("2590", None), ("2591", "overflow")])
def test_a_recorded_overflow_is_no_current(bus: str, doubt: str | None) -> None:
    """The chip says in its voltage's register that its current and power are meaningless."""
    line = json.dumps({"registers": {"0x02": bus, "0x04": "0400", "0x05": "8333"}}).encode() + b"\n"
    told = readings(fed("ina219", line, port=None))
    found = {reading.quantity: reading.doubt and reading.doubt.code for reading in told}
    assert found == {"battery_voltage": None, "battery_current": doubt}
