"""What no answer hides, at the real command: each cause has its sentence and its remedy wherever a person looks.

Nobody is refused a port as root, so "no permission" is made of the system's error; the other causes are real ptys.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest

from drivers.buses.serial import _why
from drivers.catalog import find
from drivers.devices.modbus import ModbusSettings
from drivers.twins.modbus import ModbusDeviceTwin, sealed
from drivers.twins.wires import PtyWire
from edge.clock.clock import SystemClock
from edge.config.file import load
from edge.language.remedies import remedy
from edge.snapshots import SensorSnapshot
from provisioning.commands.device import refused
from provisioning.commands.status import troubled
from provisioning.doctor.sensors import judge
from tests.kits.answering_port import answering
from tests.kits.broker import until
from tests.kits.command import minshan
from tests.kits.system import running_station, talking
from tests.unit.drivers.test_contradictions import counter
from tests.unit.drivers.test_seven_causes import STATION as ANOTHER
from tests.unit.drivers.test_seven_causes import speaking
from tests.unit.edge.config.test_config import STATION

SINGLE = '[[sensor]]\nname = "{}"\ndriver = "modbus"\nport = "{}"\nprofile = "th-renke"\n{}'
TALKER = '[[sensor]]\nname = "{}"\ndriver = "nmea"\nport = "{}"\n'
NOISE = b"\xf8\x00\x8f\xe0" * 4
# By sensor: what is said, and what is to be done.
SAID = {
    "mute": ("no frame in 10 s", "Nothing arrives at all"),
    "noise": ("try 9600, 19200", "Try other baud rates"),
    "other": ("use driver ascii-station", "Write that driver's name in the file"),
    "busy": ("is in use by another program", "Stop what holds it"),
    "absent": ("there is no port", "Plug it in, see"),
    "plain": ("is not a device file", "and correct the port."),
    "off": ("/dev/i2c-31", "Switch I2C on"),
    "line-mute": ("no answer", "Check its power"),
    "line-busy": ("is in use by another program", "Stop what holds it"),
    "line-absent": ("there is no port", "Plug the adapter in"),
    "block": ("2 registers in one request", "Write most_registers = 1"),
    "double": ("two devices answer at address 1", "Take one of the two off the line"),
}


def single_registers(exception: int) -> AbstractContextManager[str]:
    """Give the port of a thermometer that answers single registers alone, and a block with that exception."""

    def thermometer(wire: PtyWire) -> Callable[[bytes], bytes | None]:
        twin = ModbusDeviceTwin(ModbusSettings(port=wire.path, profile="th-renke"), SystemClock(), 7)

        def answer(request: bytes) -> bytes | None:
            is_block = int.from_bytes(request[4:6], "big") > 1
            return sealed(bytes([1, request[1] | 0x80, exception])) if is_block else twin.answer(request)

        return answer

    return answering(thermometer)


def both(request: bytes) -> bytes:
    """Answer as two thermometers at address 1 do, one after the other."""
    return sealed(b"\x01\x03\x04\x01\x90\x00\xc8") + sealed(b"\x01\x03\x04\x02\x8a\xff\xdd")


@contextmanager
def silent_station(folder: Path) -> Iterator[Path]:
    """Give the file of a station each of whose sensors is silent for another cause."""
    plain = folder / "plain"
    plain.write_text("x")
    with ExitStack() as held:
        mute, noise, other, busy, line, line_busy = (
            held.enter_context(speaking(said)) for said in (b"", NOISE, ANOTHER, b"", b"", b"")
        )
        for port in (busy, line_busy):
            holder = os.open(port, os.O_RDWR | os.O_NOCTTY)
            held.callback(os.close, holder)
            fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        block, double = held.enter_context(single_registers(2)), held.enter_context(answering(lambda _wire: both))
        ports = {"mute": mute, "noise": noise, "other": other, "busy": busy, "absent": "/dev/none", "plain": plain}
        lines = {"line-mute": line, "line-busy": line_busy, "line-absent": "/dev/none-too", "block": block}
        lines["double"] = double
        text = STATION.replace("/var/lib/minshan", str(folder / "state"))
        text += "".join(TALKER.format(name, port) for name, port in ports.items())
        text += '[[sensor]]\nname = "off"\ndriver = "bme280"\nbus = 31\n'
        text += "".join(SINGLE.format(name, port, "") for name, port in lines.items())
        file = folder / "station.toml"
        file.write_text(text)
        yield file


def after(lines: list[str], *beginnings: str) -> str:
    """Return the line that begins so and the one behind it."""
    (at,) = [n for n, line in enumerate(lines) if any(line.startswith(one) for one in beginnings)]
    return "\n".join(lines[at : at + 2])


@pytest.mark.slow  # a device that talks is called silent after three times ten seconds
def test_each_cause_is_told_with_its_remedy_in_every_place(tmp_path: Path) -> None:
    """`sensors read`, the doctor before and while it runs, the status and the journal: cause by cause."""
    with silent_station(tmp_path) as file, ThreadPoolExecutor(12) as pool:
        config = ("--config", str(file))
        twice = {"double": ("--count", "2")}  # the second answer shows behind the first read
        reads = dict(
            zip(SAID, pool.map(lambda name: minshan("sensors", "read", name, *twice.get(name, ()), *config).err, SAID))
        )
        journal = file.with_name("log")
        with running_station(file):
            until(lambda: all(f"WARNING minshan.sampler: sensor {name} (" in journal.read_text() for name in SAID), 120)
            status, doctor = (minshan(name, *config).out.splitlines() for name in ("status", "doctor"))
    logged = [line.partition("minshan.sampler: ")[2] for line in journal.read_text().splitlines()]
    for name, (sentence, what) in SAID.items():
        told = "\n".join(line for line in logged if line.startswith(f"sensor {name} ("))
        for said in (
            reads[name].replace("\n", " "),
            after(status, f"Sensor {name} ("),
            after(doctor, f"✗ sensor {name} ("),
            told,
        ):
            assert sentence in said and what in said, (name, said)


def test_no_permission_is_told_with_its_remedy_in_every_place(tmp_path: Path) -> None:
    """As a plain user hears it."""
    error = _why("/dev/null", 9600, PermissionError(errno.EACCES, "x"))
    info = find("nmea")
    finding = refused("wind", info, info.settings.model_validate({"port": "/dev/null"}), error)
    entry = SensorSnapshot("wind", "nmea", "serial /dev/null", error.reason, 0, {}, {})
    (tmp_path / "station.toml").write_text(STATION)
    judged = judge(entry, None, load(tmp_path / "station.toml"), None)
    status = "\n".join(troubled([entry]))
    what = remedy("serial", error.reason)
    assert "dialout" in what
    for said in (f"{finding.sentence} {finding.remedy}", f"{judged.sentence} {judged.remedy}", status):
        assert "no permission for /dev/null" in said and what in said


@pytest.mark.parametrize("exception", [2, 3])
def test_a_device_of_single_registers_is_read_whole_with_the_setting(tmp_path: Path, exception: int) -> None:
    """With most_registers = 1 all values come, to `read` and to the doctor; without it both name the setting."""
    with single_registers(exception) as port:
        words = ("sensors", "read", "modbus", "--set", f"port={port}", "--set", "profile=th-renke")
        whole, without = minshan(*words, "--set", "most_registers=1"), minshan(*words)
        file = tmp_path / "station.toml"
        text = STATION.replace("/var/lib/minshan", str(tmp_path / "state"))
        file.write_text(text + SINGLE.format("air", port, "most_registers = 1\n"))
        doctor = minshan("doctor", "--config", str(file)).out
    assert [line.partition(":")[0] for line in whole.out.splitlines()] == ["Relative humidity", "Air temperature"]
    assert without.code == 4 and "→ Write most_registers = 1 below its [[sensor]]." in without.err
    assert "✓ sensor air (modbus on " in doctor


def test_a_frame_that_contradicts_itself_is_doubtful_to_whoever_looks(tmp_path: Path) -> None:
    """PM2.5 of 40 beside PM10 of 20 from a counter: `read`, `decode` and the doctor say so in one sentence."""
    frame = counter(10, 40, 20)
    doubt = "(PM2.5 40 over PM10 20)"
    with talking(frame) as port:
        read = minshan("sensors", "read", "plantower", "--set", f"port={port}").out.splitlines()
        file = tmp_path / "station.toml"
        text = STATION.replace("/var/lib/minshan", str(tmp_path / "state"))
        file.write_text(f'{text}[[sensor]]\nname = "dust"\ndriver = "plantower"\nport = "{port}"\n')
        doctor = minshan("doctor", "--config", str(file)).out
    decoded = minshan("sensors", "decode", "plantower", "-", stdin=frame).out
    assert [line for line in read if doubt in line] == [
        f"PM2.5: 40.0 µg/m³  {doubt}",
        f"PM10: 20.0 µg/m³  {doubt}",
    ]
    assert decoded.count("pm2p5 40 over pm10 20") == 2
    (found,) = [line for line in doctor.splitlines() if "sensor dust" in line]
    assert found.startswith("! ") and "PM10: PM2.5 40 over PM10 20" in found
