"""Change the address of a Modbus sensor: new sensors all have address 1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drivers.buses.rtu import READS
from drivers.devices.modbus import NO_FRAME, ModbusDevice, read_registers
from drivers.devices.modbus_registers import plan
from drivers.devices.profiles import ProfileError, load
from drivers.errors import Garbled, NoAnswer, NoFrame, WrongDevice
from drivers.reason import Reason

if TYPE_CHECKING:
    from drivers.buses.modbus import ModbusBus
    from drivers.devices.modbus import ModbusSettings

SAVED = 0.5  # s of pause after a write, in which the device stores it permanently


def readdress(bus: ModbusBus, settings: ModbusSettings, new_address: int) -> bool:
    """Give the sensor at `settings.address` the address `new_address` (1-247).

    Return True when it has answered there, False if the profile says that it adopts the new address only after a
    power cycle. Raise WrongDevice if the new address is taken, ProfileError if the profile does not state how, or the
    DeviceError of the exchange that failed.
    """
    profile = load(settings.profile)
    how = profile.addressing
    if how is None:
        raise ProfileError(
            Reason(
                "no_addressing",
                "the profile {name} has no [addressing], which says how its address is set",
                name=profile.name,
            )
        )
    if not 1 <= new_address <= 247:
        raise ProfileError(Reason("address_beyond", "the address {address} must be 1 to 247", address=new_address))
    ModbusDevice(bus, settings, profile).greet()  # which tells what is on the line where it is not this device
    if new_address == settings.address:
        return True
    if _answers(bus, settings, new_address):
        raise WrongDevice(
            Reason("address_taken", "address {address} is taken: another device answers there", address=new_address)
        )
    write = (settings.address, how.address_register, new_address, profile.timeout_ms / 1000, how.function)
    if how.power_cycle:
        bus.write(*write)
        return False
    # Some answer from the new address at once, some from the old one, some not at all: the read afterwards decides.
    try:
        bus.write(*write)
    except (NoAnswer, WrongDevice) as error:
        if error.detail.code == "device_refused":
            raise
    try:
        _read_first(bus, settings, new_address, SAVED)
    except NoAnswer:
        if not _answers(bus, settings, settings.address):
            raise
        raise WrongDevice(
            Reason(
                "address_kept", "it still answers at address {address}, not at the new one", address=settings.address
            )
        ) from None
    return True


def answering(bus: ModbusBus, settings: ModbusSettings) -> Iterator[int]:
    """Yield each address of the line (1-247) from which a device answers or refuses such a sensor's request.

    If none does but other bytes arrive, raise the DeviceError that reading the sensor would raise.
    """
    none = True
    for address in range(1, 248):
        if _is_there(bus, settings, address):
            none = False
            yield address
    if none:
        try:
            ModbusDevice(bus, settings, load(settings.profile)).greet()
        except NoAnswer as error:
            if isinstance(error, NoFrame):
                raise


def _is_there(bus: ModbusBus, settings: ModbusSettings, address: int) -> bool:
    """Return whether a device answers from that address, whatever it says; noise and other addresses do not count."""
    try:
        _read_first(bus, settings, address)
    except NoAnswer:
        return False
    except WrongDevice as error:
        return error.detail.code != "other_address"
    except Garbled as error:
        begins = tuple(bytes([address, function | bit]) for function in READS for bit in (0, 0x80))
        return error.detail.code not in NO_FRAME or bus.stray.startswith(begins)
    return True


def _read_first(bus: ModbusBus, settings: ModbusSettings, address: int, pause: float = 0.0) -> None:
    """Read the first registers at an address; this also shows the line whether the adapter echoes."""
    profile = load(settings.profile)
    request = plan(profile, settings.fitted, settings.function, most=settings.most_registers)[0]
    read_registers(
        bus,
        address,
        request.function,
        request.start,
        len(request.places),
        profile.timeout_ms / 1000,
        pause,
        insist=True,
    )


def _answers(bus: ModbusBus, settings: ModbusSettings, address: int) -> bool:
    try:
        _read_first(bus, settings, address)
    except NoAnswer:
        return False
    return True
