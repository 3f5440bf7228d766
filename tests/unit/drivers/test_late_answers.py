"""Answers that come after their time, and what lies there once a program runs again: no value of another instant."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from drivers.buses.modbus import ModbusBus
from drivers.checksums import xor8
from drivers.devices.ascii_station import XOR_SHORT, AsciiStationDecoder, AsciiStationSettings, channels
from drivers.devices.modbus import INFO
from drivers.devices.stream import Talker
from drivers.errors import DeviceError, NoAnswer
from drivers.reading import Reading
from drivers.twins.bench import wire_for
from drivers.twins.modbus import sealed
from edge.language.remedies import remedy
from edge.sim.clock import SimClock
from tests.kits.lanes import on_lane
from tests.kits.modbus_line import PlayedPort, settings, simulated

TWO_BLOCKS = """
name = "two"
title = "two blocks of one register each"
maker = "m"
source = "s"
gap = 0
[[registers]]
quantity = "soil_moisture"
register = 0
unit = "%"
low = 0
high = 70000
resolution = 1
[[registers]]
quantity = "soil_conductivity"
register = 100
unit = "uS/cm"
low = 0
high = 70000
resolution = 1
"""
OLDEST = 2.0  # s that a value may be old when it is stamped
Delay = Callable[[Random], float]
DELAYS: dict[str, Delay] = {
    "within 2 s": lambda rng: rng.uniform(0, 2),
    "within 3.5 s": lambda rng: rng.uniform(0, 3.5),
    "within 6 s": lambda rng: rng.uniform(0, 6),
    "within 20 s": lambda rng: rng.uniform(0, 20),
    "after 3 s now and then": lambda rng: 3.0 if rng.random() < 0.1 else 0.05,
    "after 10 s now and then": lambda rng: rng.uniform(8, 12) if rng.random() < 0.1 else 0.05,
    "after 1.2 s": lambda _: 1.2,
}


class Slow:
    """A device whose registers tell its address, which of the two blocks is read, and when; it takes its time."""

    def __init__(self, address: int, clock: SimClock, delay: Delay) -> None:
        self.address, self._clock, self._delay = address, clock, delay
        self._rng = Random(address)

    def delay(self) -> float:
        """Return the seconds from the request to the answer."""
        return self._delay(self._rng)

    def answer(self, request: bytes) -> bytes:
        """Return an answer of one register."""
        function, start, _ = struct.unpack(">BHH", request[1:6])
        word = self.address << 14 | (start > 0) << 13 | int(self._clock.now() * 10) % 8192
        return sealed(struct.pack(">BBBH", self.address, function, 2, word))


def fault_of(reading: Reading, address: int) -> str:
    """Return what is wrong with a reading of a `Slow` device; "" where nothing is."""
    word = int(reading.value)
    if word >> 14 != address:
        return "of another device"
    if (word >> 13 & 1) != (reading.quantity == "soil_conductivity"):
        return "of another register"
    old = (int(reading.at * 10) - word) % 8192 / 10
    return f"{old} s old" if old > OLDEST else ""


@pytest.mark.parametrize("interval", [1.0, 5.0, 10.0])
@pytest.mark.parametrize("delay", DELAYS)
def test_a_late_answer_is_never_that_of_a_later_request(tmp_path: Path, delay: str, interval: float) -> None:
    """However late the two devices of a line answer, no value is given to another quantity, device or instant.

    Where most answers come in time, most of what is asked for at a usual interval is given.
    """
    profile = tmp_path / "two.toml"
    profile.write_text(TWO_BLOCKS)

    def body(clock: SimClock) -> tuple[int, list[str]]:
        sensors = [settings(str(profile), address=address, interval=interval) for address in (1, 2)]
        twins = [Slow(sensor.address, clock, DELAYS[delay]) for sensor in sensors]
        wire = wire_for("modbus", list(zip(sensors, twins)), clock)
        wire.start()
        bus, count, found = wire.open(sensors[0], clock), 0, []
        for turn in range(200):
            clock.sleep_until((turn + 1) * interval)
            for sensor in sensors:
                try:
                    readings = INFO.open(bus, sensor, clock).read()
                    count += len(readings)
                    found += [fault_of(reading, sensor.address) for reading in readings]
                except DeviceError as error:
                    found.append("" if error.detail.code != "two_devices" else "two devices")
        return count, found

    count, found = on_lane(body)
    assert set(found) == {""}, found
    assert count > 400 or interval == 1.0 or "now and then" not in delay, count


def turns_of(tmp_path: Path, delays: list[float]) -> list[list[str] | str]:
    """Return what is wrong with the readings of each turn, each 10 s, or the error's code; answers take these times."""
    profile = tmp_path / "two.toml"
    profile.write_text(TWO_BLOCKS)

    def body(clock: SimClock) -> list[list[str] | str]:
        sensor, left = settings(str(profile)), iter(delays)
        wire = wire_for("modbus", [(sensor, Slow(1, clock, lambda _: next(left, 0.05)))], clock)
        wire.start()
        bus, found = wire.open(sensor, clock), list[list[str] | str]()
        for turn in range(5):
            clock.sleep_until(10.0 * (turn + 1))
            try:
                found.append([fault_of(reading, 1) for reading in INFO.open(bus, sensor, clock).read()])
            except DeviceError as error:
                found.append(error.detail.code)
        return found

    return on_lane(body)


def test_a_device_is_read_again_once_its_late_answer_has_come(tmp_path: Path) -> None:
    """It owes nothing then: what is late now and then costs the reads in which it is late, and no other."""
    late, good = "answer_late", ["", ""]
    assert turns_of(tmp_path, [0.05, 0.05, 1.2, 0.05, 0.05, 1.2]) == [good, "no_answer_to_request", good, late, good]


def test_a_late_answer_just_before_the_right_one_moves_no_later_one(tmp_path: Path) -> None:
    """Both come in time for the new request: neither is believed, nor does the second one answer the next request."""
    found = turns_of(tmp_path, [0.05, 0.05, 10.01])
    assert found == [["", ""], "no_answer_to_request", "answer_late", ["", ""], ["", ""]]


def test_a_device_that_answers_late_is_told_so() -> None:
    """A radio link that is too slow is no loose wire, and nobody changes cables for it."""

    def body(clock: SimClock) -> list[NoAnswer]:
        sensor = settings("rs-fsjt")
        wire = wire_for("modbus", [(sensor, Slow(1, clock, lambda _: 1.2))], clock)
        wire.start()
        bus, told = wire.open(sensor, clock), []
        for turn in range(4):
            clock.sleep_until(10.0 * turn)
            with pytest.raises(NoAnswer) as raised:
                INFO.open(bus, sensor, clock).read()
            told.append(raised.value)
        return told

    first, *later = on_lane(body)
    assert first.detail.code == "no_answer_to_request"
    assert {error.detail.code for error in later} == {"answer_late"}
    assert "radio" in remedy("modbus", later[0].reason)


def test_an_answer_that_lay_there_while_the_program_stood_still_is_none() -> None:
    """A program that is stopped in the midst of an exchange does not stamp what it then finds as new."""

    class Stopping(PlayedPort):
        def read_some(self, until: float) -> bytes:
            self._clock.sleep_until(self._clock.now() + 100.0)
            return super().read_some(until)

    def read(clock: SimClock) -> None:
        port = Stopping(clock, bytes.fromhex("01 03 02 00 06 38 46"))
        with pytest.raises(NoAnswer):
            ModbusBus(port, 4800, "N", clock).read(1, 3, 0, 1)

    simulated(read)


class Weather:
    """A serial port with a line each 3 s, whose temperature is a tenth of its instant; the kernel keeps 4095 bytes."""

    name, baud = "field", 9600

    def __init__(self, clock: SimClock, stops: tuple[float, float]) -> None:
        self._clock, self._stops, self._sent = clock, stops, 0.0

    def read_some(self, until: float) -> bytes:
        """Return what has come, waiting for it until `until`; from the first of `stops` to the second nobody runs."""
        stop, go = self._stops
        came = self._sent + 3.0
        if self._clock.now() < go and min(came, until) >= stop:
            self._clock.sleep_until(go)
        else:
            self._clock.sleep_until(min(came, until))
        data = b""
        while self._sent + 3.0 <= self._clock.now():
            self._sent += 3.0
            data += line(self._sent)
        return data[:4095]

    def flush_input(self) -> None:
        """Do nothing: nothing lies there."""


def line(instant: float) -> bytes:
    """Return the station's line whose temperature tells when it was sent, in whole seconds."""
    body = b"A0743B135C0000D0012E0000F0006G1588H1588I0000J0006K0610L%04dM909N10022" % instant
    return body + b"*%02X\r\n" % xor8(body, XOR_SHORT)


@pytest.mark.parametrize("seconds", [7.0, 31.0, 100.0, 900.0])
def test_what_came_while_the_program_stood_still_is_not_stamped_as_new(seconds: float) -> None:
    """A program that is stopped, swapped out or suspended gives what comes after it, and nothing that it missed."""

    def body(clock: SimClock) -> list[Reading]:
        chosen = AsciiStationSettings(port="/dev/ttyUSB0", pm=False)
        port: object = Weather(clock, (50.0, 50.0 + seconds))
        talker = Talker(port, AsciiStationDecoder(chosen), channels(chosen), clock, 10.0)  # type: ignore[arg-type]  # all of it that is used
        found: list[Reading] = []
        while clock.now() < 100.0 + seconds:
            try:
                found += [reading for reading in talker.read() if reading.quantity == "air_temperature"]
            except DeviceError:
                continue
        return found

    found = on_lane(body)
    assert all(abs(reading.at - 10 * reading.value) <= 3.0 for reading in found), found
    assert {int(reading.at) for reading in found} >= {*range(3, 48, 3)}
    assert sum(reading.at > 50.0 + seconds for reading in found) >= 14
