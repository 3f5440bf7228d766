"""The names of serial ports in a station's file: which of them lead to the same adapter after the next start."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.buses.bus import OnSerial
from provisioning.commands.doubts import is_console, is_shared, lasting_name, wires


def test_the_name_that_a_port_keeps(tmp_path: Path) -> None:
    """An adapter with a serial number is offered by its own name, one without by its socket, for its name is shared."""
    ports = [tmp_path / f"ttyUSB{n}" for n in range(4)]
    for number, port in enumerate(ports):
        port.touch()
        usb = tmp_path / "tty" / port.name
        (usb / "device").mkdir(parents=True)
        (usb / "idVendor").touch()
        if number == 2:
            (usb / "serial").write_text("A50285BI")
    serial = tmp_path / "serial"
    for kind, name, port in (
        ("by-id", "usb-1a86_USB_Serial-if00-port0", ports[1]),
        ("by-id", "usb-FTDI_FT232R_A50285BI-if00-port0", ports[2]),
        ("by-path", "pci-usb-0:1.1", ports[0]),
        ("by-path", "pci-usb-0:1.2", ports[1]),
        ("by-path", "pci-usb-0:1.3", ports[2]),
    ):
        (serial / kind).mkdir(parents=True, exist_ok=True)
        (serial / kind / name).symlink_to(port)
    found = [lasting_name(port, serial, tmp_path / "tty") for port in ports]
    own = "usb-FTDI_FT232R_A50285BI-if00-port0"
    assert [link.name if link else None for link in found] == ["pci-usb-0:1.1", "pci-usb-0:1.2", own, None]
    names = sorted((serial / "by-id").iterdir())
    assert [is_shared(name, tmp_path / "tty") for name in names] == [True, False]
    (serial / "by-path" / "pci-usb-0:1.1").unlink()
    assert not any(is_shared(name, tmp_path / "tty") for name in names), "an adapter that is alone keeps its name"


@pytest.mark.parametrize(
    ("port", "changes"),
    [
        ("/dev/ttyUSB0", True),
        ("/dev/ttyACM1", True),
        ("/dev/ttyCH343USB0", True),
        ("/dev/ttyXRUSB2", True),
        ("/dev/ttyAMA0", False),
        ("/dev/ttySC0", False),
    ],
)
def test_a_name_by_the_order_of_plugging_in_is_doubted(port: str, changes: bool) -> None:
    """The kernel's drivers and the makers' own number their adapters as they come; an RS-485 HAT keeps its number."""
    told = list(wires("wind", OnSerial(port=port)))
    assert ["may be another adapter" in sentence for sentence, _remedy in told] == [True] * changes


def test_a_port_that_is_the_system_s_console_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login takes bytes of the device and sends its own: what arrives is garbled, and no wire is to blame."""
    uart, other = tmp_path / "ttyAMA0", tmp_path / "ttyS0"
    for port in (uart, other):
        port.touch()
    (tmp_path / "serial0").symlink_to(uart)
    assert not is_console(uart, tmp_path), "no machine need have a console"
    (tmp_path / "console").mkdir()
    (tmp_path / "console" / "active").write_text("tty1 ttyAMA0\n")
    found = [is_console(port, tmp_path) for port in (uart, tmp_path / "serial0", other, tmp_path / "ttyAMA1")]
    assert found == [True, True, False, False]
    monkeypatch.setattr("provisioning.commands.doubts.is_console", lambda port: port.name == "serial0")
    told = [list(wires("wind", OnSerial(port=f"/dev/{name}"))) for name in ("serial0", "ttySC0")]
    assert [len(one) for one in told] == [1, 0] and "no login shell" in told[0][0][1]
