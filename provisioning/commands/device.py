"""One device, opened as the station opens it, and what to do where it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from drivers.buses.bus import BUSES
from drivers.errors import DeviceError, NoAnswer
from edge.language import texts
from edge.language.remedies import remedy
from edge.language.texts import _
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.driver import Device, DriverInfo
    from drivers.reading import Reading

UNASKED = 3.0  # s within which a device that sends unasked has sent


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
    return Finding("sensor", False, sentence, remedy(info.bus, error.reason), silent=True)
