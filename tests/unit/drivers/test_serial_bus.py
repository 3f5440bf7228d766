"""The serial bus over a real pty: what is wrong with a port is said, and every wait has an end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from drivers.buses.bus import OnModbus, OnSerial
from drivers.buses.serial import open_serial
from drivers.errors import NoAnswer, SwitchedOff, Unplugged
from drivers.twins.wires import HOLDS, PtyWire
from edge.clock.clock import SystemClock
from edge.language.remedies import remedy


def refused(path: str) -> str:
    """Return the error of opening that path as a serial port."""
    with pytest.raises(Unplugged) as caught:
        open_serial(OnSerial(port=path), SystemClock())
    return str(caught.value)


def test_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing port is named, with the folder to look in."""
    said = refused(str(tmp_path / "ttyUSB9"))
    assert "ttyUSB9" in said
    assert "/dev/serial/by-id/" in said


def test_folder_file_and_other_device_are_no_port(tmp_path: Path) -> None:
    """A directory, a plain file and a device that is no terminal are told as what they are."""
    plain = tmp_path / "file"
    plain.write_text("x")
    assert "is a directory" in refused(str(tmp_path))
    assert "not a serial port" in refused(str(plain))
    assert "/dev/null is not a working serial port" in refused("/dev/null")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open any port")
def test_missing_permission_names_the_group() -> None:
    """A port that one may not open names the group that may."""
    wire = PtyWire(SystemClock())
    os.chmod(wire.path, 0)
    assert "dialout" in refused(wire.path)


def test_port_in_use_is_told() -> None:
    """A port that another program holds is told as such, not shared with it."""
    clock = SystemClock()
    wire = PtyWire(clock)
    port = open_serial(OnSerial(port=wire.path), clock)
    assert "in use by another program" in refused(wire.path)
    port.close()
    open_serial(OnModbus(port=wire.path, baud=4800), clock).close()


def test_bytes_cross_both_ways() -> None:
    """What either end writes is what the other reads, all 256 byte values unchanged."""
    clock = SystemClock()
    wire = PtyWire(clock)
    port = open_serial(OnSerial(port=wire.path), clock)
    everything = bytes(range(256))
    wire.write(everything)
    assert port.read_some(clock.now() + 1.0) == everything
    port.write(everything)
    got = b""
    while len(got) < 256 and (more := wire.read(clock.now() + 1.0)):
        got += more
    assert got == everything


def test_reading_ends_at_its_deadline() -> None:
    """A silent port gives nothing at the deadline, not before and not much later."""
    clock = SystemClock()
    wire = PtyWire(clock)
    port = open_serial(OnSerial(port=wire.path), clock)
    started = clock.now()
    assert port.read_some(started + 0.2) == b""
    assert 0.2 <= clock.now() - started < 1.0


def test_old_bytes_can_be_forgotten() -> None:
    """Bytes that came before are not taken for an answer after the input was flushed."""
    clock = SystemClock()
    wire = PtyWire(clock)
    port = open_serial(OnSerial(port=wire.path), clock)
    wire.write(b"old")
    port.flush_input()
    wire.write(b"new")
    assert port.read_some(clock.now() + 1.0) == b"new"


def test_plug_pulled_while_waiting_is_told_at_once() -> None:
    """A reader that waits hears of a pulled plug at once, by the port's name, and so does a writer."""
    clock = SystemClock()
    wire = PtyWire(clock)
    port = open_serial(OnSerial(port=wire.path), clock)
    timer = threading.Timer(0.1, wire.unplug)
    timer.start()
    started = clock.now()
    with pytest.raises(Unplugged, match="is gone"):
        port.read_some(started + 10.0)
    assert clock.now() - started < 5.0
    with pytest.raises(Unplugged):
        port.write(b"x")
    with pytest.raises(Unplugged):
        port.flush_input()
    port.close()
    timer.join()


def test_writing_to_a_port_that_takes_nothing_ends() -> None:
    """Where nobody takes the bytes, writing ends with a sentence and not never."""
    clock = SystemClock()
    wire = PtyWire(clock)
    port = open_serial(OnSerial(port=wire.path), clock)
    with pytest.raises(NoAnswer, match="accepts no bytes"):
        port.write(bytes(1_000_000))


def test_wire_drops_and_counts_what_nobody_reads() -> None:
    """A twin that nobody reads is never blocked: whole writes are dropped and counted, older bytes stay."""
    clock = SystemClock()
    wire = PtyWire(clock)
    for number in range(100):
        wire.write(bytes([number]) * 100)
    assert wire.dropped == 100 * 100 - HOLDS
    port = open_serial(OnSerial(port=wire.path), clock)
    wire.write(b"fresh")
    assert port.read_some(clock.now() + 1.0) == b"fresh"


def test_wire_can_be_plugged_in_again() -> None:
    """After unplugging, what the twin sends is dropped; plugged in again the port can be opened anew."""
    clock = SystemClock()
    wire = PtyWire(clock)
    wire.unplug()
    wire.write(b"lost")
    assert wire.dropped == 4
    assert wire.read(clock.now()) == b""
    wire.plug()
    port = open_serial(OnSerial(port=wire.path), clock)
    wire.write(b"back")
    assert port.read_some(clock.now() + 1.0) == b"back"


@pytest.mark.parametrize(("port", "off"), [("/dev/serial1", True), ("/dev/ttyAMA9", True), ("/dev/ttyUSB99", False)])
def test_the_board_s_own_port_is_switched_on_and_not_plugged_in(port: str, off: bool) -> None:
    """A Raspberry Pi's UART is away until it is enabled, and no adapter below by-id is it."""
    with pytest.raises(Unplugged) as raised:
        open_serial(OnSerial(port=port), SystemClock())
    assert isinstance(raised.value, SwitchedOff) is off
    for bus in ("serial", "modbus"):
        assert remedy(bus, raised.value.reason).startswith("Switch the serial port on") is off
