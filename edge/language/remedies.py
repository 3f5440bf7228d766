"""What a technician can do on site if a device gives nothing: shown by the commands, the status and the journal."""

from __future__ import annotations

from drivers.errors import (
    BusStuck,
    Garbled,
    InUse,
    NoAnswer,
    NotADevice,
    NotAllowed,
    SwitchedOff,
    Unplugged,
    WrongDevice,
)
from drivers.reason import Reason
from edge.language.texts import _
from edge.language.words import N_

IS_NOT_THERE = {kind.kind.code for kind in (Unplugged, NotAllowed, InUse, NotADevice, SwitchedOff)}
# For each kind of the drivers' errors, by its code.
REMEDIES = {
    NoAnswer.kind.code: N_("Check its power, its wiring, and its address and baud rate."),
    Garbled.kind.code: N_("Check the baud rate, the model and the wiring; keep the wires away from power lines."),
    WrongDevice.kind.code: N_("Check which device is at that address, and whether the driver or its profile is right."),
    BusStuck.kind.code: N_(
        "Switch the device's power off for ten seconds; if that does not help, unplug the devices one by one."
    ),
}
# The same for buses without baud rates, by bus and kind of error.
ON_ITS_BUS = {
    ("i2c", NoAnswer.kind.code): N_("Check its power, its wires and its address: `i2cdetect -y 1` shows who answers."),
    **dict.fromkeys(
        (("i2c", Garbled.kind.code), ("gpio", NoAnswer.kind.code), ("gpio", Garbled.kind.code)),
        N_("Check the plugs and the wires: short, dry, away from power lines."),
    ),
    ("modbus", Garbled.kind.code): N_(
        "Check the baud rate, the parity, the model and the wiring, and that no other device has the same address; "
        "keep the wires away from power lines."
    ),
    **dict.fromkeys(
        (("file", NoAnswer.kind.code), ("file", Garbled.kind.code)),
        N_("Check its wires, and the resistor of 4.7 kOhm from the data wire to 3.3 V."),
    ),
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
    **dict.fromkeys(
        ("no_frame", "not_woken"),
        N_(
            "Nothing arrives at all, which no wrong baud rate does: check its power, the ground, and the wire from its "
            "TX to the adapter's RX (RS-485: A and B)."
        ),
    ),
    "no_port_permission": N_("Run: sudo usermod -aG dialout USER (the user who runs this), then log in again."),
    "no_i2c_permission": N_("Run: sudo usermod -aG i2c USER (the user who runs this), then log in again."),
    "shut_out_by_unit": N_(
        "Run: sudo systemctl restart minshan (an adapter whose driver came after the start is let in then). If that "
        "does not help: sudo systemctl edit minshan, and write DeviceAllow=PATH rw below [Service], PATH being the "
        "device."
    ),
    "no_gpio_permission": N_("Run: sudo usermod -aG gpio USER (the user who runs this), then log in again."),
    "gpio_of_the_board": N_(
        "Remove chip from its table in the file: the pins of a Raspberry Pi are found without it. A chip that is "
        "connected in addition is named by the label that `gpiodetect` shows."
    ),
    "port_in_use": N_("Stop what holds it; a running station is stopped by: sudo systemctl stop minshan"),
    "baud_refused": N_("Set one of the usual baud rates: 2400, 4800, 9600, 19200, 38400, 57600, 115200."),
    "no_frame_but_bytes": N_(
        "Try other baud rates one after another; the device's label or manual states the right one."
    ),
    "function_refused": N_("Write function = 4 (or 3) below its [[sensor]], as its manual states."),
    "block_refused": N_("Write most_registers = 1 below its [[sensor]]."),
    "other_length": N_(
        "The line is in order, but the device answers otherwise than its profile says: check its model and its profile."
    ),
    "other_address": N_(
        "If this is the right device, write the address from which it answers below its [[sensor]], or give it the "
        "other one with `minshan sensors address`."
    ),
    "two_devices": N_(
        "Take one of the two off the line, give the other another address with `minshan sensors address`, and write "
        "each address below its [[sensor]]."
    ),
    "answer_late": N_(
        "Something in the line delays it, such as a radio link or a network converter: connect the sensor by cable."
    ),
    "another_text": N_(
        "The line and its speed are right. Set the device to the format that the driver reads (its manual states "
        "how), or write the driver of this format."
    ),
    "no_checksum": N_(
        "Switch the checksum on in the device: without it a changed value cannot be told from a right one."
    ),
    **dict.fromkeys(
        ("nmea_status", "nmea_empty"),
        N_(
            "The line is in order: the device itself has no valid measurement. See whether its measuring path is free "
            "(ice, webs, leaves), and whether this kind of wind needs a compass or GNSS."
        ),
    ),
    **dict.fromkeys(
        (
            *(
                "nmea_status_missing",
                "not_a_number",
                "nmea_unit",
                "nmea_unit_missing",
                "field_unread",
                "first_and_then",
            ),
            *("angle_out_of_range", "speed_below_nought", "units_differ", "dew_over_temperature", "mean_outside"),
        ),
        N_("The line is in order: the device itself sends this. Check its settings, or have it repaired."),
    ),
    **dict.fromkeys(
        ("device_failure", "memory_parity", "exception_of_maker"),
        N_(
            "The line is in order: the device itself reports a fault. Switch its power off for ten seconds; if that "
            "does not help, have it repaired."
        ),
    ),
    **dict.fromkeys(
        ("exception_busy", "still_working"),
        N_("The line is in order and the device is busy: if this lasts, set a longer interval."),
    ),
    **dict.fromkeys(
        ("gateway_path", "gateway_target"),
        N_("The gateway answers, the device behind it does not: check that one's power, wiring and address."),
    ),
    "other_frames": N_("Check that the settings are those of this model; what it sends is named above."),
    "another_driver": N_("Write that driver's name in the file, or correct the port."),
    "another_master": N_(
        "Only one master may be on an RS-485 line: take the other one off it, or give these sensors a line of their "
        "own."
    ),
    "port_is_file": N_("See `ls /dev/serial/by-id/` and correct the port."),
    "port_is_directory": N_("See `ls /dev/serial/by-id/` and correct the port."),
    "port_not_working": N_("See `ls /dev/serial/by-id/` and correct the port."),
    "may_not_be_read": N_("Check who may read it (ls -l); the station runs as the user minshan."),
    "uart_off": N_(
        "Switch the serial port on (sudo raspi-config, Interface Options, Serial Port: no login shell, but the port), "
        "reboot, and see `ls -l /dev/serial0`."
    ),
    "void_answer": N_("The line is in order: see whether the probe at the device is plugged in and whole."),
    "commands_not_confirmed": N_("Check the wire from the adapter's TX to the sensor's RX."),
    "one_wire_off": N_("Switch 1-Wire on (dtoverlay=w1-gpio in config.txt), reboot, see `ls /sys/bus/w1/devices`."),
    **dict.fromkeys(
        ("number_without_checksum", "no_1_wire_text", "path_is_directory", "path_is_no_file"),
        N_("Write the path that ends in w1_slave."),
    ),
    "address_kept": N_(
        "Switch its power off and on, and see with `minshan sensors address` which address answers: if it is the old "
        "one, its manual states how its address is set."
    ),
    "address_taken": N_("Take the other device off the line, or choose another address."),
}


def remedy(bus: str, why: Reason) -> str:
    """Return what to do about a device's error (`DeviceError.reason`) on a bus of that kind; "" where nothing helps."""
    what = why.inner("detail")
    refused = what.inner("reason") if what is not None else None
    meaning = refused.inner("meaning") if refused is not None else None  # of a Modbus exception
    found = next((CLOSER[one.code] for one in (meaning, refused, what) if one and one.code in CLOSER), None)
    if found is None:
        found = NOT_THERE.get(bus) if why.code in IS_NOT_THERE else ON_ITS_BUS.get((bus, why.code))
    if found is None:
        found = REMEDIES.get(why.code)
    return _(found) if found else ""
