"""What the doctor looks at in the sensors: what each gives now, and what of its channels does not come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from edge.language import texts
from edge.language.texts import _
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from drivers.clock import Clock
    from drivers.driver import Device
    from drivers.reading import Reading
    from edge.config.sections import Config, SensorSection

LISTEN_S = 10.0  # s for which a device is heard that gives its channels in several frames
WHOLE_S = 55.0  # s that a minute must have for its silence to mean anything
MISSING = 9  # QARTOD's flag


def sensors(config: Config) -> Iterator[Finding]:
    """Open and read each sensor, as the station does it."""
    if not config.sensor:
        remedy = _("Add one: a table [[sensor]] with name and driver; `minshan sensors` lists the drivers.")
        yield Finding("sensor", False, _("The file names no sensor: nothing will be measured."), remedy)
    for sensor in config.sensor:
        yield read_now(sensor)


def read_now(sensor: SensorSection) -> Finding:
    """Return what one sensor gives now."""
    from drivers.errors import DeviceError
    from edge.clock.clock import SystemClock
    from provisioning.commands.device import opened, place, refused

    clock = SystemClock()
    try:
        with opened(sensor.info, sensor.settings, clock) as device:
            readings = newest_readings(sensor, device, clock)
    except DeviceError as error:
        return refused(sensor.name, sensor.info, sensor.settings, error)
    said = _("sensor {name} ({driver} on {place}): {readings}").format(
        name=sensor.name,
        driver=sensor.driver,
        place=place(sensor.info, sensor.settings),
        readings=_(", ").join(amount(reading) for reading in readings.values()),
    )
    lacking = [name for name in quantities(sensor) if name not in readings]
    if lacking:
        return without(said, sensor, lacking)
    doubts = sorted({texts.render(reading.doubt) for reading in readings.values() if reading.doubt})
    if doubts:
        remedy = _("The device doubts its own values; clean it, check its supply, and see its page in docs.")
        return Finding("sensor", False, f"{said} ({_(', ').join(doubts)})", remedy)
    return Finding("sensor", True, said)


def newest_readings(sensor: SensorSection, device: Device, clock: Clock) -> dict[str, Reading]:
    """Return the newest reading of each quantity, once all have come or there was time for them to.

    A DeviceError goes on only where nothing came at all: a garbled frame after a good one is no finding.
    """
    from drivers.errors import DeviceError

    found = {reading.quantity: reading for reading in device.read()}
    until = clock.now() + LISTEN_S
    while clock.now() < until and not found.keys() >= set(quantities(sensor)):
        if sensor.info.pace is None:
            clock.sleep_until(clock.now() + 1.0)
        try:
            found |= {reading.quantity: reading for reading in device.read()}
        except DeviceError:
            continue
    return found


def quantities(sensor: SensorSection) -> list[str]:
    """Return what the sensor is to give under its settings."""
    return [channel.quantity for channel in sensor.info.channels(sensor.settings)]


def without(said: str, sensor: SensorSection, lacking: Iterable[str]) -> Finding:
    """Return the finding of a sensor that answers, but not with all that it is to give."""
    lost = list(lacking)
    sentence = _("{said}; nothing comes of: {quantities}").format(
        said=said, quantities=_(", ").join(texts.label(name) for name in lost)
    )
    switch = switched_off_by(sensor, set(lost))
    if switch:
        remedy = _("If it was never fitted, write {setting} in [[sensor]] “{name}”; else see to its cable.")
        return Finding("sensor", False, sentence, remedy.format(setting=switch, name=sensor.name))
    remedy = _("See whether this part is fitted and whole, and whether the settings of “{name}” are its model's.")
    return Finding("sensor", False, sentence, remedy.format(name=sensor.name))


def switched_off_by(sensor: SensorSection, lacking: set[str]) -> str:
    """Return the setting without which a sensor gives none of these, yet all else: "pm = false"; "" where none does."""
    given = set(quantities(sensor))
    for key, value in sensor.settings:
        if value is True:
            changed = sensor.settings.model_copy(update={key: False})
            if {channel.quantity for channel in sensor.info.channels(changed)} == given - lacking:
                return f"{key} = false"
    return ""


def amount(reading: Reading) -> str:
    """Return a reading as a few words."""
    from drivers.quantity import quantity

    kind = quantity(reading.quantity)
    return f"{texts.label(kind.name)} {reading.value:.{kind.decimals}f} {texts.unit(kind.unit)}"


def sensors_of(config: Config, answer: dict[str, Any]) -> Iterator[Finding]:
    """Yield the sensors as the running station has them: it holds their buses."""
    ours = {sensor.name: sensor for sensor in config.sensor}
    for entry in answer.get("sensors") or []:
        yield judge(entry, ours.get(entry["name"]), unheard(config, entry["name"], answer.get("minute")))


def judge(entry: dict[str, Any], sensor: SensorSection | None, lacking: list[str]) -> Finding:
    """Return the finding of one of them; `sensor` is None where the file has changed since the station began."""
    from provisioning.commands.device import place
    from provisioning.commands.silence import place_of

    where = place_of(entry) if sensor is None else place(sensor.info, sensor.settings)
    facts = {"name": entry["name"], "driver": entry["driver"], "place": where}
    if entry.get("down"):
        said = _("sensor {name} ({driver} on {place}): {reason}").format(reason=texts.in_full(entry["down"]), **facts)
        remedy = _("For a closer look stop the station, then: minshan sensors read {name}")
        return Finding("sensor", False, said, remedy.format(name=entry["name"]), silent=True)
    count = int(entry.get("readings") or 0)
    said = texts.ngettext(
        "sensor {name} ({driver} on {place}): {n} reading since the start",
        "sensor {name} ({driver} on {place}): {n} readings since the start",
        count,
    ).format(n=count, **facts)
    if lacking and sensor is not None:
        return without(said, sensor, lacking)
    return Finding("sensor", True, said)


def code_of(reason: object) -> str:
    """Return the code of a reason in a station's answer; "" where there is none."""
    return str(reason.get("code", "")) if isinstance(reason, dict) else ""


def unheard(config: Config, name: str, minute: dict[str, Any] | None) -> list[str]:
    """Return the quantities of that sensor of which the last whole minute holds not one reading."""
    from edge.measure.minute import NO_READINGS

    if minute is None or float(minute.get("duration") or 0.0) < WHOLE_S:
        return []
    quality, reasons = minute.get("quality") or {}, minute.get("reasons") or {}
    return [
        quantity
        for (sensor, quantity), channel in config.channels().items()
        if sensor == name and quality.get(channel) == MISSING and code_of(reasons.get(channel)) == NO_READINGS.code
    ]
