"""`minshan status`: what the running station measures, stores and sends, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from drivers.reason import Reason
from edge.control.client import AskError, NotRunningError, ask, status_of
from edge.language import destinations, texts
from edge.language.readings import margin
from edge.language.remedies import remedy
from edge.language.silent_sensors import bus_of, names, place_of, silences
from edge.language.texts import _, ngettext
from edge.measure.derived.hourly import COUNTED
from edge.records.bodies import Hour
from edge.snapshots import CameraSnapshot, ClockStatus, MinuteStatus, SensorSnapshot, StationStatus, StoreStatus
from provisioning.commands import advice_lines, uplink_lines
from provisioning.commands.alert_lines import alarm_lines
from provisioning.commands.budget_lines import bill
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import (
    as_command,
    config_option,
    is_missing,
    is_of_service,
    json_option,
    loaded,
    print_json,
    state_folder,
)
from provisioning.folding import columns_of, page
from provisioning.terminal import can_show

SOCKET = "minshan.sock"
WHOLE_S = 59.5  # s; a shorter minute was cut short (by a start, an end, or the time becoming known)


@click.command(help=_("Ask the running station what it measures, keeps and sends."))
@config_option()
@click.option(
    "--state",
    type=click.Path(path_type=Path, readable=False),
    metavar=_("FOLDER"),
    help=_("The folder of the station's data, in place of --config."),
)
@json_option()
def status(config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Query the running station, and print its status."""
    answer = ask_station(config_file, state, "status")
    if as_json:
        print_json(answer)
        return
    page([*lines(typed(answer)), *advised(config_file, state)])


def typed(answer: dict[str, Any]) -> StationStatus:
    """Return the status in a station's answer. Raise CommandError where it is of another version."""
    try:
        return status_of(answer)
    except AskError as error:
        raise CommandError(Exit.TROUBLE, str(error), error.remedy) from None


def advised(config_file: Path | None, state: Path | None) -> list[str]:
    """Return a line for each growers' rule; nothing where the station cannot answer."""
    try:
        return advice_lines.brief(ask_station(config_file, state, "advice")["verdicts"])
    except CommandError:
        return []


def ask_station(config_file: Path | None, state: Path | None, name: str, **arguments: Any) -> dict[str, Any]:
    """Return the answer of the station of this file or folder. Raise CommandError where none is running."""
    folder = state if state is not None else state_folder(config_file)
    try:
        return ask(folder / SOCKET, name, **arguments)
    except NotRunningError:
        if state is None:
            loaded(config_file)  # an invalid file may be the cause
        if state is not None and is_missing(folder):
            raise CommandError(Exit.STORE, _("{folder}: this folder is not there").format(folder=folder)) from None
        sentence = _("No station is running on {folder}.").format(folder=folder)
        remedy = _("Start it: sudo systemctl start minshan")
        if not is_of_service(config_file):
            remedy = _("Start it: {start}").format(start=as_command("run", config_file))
        raise CommandError(Exit.TROUBLE, sentence, remedy) from None
    except AskError as error:
        raise CommandError(Exit.TROUBLE, str(error), error.remedy) from None


def lines(facts: StationStatus) -> list[str]:
    """Return the whole status for people, line by line."""
    offset = facts.utc_offset_h
    return [
        head(facts, offset),
        *time_trouble(facts.clock),
        *alarm_lines(facts),
        *maintenance(facts.maintenance),
        "",
        *minute(facts.minute, facts.units, offset),
        *derived(facts.derived),
        *hour(facts.hour, offset),
        "",
        *troubled(facts.sensors),
        *archive_lines(facts.store, offset),
        *uplink_lines.lines(facts.uplink),
        *(destinations.line(one, one.trouble or one.refused, offset) for one in facts.forward),
        *(() if facts.budget is None else bill(facts.budget)),
        *pictures({} if facts.pictures is None else facts.pictures.cameras, offset),
        *restarted(facts.falls),
    ]


def head(facts: StationStatus, offset: float) -> str:
    """Return the station's title, and its time if known."""
    title = facts.title if facts.title and can_show(facts.title) else facts.station
    if facts.time is None:
        return _("Station {title}; it does not know the time yet").format(title=title)
    sentence = _("Station {title}, {when} ({clock})")
    return sentence.format(title=title, when=texts.when(facts.time, offset), clock=clock(facts.clock))


def clock(source: ClockStatus) -> str:
    """Return the source of the time, and its error."""
    words = _("time from {source}").format(source=texts.clock_source(source.source))
    return words if source.error is None else _("{words}, ±{error} s").format(words=words, error=margin(source.error))


def time_trouble(source: ClockStatus) -> list[str]:
    """Return a line where a source of the time is not trusted, or the box has no source of its own."""
    return [] if source.trouble is None else [_("Time: {trouble}").format(trouble=texts.render(source.trouble))]


def maintenance(what: Reason | None) -> list[str]:
    """Return a line during maintenance."""
    sentence = _("Under maintenance: {text}. What is measured now is kept, but not counted as weather.")
    return [] if what is None else [sentence.format(text=texts.render(what))]


def minute(latest: MinuteStatus | None, units: dict[str, str], offset: float) -> list[str]:
    """Return the newest minute's values, each with its flag's word and reason where it is not good."""
    if latest is None:
        return [_("Nothing has been measured yet; the first minute comes within two minutes of the start.")]
    width = max((columns_of(texts.label(name)) for name in latest.values), default=0)
    rows = [span(latest, offset)]
    for name, number in latest.values.items():
        flag, reason = latest.quality.get(name, 2), latest.reasons.get(name)
        amount = texts.amount(name, number, units.get(name, ""))
        word = "" if flag == 1 else f"  {texts.flag_word(flag)}"
        why = "" if reason is None else _(" ({reason})").format(reason=texts.render(reason))
        label = texts.label(name)
        rows.append(f"  {label}{' ' * (width - columns_of(label))}  {amount}{word}{why}")
    return rows


def derived(found: dict[str, float]) -> list[str]:
    """Return a line of the values derived from the minute's good ones."""
    return [_("Derived: {values}").format(values=texts.derived(found))] if found else []


def hour(latest: Hour | None, offset: float) -> list[str]:
    """Return the newest hour's figures, the missing ones and why, and the season's totals."""
    if latest is None:
        return []
    season = latest.season
    good = {name: number for name, number in latest.values.items() if number is not None}
    begun = _("In the hour from {when}:").format(when=texts.when(latest.begin, offset))
    found = [begun, f"  {texts.derived(good)}"] if good else [begun]
    reasons = {name: texts.render(reason) for name, reason in latest.reasons.items()}
    for why in dict.fromkeys(reasons.values()):
        names = _(", ").join(texts.label(name) for name, reason in reasons.items() if reason == why)
        found.append(_("  {names}: {why}").format(names=names, why=why))
    sentence = _("Since {when}, in {hours} h: {counts}")
    counts = texts.derived({name: count for name in COUNTED if (count := getattr(season, name)) is not None})
    found.append(sentence.format(when=texts.when(season.since, offset), hours=season.hours, counts=counts))
    if season.missing:
        sentence = ngettext(
            "{n} hour without a temperature is not in it.",
            "{n} hours without a temperature are not in it.",
            season.missing,
        )
        found.append(sentence.format(n=season.missing))
    return found


def span(latest: MinuteStatus, offset: float) -> str:
    """Return the time over which the values were measured, and whether the minute was cut short."""
    start, seconds = latest.start, latest.duration
    if seconds < WHOLE_S:
        sentence = _("Measured in {duration} (this minute was cut short) from {when}:")
        if start is None:
            sentence = _("Measured in {duration} (this minute was cut short), before the time was known:")
        return sentence.format(duration=texts.duration(max(seconds, 1.0)), when=texts.when(start, offset))
    if start is None:
        return _("Measured in the last minute, whose time is not known yet:")
    return _("Measured in the minute of {when}:").format(when=texts.when(start, offset))


def troubled(sensors: list[SensorSnapshot]) -> list[str]:
    """Return a line for each sensor that is down, one for a dead bus, with remedies; one line where none is down."""
    sentence = _("Sensor {name} ({driver} on {place}) gives no readings: {reason}")
    dead = _("Nothing on {place} answers ({names}): {reason}")
    lines = []
    for group, reason in silences(sensors):
        first = group[0]
        lines.append(
            dead.format(place=bus_of(first), names=names(group), reason=reason)
            if group[1:]
            else sentence.format(name=first.name, driver=first.driver, place=place_of(first), reason=reason)
        )
        what = "" if first.down is None else remedy(first.bus.partition(" ")[0], first.down)
        lines += [f"  → {what}"] if what else []
    return lines or [_("All sensors answer.") if sensors else _("No sensor is configured.")]


def archive_lines(store: StoreStatus, offset: float) -> list[str]:
    """Return the state of the local archive, and what is unsent since when."""
    if store.trouble is None:
        found = [_("Local archive: {size}").format(size=texts.size(store.bytes))]
    else:
        found = [_("Local archive: {trouble}").format(trouble=texts.render(store.trouble))]
    if store.mended is not None:
        sentence = _("Local archive: was damaged and repaired: {cause}; see the loss records")
        found.append(sentence.format(cause=texts.render(store.mended)))
    if strays := store.strays.files:
        sentence = ngettext(
            "{n} picture file ({size}) was set aside: it belongs to no record",
            "{n} picture files ({size}) were set aside: they belong to no record",
            strays,
        )
        found.append(sentence.format(n=strays, size=texts.size(store.strays.bytes)))
    if store.waiting:
        sentence = ngettext(
            "{n} record is in memory alone; unless it is sent it would be lost without power",
            "{n} records are in memory alone; those not sent would be lost without power",
            store.waiting,
        )
        found.append(sentence.format(n=store.waiting))
    if not store.unsent:
        return found if store.waiting else [*found, _("Everything is sent.")]
    sentence = ngettext("{n} record is not sent yet", "{n} records are not sent yet", store.unsent).format(
        n=store.unsent
    )
    dated = _("{said}, the oldest of {when}").format(said=sentence, when=texts.when(store.unsent_since, offset))
    return [*found, sentence if store.unsent_since is None else dated]


def pictures(cameras: dict[str, CameraSnapshot], offset: float) -> list[str]:
    """Return a line with each camera's newest picture or fault."""
    found = []
    for name, camera in cameras.items():
        if camera.trouble is not None:
            sentence = _("Camera {name}: {trouble}")
            found.append(sentence.format(name=name, trouble=texts.happened(camera.trouble)))
        elif camera.last is not None:
            sentence = _("Camera {name}: newest photo of {when}")
            found.append(sentence.format(name=name, when=texts.when(camera.last, offset)))
        else:
            found.append(_("Camera {name}: no photo yet").format(name=name))
    return found


def restarted(falls: dict[str, int]) -> list[str]:
    """Return a line for each part of the station that failed and was restarted."""
    sentence = _("The part “{part}” failed and was restarted ({n} times); its log says why: journalctl -u minshan")
    return [sentence.format(part=part, n=n) for part, n in falls.items() if n]
