"""`minshan status`: what the running station measures, keeps and sends, in people's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from edge.control.client import AskError, NotRunningError, ask
from edge.language import texts
from edge.language.silent_sensors import names, place_of, silences
from edge.language.texts import _, ngettext
from edge.measure.derived.hourly import COUNTED
from provisioning.commands import advice_lines, destinations, uplink_lines
from provisioning.commands.alert_lines import alarm_lines
from provisioning.commands.bill import bill
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import config_option, json_option, loaded, print_json, state_folder
from provisioning.commands.status_cameras import cameras_in
from provisioning.folding import page

SOCKET = "minshan.sock"
WHOLE_S = 59.5  # s; a minute with less was cut short (a start, an end, the time becoming known)


@click.command(help=_("Ask the running station what it measures, keeps and sends."))
@config_option()
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar=_("FOLDER"),
    help=_("The folder of the station's data, in place of --config."),
)
@json_option()
def status(config_file: Path | None, state: Path | None, as_json: bool) -> None:
    """Print the answer of the station's socket."""
    answer = ask_station(config_file, state, "status")
    if as_json:
        print_json(answer)
        return
    page([*lines(answer), *advised(config_file, state)])


def advised(config_file: Path | None, state: Path | None) -> list[str]:
    """Return what the growers' rules say, in a line each; nothing where the station cannot say it now."""
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
            loaded(config_file)  # what is wrong in the file may be why
        said = _("No station is running on {folder}.").format(folder=folder)
        start = "minshan run" + (f" --config {config_file}" if config_file else "")
        remedy = _("Start it: sudo systemctl start minshan, or by hand: {start}").format(start=start)
        raise CommandError(Exit.TROUBLE, said, remedy) from None
    except AskError as error:
        raise CommandError(Exit.TROUBLE, str(error), error.remedy) from None


def lines(answer: dict[str, Any]) -> list[str]:
    """Return the whole answer for people, line by line."""
    offset = float(answer.get("utc_offset_h") or 0.0)
    title = answer.get("title") or answer.get("station", "")
    return [
        head(title, answer, offset),
        *time_trouble(answer.get("clock") or {}),
        *alarm_lines(answer),
        *maintenance(answer.get("maintenance")),
        "",
        *minute(answer.get("minute"), answer.get("units") or {}, offset),
        *derived(answer.get("derived") or {}),
        *hour(answer.get("hour"), offset),
        "",
        *troubled(answer.get("sensors") or []),
        *archive_lines(answer.get("store") or {}, offset),
        *uplink_lines.lines(answer.get("uplink")),
        *destinations.lines(answer.get("forward") or [], offset),
        *(bill(answer["budget"]) if answer.get("budget") else ()),
        *pictures(answer, offset),
        *restarted(answer.get("falls") or {}),
    ]


def head(title: str, answer: dict[str, Any], offset: float) -> str:
    """Return which station it is, and what time it is there, where it knows."""
    if answer.get("time") is None:
        return _("Station {title}; it does not know the time yet").format(title=title)
    said = _("Station {title}, {when} ({clock})")
    return said.format(title=title, when=texts.when(answer["time"], offset), clock=clock(answer.get("clock")))


def clock(mark: dict[str, Any] | None) -> str:
    """Return how the time is known, and how well."""
    if not mark:
        return texts.clock_source("arrival")
    words = _("time by {source}").format(source=texts.clock_source(str(mark.get("source"))))
    error = mark.get("error")
    return words if error is None else _("{words}, ±{error} s").format(words=words, error=f"{error:.3g}")


def time_trouble(mark: dict[str, Any]) -> list[str]:
    """Return a line where a source of the time is not believed, or the box has no source of its own."""
    trouble = mark.get("trouble")
    return [_("Time: {trouble}").format(trouble=texts.render_value(trouble))] if trouble else []


def maintenance(what: object) -> list[str]:
    """Return a line while somebody works on the station."""
    said = _("Under maintenance: {text}. What is measured now is kept, but not counted as weather.")
    return [said.format(text=texts.render_value(what))] if what else []


def minute(latest: dict[str, Any] | None, units: dict[str, str], offset: float) -> list[str]:
    """Return the newest minute's values, each with its word where it is not good."""
    if latest is None:
        return [_("Nothing has been measured yet; the first minute comes within two minutes of the start.")]
    values = latest.get("values") or {}
    quality, reasons = latest.get("quality") or {}, latest.get("reasons") or {}
    width = max((wide(texts.label(name)) for name in values), default=0)
    rows = [span(latest, offset)]
    for name, number in values.items():
        flag = int(quality.get(name, 2))
        amount = texts.amount(name, number, units.get(name, ""))
        word = "" if flag == 1 else f"  {texts.flag_word(flag)}"
        why = _(" ({reason})").format(reason=texts.render_value(reasons[name])) if name in reasons else ""
        label = texts.label(name)
        rows.append(f"  {label}{' ' * (width - wide(label))}  {amount}{word}{why}")
    return rows


def derived(found: dict[str, float]) -> list[str]:
    """Return a line of the values derived from the minute's good ones."""
    return [_("Derived: {values}").format(values=texts.derived(found))] if found else []


def hour(latest: dict[str, Any] | None, offset: float) -> list[str]:
    """Return the newest hour's figures, which it lacks and why, and what the season came to."""
    if latest is None:
        return []
    values, season = latest["values"], latest["season"]
    reasons = latest.get("reasons") or {}
    good = {name: number for name, number in values.items() if number is not None}
    begun = _("In the hour from {when}:").format(when=texts.when(latest["begin"], offset))
    found = [begun, f"  {texts.derived(good)}"] if good else [begun]
    for why in dict.fromkeys(map(texts.render_value, reasons.values())):
        names = _(", ").join(texts.label(name) for name, reason in reasons.items() if texts.render_value(reason) == why)
        found.append(_("  {names}: {why}").format(names=names, why=why))
    said = _("Since {when}, in {hours} h: {counts}")
    counts = texts.derived({name: season[name] for name in COUNTED if season.get(name) is not None})
    found.append(said.format(when=texts.when(season["since"], offset), hours=season["hours"], counts=counts))
    if season["missing"]:
        said = ngettext(
            "{n} hour without a temperature is not in it.",
            "{n} hours without a temperature are not in it.",
            season["missing"],
        )
        found.append(said.format(n=season["missing"]))
    return found


def span(latest: dict[str, Any], offset: float) -> str:
    """Return the time over which the values were measured; a minute that was cut short is named so."""
    start, seconds = latest.get("start"), float(latest.get("duration") or 60.0)
    if seconds < WHOLE_S:
        said = _("Measured in {duration} (this minute was cut short) from {when}:")
        if start is None:
            said = _("Measured in {duration} (this minute was cut short), before the time was known:")
        return said.format(duration=texts.duration(max(seconds, 1.0)), when=texts.when(start, offset))
    if start is None:
        return _("Measured in the last minute, whose time is not known yet:")
    return _("Measured in the minute of {when}:").format(when=texts.when(start, offset))


def wide(text: str) -> int:
    """Return the columns that a text takes on a terminal (a Chinese character takes two)."""
    from rich.cells import cell_len

    return cell_len(text)


def troubled(sensors: list[dict[str, Any]]) -> list[str]:
    """Return a line for each sensor that is down, one for a bus that is dead; one line where none is."""
    down = [sensor for sensor in sensors if sensor.get("down")]
    said = _("Sensor {name} ({driver} on {place}) gives nothing: {reason}")
    if not down:
        return [_("All sensors answer.")] if sensors else [_("No sensor is configured.")]
    dead = _("Nothing on {place} answers ({names}): {reason}")
    return [
        dead.format(place=place_of(group[0]), names=names(group), reason=reason)
        if group[1:]
        else said.format(name=group[0]["name"], driver=group[0]["driver"], place=place_of(group[0]), reason=reason)
        for group, reason in silences(sensors)
    ]


def archive_lines(store: dict[str, Any], offset: float) -> list[str]:
    """Return what is in the local archive, and what is unsent since when."""
    found = []
    if store.get("trouble"):
        found.append(_("Local archive: {trouble}").format(trouble=texts.render_value(store["trouble"])))
    elif store.get("bytes") is not None:
        found.append(_("Local archive: {size}").format(size=texts.size(float(store["bytes"]))))
    if store.get("mended"):
        said = _("Local archive: was damaged and put right: {cause}; look at the loss records")
        found.append(said.format(cause=texts.render_value(store["mended"])))
    strays = store.get("strays") or {}
    if strays.get("files"):
        said = ngettext(
            "{n} picture file ({size}) lies aside: no record tells of it",
            "{n} picture files ({size}) lie aside: no record tells of them",
            strays["files"],
        )
        found.append(said.format(n=strays["files"], size=texts.size(float(strays["bytes"]))))
    if waiting := int(store.get("waiting") or 0):
        said = ngettext(
            "{n} record waits in memory, unsent; without power it would be lost",
            "{n} records wait in memory, unsent; without power they would be lost",
            waiting,
        )
        found.append(said.format(n=waiting))
    if not (unsent := int(store.get("unsent") or 0)):
        return found if waiting else [*found, _("Everything is sent.")]
    since = store.get("unsent_since")
    said = ngettext("{n} record is not sent yet", "{n} records are not sent yet", unsent).format(n=unsent)
    dated = _("{said}, the oldest of {when}").format(said=said, when=texts.when(since, offset))
    return [*found, dated if since is not None else said]


def pictures(answer: dict[str, Any], offset: float) -> list[str]:
    """Return each camera's newest picture or trouble."""
    found = []
    for name, camera in cameras_in(answer).items():
        if camera.get("trouble"):
            said = _("Camera {name}: {trouble}")
            found.append(said.format(name=name, trouble=texts.happened(camera["trouble"])))
        elif camera.get("last"):
            said = _("Camera {name}: newest photo of {when}")
            found.append(said.format(name=name, when=texts.when(camera["last"], offset)))
        else:
            found.append(_("Camera {name}: no photo yet").format(name=name))
    return found


def restarted(falls: dict[str, int]) -> list[str]:
    """Return the parts of the station that failed and were started again."""
    said = _("The part “{part}” failed and was started again ({n} x); its log says why: journalctl -u minshan")
    return [said.format(part=part, n=n) for part, n in falls.items() if n]
