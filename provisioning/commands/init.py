"""`minshan init`: write a station's file, with comments beside the values that people may want to change."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.files import write_whole
from edge.language.texts import _, ngettext
from provisioning.commands.answers import Choice, Degrees, Metres
from provisioning.commands.doubts import doubts, unfinished
from provisioning.commands.durations import FloatRange
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.interview import DATUMS, Answers, asks, complete, questions, tables_of, unwritable
from provisioning.commands.options import UNITS, is_of_service, may_write, sentence
from provisioning.commands.settings import literal, split
from provisioning.commands.stationfile import ALTITUDE, LATITUDE, LONGITUDE, written
from provisioning.folding import as_typed, program, say

if TYPE_CHECKING:
    from edge.config.errors import ConfigError
    from edge.config.sections import Config

PICTURE = {"width": 1920, "height": 1080}  # pixels: one a day, and hourly thumbnails, fit into a SIM's 30 MB


@click.command(help=_("Write a station's file. What is not given is asked for, if there is a terminal."))
@click.option("--station", "station", metavar="ID", help=_("The station's permanent name, such as maoxian-1."))
@click.option("--title", metavar=_("TEXT"), help=_("What people call it."))
@click.option(
    "--sensor", "sensors", multiple=True, metavar="DRIVER[:KEY=VALUE,...]", help=_("A sensor; may be repeated.")
)
@click.option(
    "--camera", "cameras", multiple=True, metavar="DRIVER[:KEY=VALUE,...]", help=_("A camera, or its address.")
)
@click.option("--broker", metavar="URL", help=_("Where to send: mqtt://[user:password@]host:port"))
@click.option(
    "--budget",
    type=FloatRange(1, 1_000_000),
    default=30.0,
    show_default=True,
    metavar="MB",
    help=_("Megabytes of mobile data a month; what is sent is thinned to fit."),
)
@click.option("--state", metavar=_("FOLDER"), help=_("The folder of its data."))
@click.option("--latitude", type=Degrees(), help=_("Degrees north."))
@click.option("--longitude", type=Degrees(), help=_("Degrees east."))
@click.option("--datum", type=Choice(DATUMS), help=_("The datum of the position."))
@click.option("--altitude", type=Metres(), help=_("Metres above sea level."))
@click.option("--crop", metavar=_("TEXT"), help=_("What grows there."))
@click.option(
    "--out",
    type=click.Path(path_type=Path, readable=False),
    required=True,
    metavar=_("FILE"),
    help=_("The file to write."),
)
@click.option("--force", is_flag=True, help=_("Replace an existing file, which is kept as FILE.bak."))
def init(out: Path, force: bool, **given: Any) -> None:
    """Prompt for missing values, check the file as the station does, write it, and print the next steps."""
    may_write(out, force, "station.toml")
    is_change = os.path.exists(out)  # False in a folder that we may not enter
    answers = Answers(out)
    with answers.until_written():
        if asks():
            refuse_wrong(given)  # before the questions, so that none is answered in vain
        facts = complete(given, answers)
        config = place(out, text_of(facts))
    count = ngettext("{n} sensor", "{n} sensors", len(config.sensor)).format(n=len(config.sensor))
    done = _('{file} is written: station "{station}", {sensors}.')
    say(done.format(file=out, station=facts["station"], sensors=count))
    if facts["unasked"]:
        warn(out, facts["unasked"])
    for doubt, remedy in (*unfinished(config), *doubts(config)):
        say(f"! {doubt}\n  → {remedy}", err=True)
    say(following(out, is_change))


def text_of(facts: dict[str, Any]) -> str:
    """Return the text of the file. Raise CommandError where a sensor or a camera is malformed."""
    cameras = [camera_table(spec, place) for place, spec in enumerate(facts["cameras"], 1)]
    return written(facts, tables_of(facts["sensors"]), cameras)


def refuse_wrong(given: dict[str, Any]) -> None:
    """Raise CommandError where a given value is wrong; missing ones are replaced by valid placeholders."""
    from edge.config.errors import ConfigError
    from edge.config.file import checked

    right = {key: default or "any" for key, _question, default, _kind in questions()}
    told = {key: value for key, value in given.items() if value is not None}
    try:
        checked("", text_of({**right, "broker": "", **told, "unasked": []}))
    except ConfigError as error:
        raise refused(error, "") from None


def refused(error: ConfigError, file: Path | str) -> CommandError:
    """Return the error for an invalid text: a line for each mistake, with its key, else the file."""
    line = _("{place}: {sentence}")
    lines = [line.format(place=mistake.named or file, sentence=sentence(mistake)) for mistake in error.mistakes]
    return CommandError(Exit.CONFIG, "\n".join(lines))


def following(out: Path, is_change: bool, units: Path = UNITS) -> str:
    """Return the next steps; if this is the installed service's file, how to start or restart it."""
    if is_of_service(out, units):
        if is_change:
            return _(
                "Next: look at it, then `sudo minshan doctor`, then "
                "`sudo systemctl restart minshan minshan-camera minshan-page`."
            )
        return _(
            "Next: look at it, then `sudo minshan doctor`, then `sudo systemd-tmpfiles --create` and "
            "`sudo systemctl start minshan minshan-camera minshan-page`."
        )
    sentence = _("Next: look at it, then `{program} doctor --config {file}`, then `{program} run --config {file}`.")
    return sentence.format(program=program(), file=as_typed(out))


def warn(out: Path, missing: list[str]) -> None:
    """Warn about missing facts of the site: no error, but limits and daylight depend on them."""
    stand = {"latitude": LATITUDE, "longitude": LONGITUDE, "altitude": f"{ALTITUDE:g}"}
    words = {"latitude": _("latitude"), "longitude": _("longitude"), "altitude": _("altitude")}
    facts = _(", ").join(f"{words[name]} {stand[name]}" for name in missing)
    sentence = _("WARNING: not given, so the file has Maoxian's values: {facts}.")
    say(click.style(sentence.format(facts=facts), fg="yellow"), err=True)
    remedy = _(
        "If the station is elsewhere, correct [site] in {file}: the limits of the air pressure and the photos' "
        "daylight follow from it."
    )
    say("  → " + remedy.format(file=out), err=True)


def camera_table(spec: str, place: int) -> dict[str, Any]:
    """Return a camera's table; its name is camera, camera-2, ... unless it is given."""
    from edge.config.sections import CameraSection

    address = re.match("(http|rtsp)s?(?=[:：]//)", spec)
    driver, texts = (address[1], {"url": spec.replace("：", ":", 1)}) if address else split(spec)
    fields = CameraSection.model_fields
    texts_only = {key for key, field in fields.items() if "str" in str(field.annotation)}
    table = {key: text if key in texts_only else literal(text) for key, text in texts.items()}
    if not address and re.fullmatch(r"[\w-]+(\.[\w-]+)+(/.*)?", driver):
        sentence = _(
            "{camera} is an address without its beginning: http://{camera} for stills, rtsp://{camera} for video"
        )
        raise CommandError(Exit.USAGE, sentence.format(camera=spec))
    size = PICTURE if driver == "picamera" and not PICTURE.keys() & table.keys() else {}
    return {"name": "camera" if place == 1 else f"camera-{place}", "driver": driver, **size, **table}


def place(out: Path, text: str) -> Config:
    """Write the text to a temporary file, check it as the station does, and rename it to `out`.

    An existing file is kept as `out`.bak, and the new one gets its owner and mode. Return the configuration.
    """
    from edge.config.errors import ConfigError
    from edge.config.file import load

    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        # It may contain the broker's login: readable by owner and group only.
        write_whole(beside, text.encode(), 0o640)
        config = load(beside)
        if out.exists():
            keep(out, beside)
        beside.rename(out)
        return config.model_copy(update={"path": str(out)})
    except ConfigError as error:
        raise refused(error, out) from None
    except OSError as error:
        raise unwritable(out, error) from None
    finally:
        with suppress(OSError):  # the reason was reported already
            beside.unlink()


def keep(out: Path, new: Path) -> None:
    """Copy the existing file to `out`.bak, and give the new one its owner and mode."""
    old, copy = out.stat(), out.with_name(f"{out.name}.bak")
    shutil.copy2(out, copy)
    for file in (copy, new):
        with suppress(PermissionError):  # only root can change owners; otherwise the file stays the person's own
            os.chown(file, old.st_uid, old.st_gid)
        file.chmod(stat.S_IMODE(old.st_mode))
