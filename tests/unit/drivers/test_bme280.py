"""The BME280: recorded chips, one conversion for three values, and what it refuses."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.buses.i2c import I2CBus
from drivers.devices.bme280 import INFO, Settings
from drivers.driver import Frame, Refused
from drivers.errors import BusStuck, Garbled, WrongDevice
from drivers.reading import Reading
from drivers.twins.bme280 import Twin
from drivers.twins.memory import MemoryI2C
from drivers.twins.twin import Fault
from edge.sim.clock import SimClock
from tests.data import shared
from tests.kits.lanes import on_lane


def vector(name: str) -> dict[str, Any]:
    """Return the recording of that name."""
    lines = shared("device-bytes/bme280_vectors.jsonl").read_text().splitlines()
    return next(row for row in map(json.loads, lines) if row["id"] == name)


def decoded(registers: dict[str, str]) -> dict[str, float]:
    """Decode recorded registers by the driver."""
    line = json.dumps({"registers": registers}).encode() + b"\n"
    assert INFO.decoder is not None
    (frame,) = INFO.decoder(Settings()).feed(line)
    assert isinstance(frame, Frame), frame
    return {reading.quantity: reading.value for reading in frame.readings}


def packed(coeff: dict[str, list[int]]) -> dict[str, str]:
    """Pack coefficients as the registers that would hold them."""
    h1, h2, h3, h4, h5, h6 = coeff["H"]
    low = struct.pack("<HhhHhhhhhhhhBB", *coeff["T"], *coeff["P"], 0, h1)
    nibbles = (h4 & 15) | (h5 & 15) << 4
    return {"0x88": low.hex(), "0xE1": struct.pack("<hBbBbb", h2, h3, h4 >> 4, nibbles, h5 >> 4, h6).hex()}


def data(adc: dict[str, int]) -> str:
    """Pack raw values as the eight data bytes."""
    return ((adc["P"] << 4).to_bytes(3, "big") + (adc["T"] << 4).to_bytes(3, "big") + adc["H"].to_bytes(2, "big")).hex()


def test_a_real_chips_dump_gives_its_values() -> None:
    """The dump periph-i2c gives 23.72 degC, 1009.43 hPa and 65.31 % as double arithmetic has them."""
    dump = vector("periph-i2c")
    found = decoded({"0x88": dump["calib_88_a1"], "0xE1": dump["calib_e1_e7"], "0xF7": dump["data_f7_fe"]})
    expected = dump["expect_double"]
    assert found["air_temperature"] == pytest.approx(expected["t_c"], abs=0.001)
    assert found["air_pressure"] == pytest.approx(expected["p_pa"] / 100, abs=0.003)
    assert found["relative_humidity"] == pytest.approx(expected["rh_pct"], abs=0.01)


def test_another_makers_coefficients_give_its_values() -> None:
    """The set pimoroni gives 24.79 degC, 1006.62 hPa and 68.67 %."""
    row = vector("pimoroni")
    found = decoded(packed(row["coeff"]) | {"0xF7": data(row["adc"])})
    assert found["air_temperature"] == pytest.approx(row["expect_source"]["t_c"], abs=0.001)
    assert found["air_pressure"] == pytest.approx(row["expect_source"]["p_hpa"], abs=0.003)
    assert found["relative_humidity"] == pytest.approx(row["expect_source"]["rh_pct"], abs=0.01)


def test_the_wrong_shift_of_h5_cannot_come_from_a_chip() -> None:
    """rm-hull-issue-2: its H5 of 131075 fits no register, and with a possible one humidity is not always 0."""
    coeff = vector("rm-hull-issue-2")["coeff_reported"]
    with pytest.raises(struct.error):
        packed(coeff)
    possible = coeff | {"H": [*coeff["H"][:4], 50, coeff["H"][5]]}
    found = decoded(packed(possible) | {"0xF7": data({"P": 326816, "T": 529191, "H": 30281})})
    assert 5 < found["relative_humidity"] < 95


class Tapped:
    """A memory adapter that keeps what passed."""

    def __init__(self, inner: MemoryI2C) -> None:
        self.inner = inner
        self.passed: list[tuple[bytes, bytes]] = []
        self._pointer = b""

    def transfer(self, address: int, out: bytes, count: int) -> bytes:
        """Pass on and keep."""
        answer = self.inner.transfer(address, out, count)
        self.passed.append((out, answer))
        return answer

    def close(self) -> None:
        """Do nothing."""


def test_one_conversion_serves_all_three_and_is_waited_for() -> None:
    """periph-idle: humidity's setting before the forced mode, the measuring bit polled before one burst."""

    def body(clock: SimClock) -> list[tuple[bytes, bytes]]:
        tap = Tapped(MemoryI2C(clock, [Twin(Settings(), clock, 1)]))
        device = INFO.open(I2CBus(tap, clock), Settings(), clock)
        tap.passed.clear()
        assert len(device.read()) == 3
        return tap.passed

    passed = on_lane(body)
    writes = [out for out, _ in passed if len(out) == 2]
    assert writes == [b"\xf2\x01", b"\xf4\x35"], "one forced conversion"
    after = [(out[0], answer) for out, answer in passed[passed.index((b"\xf4\x35", b"")) + 1 :]]
    assert after[-3] == (0xF3, b"\x00")
    assert [register for register, _ in after[-2:]] == [0xF7, 0xF7]


def twin_and_read(fault: Fault | None = None, **truth: float) -> tuple[Reading, ...]:
    """Return one reading of a twin that measures `truth`."""

    def body(clock: SimClock) -> tuple[Reading, ...]:
        twin = Twin(Settings(), clock, 1)
        for quantity, value in truth.items():
            twin.set(quantity, value)
        device = INFO.open(I2CBus(MemoryI2C(clock, [twin]), clock), Settings(), clock)
        twin.misbehave(fault)
        return device.read()

    return on_lane(body)


@given(st.floats(-39, 84), st.floats(1, 99), st.floats(305, 1095))
def test_what_the_air_has_is_what_is_read(celsius: float, percent: float, hpa: float) -> None:
    """Any air within the sensor's ranges comes out of the real compensation within its resolution."""
    readings = twin_and_read(air_temperature=celsius, relative_humidity=percent, air_pressure=hpa)
    found = {reading.quantity: reading.value for reading in readings}
    assert found["air_temperature"] == pytest.approx(celsius, abs=0.006)
    assert found["relative_humidity"] == pytest.approx(percent, abs=0.02)
    assert found["air_pressure"] == pytest.approx(hpa, abs=0.01)


def test_a_status_bit_that_never_falls_is_a_stuck_bus() -> None:
    """A conversion that never ends is given up after 0.2 s with a sentence, not waited for without bound."""
    with pytest.raises(BusStuck, match="status bit has not fallen"):
        twin_and_read(Fault.STUCK)


def test_a_chip_that_is_slower_than_its_datasheet_is_waited_for() -> None:
    """A conversion of 150 ms is read all the same: a status bit counts as stuck after 200 ms, and not before."""

    class Slow(Twin):
        def _convert(self, ctrl: int) -> None:
            super()._convert(ctrl)
            self.busy_until += 0.1

    def body(clock: SimClock) -> tuple[Reading, ...]:
        bus = I2CBus(MemoryI2C(clock, [Slow(Settings(), clock, 1)]), clock)
        return INFO.open(bus, Settings(), clock).read()

    assert [reading.value for reading in on_lane(body)] == pytest.approx([18.0, 60.0, 836.0], abs=0.05)


@pytest.mark.parametrize(
    ("chip_id", "says"), [(0x58, "BMP280"), (0x56, "BMP280"), (0x61, "0x61 is not a BME280's 0x60")]
)
def test_another_chip_of_its_maker_is_named(chip_id: int, says: str) -> None:
    """A pressure sensor in its place is told by its own name, any other, such as a BME680, by its identity."""

    class Other(Twin):
        def load(self, register: int, count: int) -> bytes:
            return bytes([chip_id]) if register == 0xD0 else super().load(register, count)

    def body(clock: SimClock) -> None:
        bus = I2CBus(MemoryI2C(clock, [Other(Settings(), clock, 1)]), clock)
        with pytest.raises(WrongDevice, match=says):
            INFO.open(bus, Settings(), clock)

    on_lane(body)


def test_a_skipped_channel_is_no_value() -> None:
    """0x8000 and 0x80000 mean that nothing was measured: no reading, and no temperature means none at all."""
    dump = vector("periph-i2c")
    chip = {"0x88": dump["calib_88_a1"], "0xE1": dump["calib_e1_e7"]}
    assert set(decoded(chip | {"0xF7": "800000" + "8096c0" + "8000"})) == {"air_temperature"}
    assert INFO.decoder is not None
    line = json.dumps({"registers": chip | {"0xF7": "4a52c0" + "800000" + "7a76"}}).encode() + b"\n"
    (refused,) = INFO.decoder(Settings()).feed(line)
    assert isinstance(refused, Refused)
    assert (refused.offset, refused.length, refused.reason.code) == (0, len(line), "no_temperature")


def test_air_without_any_water_is_doubted() -> None:
    """The library cuts humidity off at 0 %: a value that lies there carries a doubt."""
    dry = next(r for r in twin_and_read(relative_humidity=-3.0) if r.quantity == "relative_humidity")
    assert (dry.value, str(dry.doubt)) == (0.0, "humidity at its lower stop")


def test_a_chip_that_lets_go_of_the_line_half_way_is_refused() -> None:
    """Ones where the rest of an answer should be are no measurement."""
    with pytest.raises(Garbled):
        twin_and_read(Fault.SHORT)
