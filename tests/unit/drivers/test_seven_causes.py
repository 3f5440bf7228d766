"""Why a device gives nothing: seven causes, each told by a code of its own and with a remedy of its own."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import select
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.buses.bus import BUSES, OnFile, OnGpio, OnI2C, OnModbus, OnSerial
from drivers.buses.file import trouble
from drivers.buses.rtu import Answer, check
from drivers.buses.serial import _number
from drivers.catalog import find
from drivers.checksums import xor8
from drivers.devices.heard import reader_of, text_in
from drivers.driver import Settings
from drivers.errors import (
    DeviceError,
    Garbled,
    InUse,
    NoAnswer,
    NotADevice,
    NotAllowed,
    SwitchedOff,
    Unplugged,
)
from edge.clock.clock import SystemClock
from edge.language.remedies import remedy

LINE = b"A0000B090C0013D0013E0000F0000G3000H3000I0000J0000K0000L0200M600N10000"
STATION = LINE + b"*%02X\r\n" % xor8(LINE, 0x18)


PLACES: dict[str, type[Settings]] = {
    "i2c": OnI2C,
    "gpio": OnGpio,
    "serial": OnSerial,
    "modbus": OnModbus,
    "file": OnFile,
}


@contextmanager
def speaking(said: bytes, pause: float = 0.05, echoes: bool = False) -> Iterator[str]:
    """Give a pty on which a device says the same again and again. Yield its path.

    `echoes`: its adapter gives back what it is sent.
    """
    master, slave = pty.openpty()
    halt = threading.Event()

    def say() -> None:
        while not halt.wait(pause):
            if echoes and select.select([master], [], [], 0)[0]:
                os.write(master, os.read(master, 256))
            if said:
                os.write(master, said)

    thread = threading.Thread(target=say, daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        halt.set()
        thread.join(5)
        os.close(master)
        os.close(slave)


def error_of(name: str, port: str, monkeypatch: pytest.MonkeyPatch, **keys: Any) -> DeviceError:
    """Return what a driver's first read on that port raises."""
    monkeypatch.setattr(f"drivers.devices.{name}.TIMEOUT", 0.6)
    info, clock = find(name), SystemClock()
    settings = info.settings.model_validate({"port": port} | keys)
    with pytest.raises(DeviceError) as raised:
        bus = BUSES[info.bus].open(settings, clock)
        try:
            info.open(bus, settings, clock).read()
        finally:
            bus.close()
    return raised.value


def test_no_byte_bytes_and_frames_of_another_kind_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mute port, one at another speed and one whose sentences hold no wind are three causes, each with its remedy."""
    with speaking(b"") as port:
        mute = error_of("nmea", port, monkeypatch)
    with speaking(b"\xf8\x00\x8f\xe0" * 4) as port:
        noise = error_of("nmea", port, monkeypatch)
    body = b"WIXDR,V,0.12,M,0,Z,40,s,0"
    with speaking(b"$%s*%02X\r\n" % (body, xor8(body))) as port:
        other = error_of("nmea", port, monkeypatch)
    assert [error.detail.code for error in (mute, noise, other)] == ["no_frame", "no_frame_but_bytes", "other_frames"]
    assert "9600, 19200" in str(noise) and "XDR V 0, Z 0" in str(other)
    assert len({remedy("serial", error.reason) for error in (mute, noise, other)}) == 3


@pytest.mark.parametrize("name", ["nmea", "plantower", "vedirect"])
def test_much_noise_is_another_speed_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many bytes come that make no frame, the speeds worth trying are named, and the true time."""
    with speaking(b"\xf8\x00\x8f\xe0" * 200) as port:
        error = error_of(name, port, monkeypatch)
    assert error.detail.code == "no_frame_but_bytes" and float(str(error.detail).split()[3]) <= 3.0


@pytest.mark.parametrize("name", ["nmea", "plantower", "vedirect"])
def test_noise_that_goes_on_is_told_alike_each_time(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A piece that waits from an earlier read came all the same: it is no silence, with its wires as the remedy."""
    monkeypatch.setattr(f"drivers.devices.{name}.TIMEOUT", 5.0)
    info, clock = find(name), SystemClock()
    with speaking(b"\xf8\x00\x8f\xe0" * 500) as port:
        settings = info.settings.model_validate({"port": port})
        bus = BUSES[info.bus].open(settings, clock)
        device = info.open(bus, settings, clock)
        told = set()
        for _ in range(8):
            with pytest.raises(DeviceError) as raised:
                device.read()
            told.add(raised.value.detail.code)
        bus.close()
    assert told == {"no_frame_but_bytes"}


@pytest.mark.parametrize("name", ["nmea", "vedirect", "plantower", "sds011"])
def test_another_device_on_the_port_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a whole other device speaks, its driver is named, not power and wires."""
    with speaking(STATION) as port:
        error = error_of(name, port, monkeypatch)
    assert error.detail.code == "another_driver" and "ascii-station" in str(error)
    assert "driver" in remedy("serial", error.reason)


@pytest.mark.parametrize(
    ("name", "said", "code", "shown"),
    [
        ("nmea", b"\x02Q,229,002.74,M,00,\x0316\r\n", "another_text", "Q,229,002.74,M,00,"),
        ("nmea", b"0R1,Dn=236D,Dm=283D,Sn=0.0M,Sm=1.0M\r\n", "another_text", "0R1,Dn=236D"),
        ("nmea", b"a 005.2 231 00*2F\r", "another_text", "a 005.2 231 00*2F"),
        ("plantower", b"PM2.5: 12 ug/m3\r\n", "another_text", "PM2.5: 12 ug/m3"),
        ("nmea", b"$WIXDR,C,21.3,C,0,H,45.2,P,0\r\n", "bytes_refused", "no checksum"),
        ("nmea", b"$WIMWV,,R,,N,V*34\r\n", "bytes_refused", "status V"),
        ("nmea", b"$WI,WVP=020.0,045,0*73\r\n", "other_frames", "WVP=020.0"),
    ],
)
@pytest.mark.parametrize("times", [1, 40])
def test_a_text_that_the_driver_does_not_read_is_no_wrong_speed(
    name: str, said: bytes, code: str, shown: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A head set to another format, without check sums, or without wind is told by what it says, however much came."""
    with speaking(said * times) as port:
        error = error_of(name, port, monkeypatch)
    assert error.detail.code == code and shown in str(error.detail)
    advice = remedy("serial", error.reason)
    assert advice and "baud" not in advice and "power lines" not in advice


def test_a_text_with_a_disturbed_byte_is_a_text_and_bytes_of_another_speed_are_none() -> None:
    """One byte of a hundred may be changed on a long line; where a tenth is no text, it is no text at all."""
    text = b"0R1,Dn=236D,Dm=283D,Sn=0.0M,Sm=1.0M\r\n" * 4
    assert text_in(text[:60] + b"\xb0" + text[61:]).startswith("0R1,Dn=236D")
    assert text_in(text[:140] + b"\xf8\x00" * 7) == ""
    assert text_in(text[:20]) == "", "too little to be sure"


@pytest.mark.parametrize("number", [4, 5, 6, 8, 10, 11, 7])
def test_a_fault_that_a_modbus_device_reports_itself_is_no_loose_wire(number: int) -> None:
    """An exception has a right check sum: the line is in order, and the remedy is at the device or behind it."""
    with pytest.raises(DeviceError) as raised:
        check(Answer(1, 3, b"", number, 5), 1, 3)
    advice = remedy("modbus", raised.value.reason)
    assert advice and "wires" not in advice and "baud" not in advice


def test_a_driver_is_known_by_what_its_device_sends() -> None:
    """Sentences and lines are known by the drivers that read them; noise by none."""
    body = b"WIMWV,45.0,R,2.0,M,A"
    assert reader_of(b"$%s*%02X\r\n" % (body, xor8(body)) * 2) == "nmea"
    assert reader_of(STATION) == "ascii-station"
    assert reader_of(bytes(range(256)) * 4) == ""


def test_what_keeps_a_port_shut_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is absent, held, a file or another kind of device are different causes with different remedies."""
    plain = tmp_path / "port"
    plain.write_text("x")
    absent = error_of("nmea", str(tmp_path / "none"), monkeypatch)
    with speaking(b"") as port:
        holder = os.open(port, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = error_of("nmea", port, monkeypatch)
        os.close(holder)
    errors = [absent, held, error_of("nmea", str(plain), monkeypatch), error_of("nmea", "/dev/null", monkeypatch)]
    assert [type(error) for error in errors] == [Unplugged, InUse, NotADevice, NotADevice]
    assert len({error.reason.code for error in errors}) == 3
    assert len({remedy("serial", error.reason) for error in errors}) == 3


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        (SwitchedOff, lambda: BUSES["i2c"].open(find("bme280").settings.model_validate({"bus": 31}), SystemClock())),
        (SwitchedOff, lambda: trouble_of(FileNotFoundError(2, "x"), "/sys/bus/w1/devices/28-1/w1_slave")),
        (NotAllowed, lambda: trouble_of(PermissionError(13, "x"), "/sys/x")),
        (NotADevice, lambda: trouble_of(IsADirectoryError(21, "x"), "/sys/x")),
        (NoAnswer, lambda: trouble_of(OSError(5, "x"), "/sys/x")),
    ],
)
def test_a_bus_that_is_off_and_a_file_that_is_shut_are_no_loose_plug(
    kind: type[DeviceError], make: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """I2C or 1-Wire not switched on, no permission and a folder in the place of a file are told as what they are."""
    monkeypatch.setattr("os.path.isdir", lambda path: False)  # wherever this runs, 1-Wire is off
    with pytest.raises(DeviceError) as raised:
        make()
    assert type(raised.value) is kind and remedy("file", raised.value.reason)


def raises(error: OSError) -> Callable[..., None]:
    """Return a function that raises that error, whatever it is given."""

    def refuse(*_: object, **__: object) -> None:
        raise error

    return refuse


@pytest.mark.parametrize(
    ("bus", "opener", "keys"),
    [
        ("i2c", "drivers.buses.i2c.KernelAdapter", {"bus": 1, "address": 0x40}),
        ("gpio", "drivers.buses.gpio.KernelChip", {"line": 5}),
        ("serial", "serial.Serial", {"port": "/dev/null"}),
        ("modbus", "serial.Serial", {"port": "/dev/null"}),
        ("file", "pathlib.Path.stat", {"path": "/sys/x"}),
    ],
)
def test_a_device_that_the_unit_shuts_out_is_no_matter_of_groups(
    bus: str, opener: str, keys: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """systemd's DeviceAllow answers EPERM: who then joins the group dialout is refused as before."""
    settings = PLACES[bus].model_validate(keys)
    advice = []
    for number in (errno.EPERM, errno.EACCES):
        with monkeypatch.context() as refused:
            refused.setattr(opener, raises(PermissionError(number, "x")))
            with pytest.raises(NotAllowed) as raised:
                BUSES[bus].open(settings, SystemClock())
        advice.append(remedy(bus, raised.value.reason))
    assert "DeviceAllow" in advice[0] and "DeviceAllow" not in advice[1] and advice[1]


def test_what_lies_in_a_closed_folder_is_not_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system tells of a folder that may not be looked into, not of a port that is not there."""
    monkeypatch.setattr("os.stat", raises(PermissionError(errno.EACCES, "x")))
    for bus, settings in (("serial", OnSerial(port="/root/port")), ("file", OnFile(path="/root/w1_slave"))):
        with pytest.raises(NotAllowed):
            BUSES[bus].open(settings, SystemClock())


def test_a_pipe_in_the_place_of_a_kernels_file_is_not_waited_for(tmp_path: Path) -> None:
    """Opening one would wait without end for who writes into it."""
    os.mkfifo(tmp_path / "w1_slave")
    with pytest.raises(NotADevice) as raised:
        BUSES["file"].open(OnFile(path=str(tmp_path / "w1_slave")), SystemClock())
    assert "w1_slave" in remedy("file", raised.value.reason)


def test_a_file_that_is_no_thermometers_is_no_bad_wire(tmp_path: Path) -> None:
    """Another file of the kernel is a wrong path; a wrong check sum and a text that ends early are the wire."""
    told = []
    damaged = "72 01 4b 46 7f ff 0e 10 57 : crc=58 NO\n72 01 4b 46 7f ff 0e 10 57 t=23125\n"
    for text in ("42\n", "", damaged[:14], damaged):
        (tmp_path / "w1_slave").write_text(text)
        info = find("w1-therm")
        settings = info.settings.model_validate({"path": str(tmp_path / "w1_slave")})
        bus = BUSES["file"].open(settings, SystemClock())
        with pytest.raises(Garbled) as raised:
            info.open(bus, settings, SystemClock()).read()
        told.append(remedy("file", raised.value.reason))
    assert "path" in told[0] and all("wires" in remedy for remedy in told[1:])


def trouble_of(error: OSError, path: str) -> None:
    """Raise what the kernel's error comes to."""
    raise trouble(error, path)


def test_termios_errors_are_told_by_their_number() -> None:
    """What termios says of a port is found by its number, as it carries none in `errno`."""
    assert _number(termios.error(25, "Inappropriate ioctl for device")) == 25
