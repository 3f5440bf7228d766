"""Warnings about valid but probably unintended values in a station's file: of `init`, `run --check` and the doctor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from drivers.text_files import meant
from edge.config.address import parse
from edge.language import texts
from edge.language.texts import _
from provisioning.commands import open_secrets
from provisioning.commands.options import is_missing
from provisioning.doctor.broker_notes import readable

if TYPE_CHECKING:
    from edge.config.sections import BrokerSection, Config, SiteSection

DEGREES_AN_HOUR = 15.0  # of longitude: the earth turns once in 24 hours
FAR = 4.0  # hours between sun and clock; in the west of China, at 74° E by the clock of 120° E, there are 3
OFTEN = (1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 115200, 230400, 460800)  # bits/s of devices
TTY = Path("/sys/class/tty")
# Names of adapters that depend on the order of plugging in, by the kernel's drivers or a maker's own.
PLUGGED = re.compile(r"/dev/tty[A-Z0-9]*(USB|ACM)\d+")


def doubts(config: Config) -> Iterator[tuple[str, str]]:
    """Yield each sentence with its remedy."""
    yield from letters({"station.title": config.station.title, "site.crop": config.site.crop})
    yield from site(config.site)
    yield from frost(config)
    yield from relative("state.dir", config.state.dir, "/var/lib/minshan")
    for sensor in config.sensor:
        yield from wires(sensor.name, sensor.settings)
    yield from open_secrets.of_station(config)
    for forward in config.forward:
        if forward.kind == "mqtt-json":
            yield from readable(f"[[forward]] {forward.name}", forward.url)


def relative(key: str, folder: str | Path, example: str) -> Iterator[tuple[str, str]]:
    """Yield that a folder's path is not whole: a service and a person would start from different ones."""
    if not Path(folder).is_absolute():
        sentence = _("{key} = {folder}: is relative to whatever folder the program is started from")
        remedy = _("Write the full path, such as {folder}.")
        yield sentence.format(key=key, folder=folder), remedy.format(folder=example)


def letters(texts_of: Mapping[str, str | None]) -> Iterator[tuple[str, str]]:
    """Yield a warning for each text that was saved in another encoding than it was read in."""
    for key, text in texts_of.items():
        if text and "\ufffd" in text:
            sentence = _('{key} = "{text}": some characters were lost when it was saved in another encoding')
            yield sentence.format(key=key, text=text), _("Correct it, and save the file as UTF-8.")
        elif text and (right := meant(text)):
            sentence = _('{key} = "{text}": looks like "{right}" saved in the wrong encoding')
            yield sentence.format(key=key, text=text, right=right), _("Correct it, and save the file as UTF-8.")


def unfinished(config: Config) -> Iterator[tuple[str, str]]:
    """Yield that the file has no sensor, and each missing secret; the doctor has checks of its own for these."""
    if config.broker is not None:
        yield from login(config.broker)
    if not config.sensor:
        yield _("the file has no sensor: the station will measure nothing"), _("`minshan sensors` lists the drivers.")
    yield from absent(config.broker, *config.camera, *config.forward, *config.channel)


def login(broker: BrokerSection) -> Iterator[tuple[str, str]]:
    """Yield that the broker's user has no password."""
    named = parse(broker.url)
    user = broker.username or named.username
    if user and not (broker.password or broker.password_file or named.password or broker.cert_file):
        remedy = _(
            "Write it into a file of its own: `sudo sh -c 'cat >{file}'`, the password, Enter, Ctrl-D; "
            'and write password_file = "{file}" in [broker].'
        )
        sentence = _("broker: the password of the user {user} is not given").format(user=user)
        yield sentence, remedy.format(file="/etc/minshan/broker.password")


def absent(*sections: object) -> Iterator[tuple[str, str]]:
    """Yield each missing file of a password or another secret in these sections."""
    named = [(key, getattr(section, key, None)) for section in sections for key in open_secrets.SECRETS]
    for key, file in dict.fromkeys((key, file) for key, file in named if file):
        if is_missing(Path(file)):
            sentence = _("{key} = {file}: this file is not there").format(key=key, file=file)
            yield sentence, _("Write the password or key, and nothing else, into a file of this name.")


def site(section: SiteSection) -> Iterator[tuple[str, str]]:
    """Yield a warning where the longitude does not fit the offset from UTC."""
    if abs(section.longitude / DEGREES_AN_HOUR - section.utc_offset_h) > FAR:
        sentence = _("site: longitude {longitude:g} is far from where the local time is UTC{offset:+g}")
        remedy = _("East is positive: is the sign right, and utc_offset_h?")
        yield sentence.format(longitude=section.longitude, offset=section.utc_offset_h), remedy


def frost(config: Config) -> Iterator[tuple[str, str]]:
    """Yield a warning where no rule reports frost because the crop's tolerance is unknown."""
    from provisioning.commands.stationfile import CROP_WORDS, known_crop

    channels = ("wet_bulb_temperature", "air_temperature")
    told = any(rule.crop or (rule.below and str(rule.channel).startswith(channels)) for rule in config.alert)
    if config.site.crop and known_crop(config.site.crop) is None and not told:
        sentence = _('site.crop = "{crop}": what frost this crop bears is not known, and no rule raises a frost alert')
        remedy = _(
            'Known crops: {crops}. For another one add a rule: [[alert]] with name = "frost", '
            'channel = "air_temperature" and below = [0.0].'
        )
        crops = _(", ").join(map(texts.crop, CROP_WORDS))
        yield sentence.format(crop=config.site.crop), remedy.format(crops=crops)


def wires(name: str, settings: object) -> Iterator[tuple[str, str]]:
    """Yield warnings about unusual values of a serial port and its speed."""
    port, baud = getattr(settings, "port", None), getattr(settings, "baud", None)
    if isinstance(port, str) and not port.startswith("/"):
        sentence = _("sensor {name}: port = {port} is not a device path").format(name=name, port=port)
        yield sentence, _("Write it as /dev/serial/by-id/… (see `ls /dev/serial/by-id/`) or /dev/ttyUSB0.")
    elif isinstance(port, str) and port.startswith("/dev/serial/by-id/") and is_shared(Path(port)):
        sentence = _("sensor {name}: {port} can be any of several adapters, which have no serial number")
        yield sentence.format(name=name, port=port), _("Write the socket's name, see `ls -l /dev/serial/by-path/`.")
    elif isinstance(port, str) and PLUGGED.fullmatch(port):
        lasting = lasting_name(Path(port))
        sentence = _("sensor {name}: {port} may be another adapter after the next start").format(name=name, port=port)
        yield sentence, _("Write port = {lasting}").format(lasting=f'"{lasting or "/dev/serial/by-id/…"}"')
    if isinstance(port, str) and is_console(Path(port)):
        sentence = _(
            "sensor {name}: {port} is this system's console, which writes to it and reads what the device sends"
        )
        remedy = _(
            "Free it (sudo raspi-config, Interface Options, Serial Port: no login shell, but the port), and reboot."
        )
        yield sentence.format(name=name, port=port), remedy
    if isinstance(baud, int) and baud not in OFTEN:
        sentence = _("sensor {name}: baud = {baud} is not a usual baud rate").format(name=name, baud=baud)
        yield sentence, _("The usual ones are {speeds}.").format(speeds=_(", ").join(map(str, OFTEN[:10])))


def is_console(port: Path, devices: Path = TTY) -> bool:
    """Return whether the kernel's messages, and so a login, are on that port: it is a Raspberry Pi's as delivered."""
    try:
        return port.resolve().name in (devices / "console" / "active").read_text("ascii").split()
    except OSError:
        return False


def lasting_name(port: Path, folder: Path = Path("/dev/serial"), devices: Path = TTY) -> Path | None:
    """Return a port's persistent name: of its adapter, or of its USB socket if the adapter has no serial number.

    Adapters without a serial number share one name, which links to the one plugged in last.
    """
    for kind in ("by-id", "by-path") if has_serial_number(port, devices) else ("by-path", "by-id"):
        for link in sorted((folder / kind).glob("*")):
            if link.resolve() == port.resolve():
                return link
    return None


def is_shared(name: Path, devices: Path = TTY) -> bool:
    """Return whether an adapter without a serial number shares its name: another port has only a socket's name."""
    named = {link.resolve() for link in name.parent.glob("*")}
    ports = {link.resolve() for link in (name.parent.parent / "by-path").glob("*")}
    return not has_serial_number(name.resolve(), devices) and not ports <= named


def has_serial_number(port: Path, devices: Path) -> bool:
    """Return whether a USB adapter has a serial number, which is part of its name in by-id; True where unknown."""
    place = (devices / port.name / "device").resolve()
    usb = next((parent for parent in (place, *place.parents) if (parent / "idVendor").exists()), None)
    return usb is None or (usb / "serial").exists()
