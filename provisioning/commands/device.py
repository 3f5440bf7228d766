"""One device, opened as the station opens it, and what to do where it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drivers.buses.bus import BUSES
from drivers.errors import BusStuck, DeviceError, Garbled, NoAnswer, Unplugged, WrongDevice
from edge.language import texts
from edge.language.texts import _
from edge.language.words import N_
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.driver import Device, DriverInfo
    from drivers.reading import Reading

UNASKED = 3.0  # s within which a device that sends unasked has sent
# What a technician does at the box, for each of the drivers' errors.
REMEDIES: dict[type[DeviceError], str] = {
    NoAnswer: N_("See whether it has power, whether its wires sit, and whether its address or speed is right."),
    Garbled: N_("See whether speed and model are right and the wires not loose; keep them off power lines."),
    WrongDevice: N_("See which device is on that address, and whether the driver or its profile is right."),
    BusStuck: N_("Take the power off the device for ten seconds; if it stays, unplug the devices one by one."),
}
# The same for a bus that is not there, by its kind.
NOT_THERE = {
    "i2c": N_("Switch I2C on (sudo raspi-config, Interface Options), reboot, and see `ls /dev/i2c-*`."),
    "serial": N_("Plug it in, see `ls /dev/serial/by-id/`, and correct the port."),
    "modbus": N_("Plug the adapter in, see `ls /dev/serial/by-id/`, and correct the port."),
    "gpio": N_("See `gpiodetect` and `gpioinfo`, and correct chip and line."),
    "file": N_(
        "Switch 1-Wire on (dtoverlay=w1-gpio in config.txt), reboot, see `ls /sys/bus/w1/devices`, and correct "
        "the path."
    ),
}


# The same where the error says more than its kind, by the code of what happened.
CLOSER = {
    "no_port_permission": N_("Run: sudo usermod -aG dialout USER (the user who runs this), then log in again."),
    "no_i2c_permission": N_("Run: sudo usermod -aG i2c USER (the user who runs this), then log in again."),
    "no_gpio_permission": N_("Run: sudo usermod -aG gpio USER (the user who runs this), then log in again."),
    "port_in_use": N_("Stop what holds it; a running station is stopped by: sudo systemctl stop minshan"),
    "baud_refused": N_("Give one of the usual speeds: 2400, 4800, 9600, 19200, 38400, 57600, 115200."),
    "no_frame_but_bytes": N_("Set another speed (baud), one after the other; the device's label or manual names it."),
    "other_frames": N_("See whether the settings are this model's; what it sends is named above."),
    "another_driver": N_("Write that driver's name in the file, or correct the port."),
    "port_is_file": N_("See `ls /dev/serial/by-id/` and correct the port."),
    "port_is_directory": N_("See `ls /dev/serial/by-id/` and correct the port."),
    "port_not_working": N_("See `ls /dev/serial/by-id/` and correct the port."),
    "may_not_be_read": N_("See who may read it: ls -l; the station runs as the user minshan."),
    "void_answer": N_("The line is in order: see whether the probe at the device is plugged in and whole."),
    "commands_not_confirmed": N_("See to the wire from the adapter's TX to the sensor's RX."),
    "one_wire_off": N_("Switch 1-Wire on (dtoverlay=w1-gpio in config.txt), reboot, see `ls /sys/bus/w1/devices`."),
    "number_without_checksum": N_("Write the path that ends in w1_slave."),
    "address_taken": N_("Take the other device off the line, or choose another address."),
}


@contextmanager
def opened(info: DriverInfo, settings: Any, clock: Clock) -> Iterator[Device]:
    """Open the device on its bus, and close both at the end. Raise DeviceError where one does not open."""
    bus = BUSES[info.bus].open(settings, clock)
    try:
        device = info.open(bus, settings, clock)
        try:
            yield device
        finally:
            device.close()
    finally:
        bus.close()


def first_read(device: Device, clock: Clock) -> tuple[Reading, ...]:
    """Return the first readings. Raise DeviceError as the device does.

    Where a request has no answer it is asked once more, so that another device that speaks unasked can be heard.
    """
    try:
        return device.read()
    except NoAnswer as error:
        if error.detail.code != "no_answer_to_request":
            raise
    clock.sleep_until(clock.now() + UNASKED)
    return device.read()


def place(info: DriverInfo, settings: Any) -> str:
    """Return where the device is: its bus, and its address on it."""
    kind = BUSES[info.bus]
    return " ".join(part for part in (kind.key(settings), kind.address(settings)) if part)


def refused(name: str, info: DriverInfo, settings: Any, error: DeviceError) -> Finding:
    """Return what a device's error means, and what to do."""
    sentence = _("sensor {name} ({driver} on {place}): {reason}").format(
        name=name, driver=info.name, place=place(info, settings), reason=texts.in_full(error.reason)
    )
    return Finding("sensor", False, sentence, remedy(info.bus, error), silent=True)


def remedy(bus: str, error: DeviceError) -> str:
    """Return what to do about it; "" where nothing general helps."""
    found = CLOSER.get(error.detail.code)
    if found is None:
        found = NOT_THERE.get(bus) if isinstance(error, Unplugged) else REMEDIES.get(type(error))
    return _(found) if found else ""
