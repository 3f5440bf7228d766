"""The doctor's checks of the sensors: each one's present readings, and missing channels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge.language import texts
from edge.language.readings import read_label
from edge.language.texts import _
from provisioning.commands.finding import Finding

if TYPE_CHECKING:
    from drivers.reading import Reading
    from drivers.reason import Reason
    from edge.config.sections import Config, SensorSection
    from edge.snapshots import MinuteStatus, SensorSnapshot, StationStatus

MANY = 0.05  # share of damaged frames from which on it is reported; every line has a few
LEAST_DAMAGED = 3
WHOLE_S = 55.0  # s; missing values of a shorter minute mean nothing
Doubts = list[tuple[int, str]]  # flag (0: not a fault of the sensor), why
SUSPECT, FAILED, MISSING = 3, 4, 9  # QARTOD's flags
AT_WORK = "maintenance"  # the reason of a minute in which somebody works on the station
TOO_FEW = ("scarce", "scarce_because")  # reasons of a minute's missing value, though readings came


def sensors(config: Config) -> Iterator[Finding]:
    """Open and read each sensor, as the station does."""
    if not config.sensor:
        remedy = _("Add one: a table [[sensor]] with name and driver; `minshan sensors` lists the drivers.")
        yield Finding("sensor", False, _("The file names no sensor: nothing will be measured."), remedy)
    for sensor in config.sensor:
        yield read_now(sensor, config.site.altitude_m)


def read_now(sensor: SensorSection, altitude_m: float) -> Finding:
    """Read one sensor at a station of that altitude (metres). Return the finding."""
    from drivers.contradictions import is_contradiction
    from drivers.errors import DeviceError
    from edge.clock.clock import SystemClock
    from provisioning.commands.device import first_read, opened, place, quantities, refused, the_rest

    clock, wanted = SystemClock(), quantities(sensor.info, sensor.settings)
    try:
        with opened(sensor.info, sensor.settings, clock) as device:
            first = {reading.quantity: reading for reading in first_read(sensor.info, device, clock)}
            readings = the_rest(sensor.info, device, wanted, first, clock)
    except DeviceError as error:
        return refused(sensor.name, sensor.info, sensor.settings, error)
    sentence = _("sensor {name} ({driver} on {place}): {readings}").format(
        name=sensor.name,
        driver=sensor.driver,
        place=place(sensor.info, sensor.settings),
        readings=_(", ").join(amount(reading) for reading in readings.values()),
    )
    lacking = [name for name in wanted if name not in readings]
    if lacking:
        return without(doubted(sentence, list(checked(sensor, readings, altitude_m))), sensor, lacking)
    told = {reading.doubt for reading in readings.values() if reading.doubt}
    if doubts := sorted(texts.render(doubt) for doubt in told if not is_contradiction(doubt)):
        remedy = _(
            "The device itself reports its values as doubtful; clean it, check its supply, and see its page in docs."
        )
        return Finding("sensor", False, sentence + _(" ({reason})").format(reason=_(", ").join(doubts)), remedy)
    return of_flags(sentence, list(checked(sensor, readings, altitude_m)))


def checked(sensor: SensorSection, readings: dict[str, Reading], altitude_m: float) -> Iterator[tuple[int, str]]:
    """Yield flag and reason of each reading that a station at that altitude would not pass."""
    from edge.measure.limits import limits_for
    from edge.measure.quality import Checker, Flag

    for channel in sensor.info.channels(sensor.settings):
        if (reading := readings.get(channel.quantity)) is not None:
            found = Checker(channel, limits_for(channel.quantity, altitude_m)).check(reading)
            if found.flag != Flag.PASS and found.reason is not None:
                yield int(found.flag), of_channel(channel.quantity, found.reason)


def of_channel(quantity: str, why: Reason) -> str:
    """Return the doubt about a quantity as a sentence."""
    return _("{place}: {sentence}").format(place=texts.label(quantity), sentence=texts.render(why))


def of_flags(sentence: str, doubts: Doubts) -> Finding:
    """Return the finding of a sensor that answers: a failed or missing value fails it, a suspect one is a hint."""
    worst = max((flag for flag, _reason in doubts), default=0)
    remedy = _("Check its wiring and its settings; see the sensor's page in docs.") if worst else ""
    if worst == SUSPECT:
        remedy = _("Compare it with another instrument; if it is wrong, check the sensor, and [site] in the file.")
    return Finding("sensor", worst < FAILED, doubted(sentence, doubts), remedy)


def doubted(sentence: str, doubts: Doubts) -> str:
    """Return the sentence followed by the reasons of the doubts."""
    why = _("; ").join(dict.fromkeys(reason for _flag, reason in doubts))
    return sentence + _(" ({reason})").format(reason=why) if why else sentence


def without(said: str, sensor: SensorSection, lacking: Iterable[str]) -> Finding:
    """Return the finding of a sensor that answers, but without some of its quantities."""
    lost = list(lacking)
    sentence = _("{said}; no values for: {quantities}").format(
        said=said, quantities=_(", ").join(texts.label(name) for name in lost)
    )
    switch = switched_off_by(sensor, set(lost))
    if switch:
        remedy = _("If it was never fitted, write {setting} in [[sensor]] “{name}”; otherwise check its cable.")
        return Finding("sensor", False, sentence, remedy.format(setting=switch, name=sensor.name))
    remedy = _("Check that this part is fitted and intact, and that the settings of “{name}” are those of its model.")
    return Finding("sensor", False, sentence, remedy.format(name=sensor.name))


def switched_off_by(sensor: SensorSection, lacking: set[str]) -> str:
    """Return the setting that switches off exactly these quantities, such as "pm = false"; "" where none does."""
    from provisioning.commands.device import quantities

    given = set(quantities(sensor.info, sensor.settings))
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
    return f"{read_label(kind.name)} {reading.value:.{kind.decimals}f} {texts.unit(kind.unit)}"


def sensors_of(config: Config, station: StationStatus) -> Iterator[Finding]:
    """Yield the findings of the sensors by the running station's state."""
    ours = {sensor.name: sensor for sensor in config.sensor}
    for entry in station.sensors:
        yield judge(entry, ours.get(entry.name), config, station.minute)


def judge(entry: SensorSnapshot, sensor: SensorSection | None, config: Config, minute: MinuteStatus | None) -> Finding:
    """Return the finding of one sensor; `sensor` is None where the file has changed since the station's start."""
    from edge.language.silent_sensors import place_of
    from provisioning.commands.device import gone, place

    where = place_of(entry) if sensor is None else place(sensor.info, sensor.settings)
    facts = {"name": entry.name, "driver": entry.driver, "place": where}
    if entry.down is not None:
        return gone(entry.name, entry.driver, where, entry.bus.partition(" ")[0], entry.down, Path(config.path))
    sentence = texts.ngettext(
        "sensor {name} ({driver} on {place}): {n} reading since the start",
        "sensor {name} ({driver} on {place}): {n} readings since the start",
        entry.readings,
    ).format(n=entry.readings, **facts)
    values, doubts = newest(config, entry.name, minute)
    if values:
        sentence = _("{said}; newest minute: {values}").format(said=sentence, values=_(", ").join(values))
    lacking = unheard(config, entry.name, minute)
    if lacking and sensor is not None:
        return without(doubted(sentence, doubts), sensor, lacking)
    return damaged(of_flags(sentence, doubts), entry)


def damaged(finding: Finding, entry: SensorSnapshot) -> Finding:
    """Return the finding of a sensor that answers, with the number of damaged frames if there are many."""
    from edge.language.remedies import remedy

    count = sum(entry.refused.values())
    if entry.damaged is None or count < LEAST_DAMAGED or count < MANY * (count + entry.frames):
        return finding
    sentence = _("{said}; {n} of {all} frames were refused, the newest: {reason}").format(
        said=finding.sentence, n=count, all=count + entry.frames, reason=texts.happened(entry.damaged)
    )
    return replace(finding, sentence=sentence, remedy=remedy(entry.bus.partition(" ")[0], entry.damaged))


def newest(config: Config, name: str, minute: MinuteStatus | None) -> tuple[list[str], Doubts]:
    """Return a sensor's values in the newest minute, and the flags and reasons of those that did not pass.

    These include a value that is missing in a whole minute although readings arrived.
    """
    from drivers.quantity import quantity

    shown: list[str] = []
    doubts: Doubts = []
    for (sensor, kind), channel in config.channels().items():
        if minute is None or sensor != name or channel not in minute.quality:
            continue
        if minute.values.get(channel) is not None:
            shown.append(f"{texts.label(kind)} {texts.amount(kind, minute.values[channel], quantity(kind).unit)}")
        flag, why = minute.quality[channel], minute.reasons.get(channel)
        too_few = flag == MISSING and minute.duration >= WHOLE_S and why is not None and why.code in TOO_FEW
        if why is not None and why.code == AT_WORK:
            doubts.append((0, texts.render(why)))
        elif why is not None and (flag in (SUSPECT, FAILED) or too_few):
            doubts.append((flag, of_channel(kind, why)))
    return shown, doubts


def unheard(config: Config, name: str, minute: MinuteStatus | None) -> list[str]:
    """Return the quantities of a sensor without any reading in the last whole minute."""
    from edge.measure.minute import NO_READINGS

    if minute is None or minute.duration < WHOLE_S:
        return []
    lacking = {channel for channel, reason in minute.reasons.items() if reason.code == NO_READINGS.code}
    return [
        quantity
        for (sensor, quantity), channel in config.channels().items()
        if sensor == name and minute.quality.get(channel) == MISSING and channel in lacking
    ]
