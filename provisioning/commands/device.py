"""One device, opened as the station opens it, and what to do if it does not answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from drivers.buses.bus import BUSES, place_of
from drivers.errors import DeviceError, Garbled, NoAnswer, Unplugged
from edge.clock.clock import SystemClock
from edge.config.slips import address_span
from edge.language import texts
from edge.language.remedies import IS_NOT_THERE, remedy
from edge.language.texts import _
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.finding import Finding
from provisioning.commands.options import CONFIG, is_missing, is_of_service, loaded
from provisioning.commands.settings import assigned, driver_named, settings, typed
from provisioning.folding import as_typed, program

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.driver import Device, DriverInfo
    from drivers.reading import Reading
    from drivers.reason import Reason

UNASKED = 3.0  # s within which a device that sends unsolicited frames has sent one
HEARD_BETTER_AGAIN = ("no_answer_to_request", "no_frame_but_bytes")  # reasons that a second read may refine
LISTEN_S = 10.0  # s to listen to a device that sends its channels in several frames


class Chosen(NamedTuple):
    """A sensor: its driver, settings and name. `of_file`: it is unchanged from a station's file."""

    info: DriverInfo
    settings: Any
    name: str
    of_file: bool = False


def every(config_file: Path | None) -> list[Chosen]:
    """Return all sensors of the station's file. Raise CommandError where there are none."""
    config = loaded(config_file)
    if not config.sensor:
        sentence = _("{file} has no sensor.").format(file=config.path)
        raise CommandError(Exit.CONFIG, sentence, _("`minshan sensors` lists the drivers."))
    return [Chosen(sensor.info, sensor.settings, sensor.name, True) for sensor in config.sensor]


def chosen(name: str, pairs: tuple[str, ...], config_file: Path | None) -> Chosen:
    """Return the sensor of that name in the station's file, else a driver of that name.

    If settings (`pairs`) are given, a driver takes precedence over a sensor of the same name. With `config_file` only
    the sensors of that file are considered. Raise CommandError.
    """
    from drivers.catalog import catalog

    known = catalog()
    if config_file is None and (is_missing(CONFIG) or (pairs and name in known)):
        return of_driver(name, pairs)
    config = loaded(config_file)
    for sensor in config.sensor:
        if sensor.name == name:
            words = assigned(pairs)
            own = {**sensor.settings.model_dump(exclude_unset=True), **typed(sensor.info, words)}
            return Chosen(sensor.info, settings(sensor.info, own, words), name, not pairs)
    if config_file is None and name in known:
        return of_driver(name, pairs)
    names = _(", ").join(sensor.name for sensor in config.sensor)
    sentence = _('{file} has no sensor "{name}"; it has {names}')
    raise CommandError(Exit.CONFIG, sentence.format(file=config.path, name=name, names=names or "–"))


def of_driver(name: str, pairs: tuple[str, ...]) -> Chosen:
    """Return a driver with these settings. Raise CommandError where the name is unknown or a setting is wrong."""
    info = driver_named(name)
    words = assigned(pairs)
    return Chosen(info, settings(info, typed(info, words), words), name)


@contextmanager
def opened(info: DriverInfo, settings: Any, clock: Clock) -> Iterator[Device]:
    """Open the device on its bus, and close both at the end. Raise DeviceError where either fails."""
    bus = BUSES[info.bus].open(settings, clock)
    try:
        device = info.open(bus, settings, clock)
        try:
            yield device
        finally:
            device.close()
    finally:
        bus.close()


def first_read(info: DriverInfo, device: Device, clock: Clock) -> tuple[Reading, ...]:
    """Return the first readings. Raise DeviceError as the device does.

    With a device that sends unsolicited frames, a bad frame is followed by further attempts. A polled device that does
    not answer, or not in frames, is polled once more, so that another device that sends unsolicited data is detected.
    """
    until, first = clock.now() + LISTEN_S, None
    while info.pace is not None:
        try:
            return device.read()
        except Garbled as error:
            first = first or error
            if clock.now() >= until:
                raise first from None
        except NoAnswer:
            if first is not None:
                raise first from None
            raise
    try:
        return device.read()
    except NoAnswer as error:
        if error.detail.code not in HEARD_BETTER_AGAIN:
            raise
    clock.sleep_until(clock.now() + UNASKED)
    return device.read()


def quantities(info: DriverInfo, settings: Any) -> list[str]:
    """Return the quantities that the device measures under its settings."""
    return [channel.quantity for channel in info.channels(settings)]


def the_rest(
    info: DriverInfo, device: Device, wanted: Iterable[str], found: dict[str, Reading], clock: Clock
) -> dict[str, Reading]:
    """Return the newest reading of each quantity, once all have arrived or after LISTEN_S.

    Errors after the first good frame are ignored, but Unplugged ends it.
    """
    until = clock.now() + LISTEN_S
    while clock.now() < until and not found.keys() >= set(wanted):
        if info.pace is None:
            clock.sleep_until(clock.now() + 1.0)
        try:
            found |= {reading.quantity: reading for reading in device.read()}
        except Unplugged:
            break
        except DeviceError:
            continue
    return found


def place(info: DriverInfo, settings: Any) -> str:
    """Return the device's bus and its address on it, in words."""
    return texts.render(place_of(info.bus, settings))


def refused(name: str, info: DriverInfo, settings: Any, error: DeviceError) -> Finding:
    """Return the finding for a device's error, with a remedy."""
    sentence = _("sensor {name} ({driver} on {place}): {reason}").format(
        name=name, driver=info.name, place=place(info, settings), reason=texts.in_full(error.reason)
    )
    what = texts.sentences(elsewhere(info, settings), remedy(info.bus, error.reason))
    return Finding("sensor", False, sentence, what, silent=True, busless=error.reason.code in IS_NOT_THERE)


def gone(name: str, driver: str, where: str, bus: str, why: Reason, file: Path | None) -> Finding:
    """Return the finding for a sensor that is silent at the running station of a file (None: the installed one)."""
    sentence = _("sensor {name} ({driver} on {place}): {reason}").format(
        name=name, driver=driver, place=where, reason=texts.in_full(why)
    )
    command = f"{program()} sensors read {name}" + (f" --config {as_typed(file)}" if file else "")
    if is_of_service(file):
        command = f"sudo systemctl stop minshan; sudo minshan sensors read {name}"
    closer = _("For a closer look, with the station stopped: `{command}`").format(command=command)
    what = texts.sentences(remedy(bus, why), closer)
    return Finding("sensor", False, sentence, what, silent=True, busless=why.code in IS_NOT_THERE)


def elsewhere(info: DriverInfo, settings: Any) -> str:
    """Return a sentence about other I2C addresses of such a device that answer; "" where none does.

    Only addresses that the device can have are tried: reading may already disturb another kind of device.
    """
    if info.bus != "i2c":
        return ""
    low, high = address_span(info.settings)
    found = []
    with suppress(DeviceError), closing(BUSES[info.bus].open(settings, SystemClock())) as bus:
        found = [f"0x{one:02x}" for one in range(low, high + 1) if one != settings.address and bus.answers(one)]
    sentence = _("Something answers at {addresses}: is that the device?") if found else ""
    return sentence.format(addresses=_(", ").join(found))
