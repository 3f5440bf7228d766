"""Addresses of an RS-485 line at the real command, on a pty with simulated sensors at its far end."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from drivers.buses.rtu import READS
from drivers.devices.modbus import ModbusSettings
from drivers.twins.modbus import ModbusDeviceTwin, sealed
from drivers.twins.wires import PtyWire
from edge.clock.clock import SystemClock
from tests.kits.answering_port import answering
from tests.kits.command import minshan
from tests.unit.drivers.test_seven_causes import STATION


def line(*addresses: int, profile: str = "rs-fsjt") -> AbstractContextManager[str]:
    """Give the port of a line with a sensor at each of these addresses."""

    def sensors(wire: PtyWire) -> Callable[[bytes], bytes | None]:
        made = [ModbusSettings(port=wire.path, profile=profile, address=one) for one in addresses]
        twins = [ModbusDeviceTwin(one, SystemClock(), 7) for one in made]
        return lambda request: next((twin.answer(request) for twin in twins if twin.address == request[0]), None)

    return answering(sensors)


def address(port: str, *words: str, profile: str = "rs-fsjt") -> tuple[int, str]:
    """Return the code of `sensors address` for the sensor at address 1 of that port, and all that it says."""
    setting = f"port={port},profile={profile},address=1"
    said = minshan("sensors", "address", "modbus", *words, "--set", setting, timeout=300)
    return said.code, said.out + said.err


def test_a_new_sensor_gets_its_address_and_no_other_loses_its_own() -> None:
    """It answers there afterwards; an address that is taken, or out of range, is refused and nothing is changed."""
    with line(1, 2) as port:
        assert address(port, "2")[0] == 4
        assert "address 2 is taken" in address(port, "2")[1]
        assert address(port, "300")[0] == 2
        assert address(port, "5") == (
            0,
            "The sensor answers at address 5 now. Write address = 5 below its [[sensor]].\n",
        )
        code, said = address(port, "6")
        assert code == 4 and "no answer" in said and "Check its power" in said
        read = minshan("sensors", "read", "modbus", "--set", f"port={port},profile=rs-fsjt,address=5")
        assert read.out.startswith("Wind speed: ")


def stubborn(refusal: bytes | None) -> Callable[[PtyWire], Callable[[bytes], bytes | None]]:
    """Return a sensor that answers reads and refuses each write so (None: passes over it)."""

    def made(wire: PtyWire) -> Callable[[bytes], bytes | None]:
        twin = ModbusDeviceTwin(ModbusSettings(port=wire.path, profile="rs-fsjt", address=1), SystemClock(), 7)

        def answer(request: bytes) -> bytes | None:
            if request[0] != twin.address:
                return None
            return twin.answer(request) if request[1] in READS else refusal

        return answer

    return made


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (sealed(bytes([1, 0x86, 1])), "exception 1, illegal function"),
        (None, "it still answers at address 1, not at the new one"),
    ],
)
def test_a_sensor_that_keeps_its_address_is_not_without_power(refusal: bytes | None, told: str) -> None:
    """It answers at the old one, so that wires and power are in order; its own address is not taken by another."""
    with answering(stubborn(refusal)) as port:
        code, said = address(port, "5")
        assert code == 4 and told in said and "Check its power" not in said
        assert address(port, "1") == (
            0,
            "The sensor answers at address 1 now. Write address = 1 below its [[sensor]].\n",
        )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"\xf8\x00\x8f\xe0" * 30, "try 9600, 19200"),
        (STATION * 2, "use driver ascii-station"),
        (b"\r\nlogin: " * 9, "login:"),
    ],
)
def test_what_is_on_the_line_instead_is_told_as_when_it_is_read(said: bytes, told: str) -> None:
    """Another speed, another device and a text are named before any address is written."""
    with answering(lambda _wire: lambda _request: said) as port:
        code, message = address(port, "5")
        assert code == 4 and told in message


def single_registers(wire: PtyWire) -> Callable[[bytes], bytes | None]:
    """Return a thermometer that refuses to read several registers at once."""
    twin = ModbusDeviceTwin(ModbusSettings(port=wire.path, profile="th-renke"), SystemClock(), 7)

    def answer(request: bytes) -> bytes | None:
        if request[0] != twin.address:
            return None
        is_block = request[1] in READS and int.from_bytes(request[4:6], "big") > 1
        return sealed(bytes([request[0], request[1] | 0x80, 2])) if is_block else twin.answer(request)

    return answer


def test_a_device_of_single_registers_gets_its_address_too() -> None:
    """With most_registers = 1 it is asked as it answers; without, the way out is in the message."""
    with answering(single_registers) as port:
        words = ("sensors", "address", "modbus", "7", "--set", f"port={port},profile=th-renke,address=1")
        refused = minshan(*words)
        assert refused.code == 4 and "Write most_registers = 1" in refused.err
        assert "The sensor answers at address 7 now." in minshan(*words, "--set", "most_registers=1").out


def test_where_the_profile_does_not_say_how_it_is_said() -> None:
    """In both languages; a sensor on another bus has no such address."""
    with line(1, profile="rs485-th") as port:
        code, said = address(port, "3", "--lang", "zh", profile="rs485-th")
        assert (code, said) == (3, "错误：描述文件 rs485-th 没有 [addressing]，它说明怎样设置地址\n")
    assert "Only a Modbus sensor" in minshan("sensors", "address", "bme280", "3").err


@pytest.mark.slow  # each of the 247 addresses is given its time
def test_who_is_on_the_line_is_listed() -> None:
    """Each address that answers, in its order."""
    with line(1, 3) as port:
        assert address(port) == (0, "address 1 answers\naddress 3 answers\n")
