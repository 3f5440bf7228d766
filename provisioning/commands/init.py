"""`minshan init`: write a station's file, with a comment beside what a person may want to change."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from drivers.reason import system_reason
from edge.language.texts import _, ngettext, render
from provisioning.commands.answers import BrokerUrl, Checked, Degrees, Key, Metres
from provisioning.commands.doubts import doubts, empty
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import sentence
from provisioning.commands.settings import COMMON, driver_named, settings, split, typed
from provisioning.commands.stationfile import ALTITUDE, DATUM, LATITUDE, LONGITUDE, written

if TYPE_CHECKING:
    from drivers.driver import DriverInfo
    from edge.config.sections import Config

SITE = ("latitude", "longitude", "altitude")
DATUMS = ("WGS-84", "CGCS2000", "GCJ-02")
PICTURE = {"width": 1920, "height": 1080}  # pixels: one a day, and a thumbnail an hour, in a SIM's 30 MB


@click.command(help=_("Write a station's file. What is not given is asked for where there is a person."))
@click.option("--station", "station", metavar="ID", help=_("The station's name, as maoxian-1, for ever."))
@click.option("--title", metavar=_("TEXT"), help=_("What people call it."))
@click.option(
    "--sensor", "sensors", multiple=True, metavar="DRIVER[:KEY=VALUE,...]", help=_("A sensor; more than once.")
)
@click.option("--camera", "cameras", multiple=True, metavar="DRIVER[:KEY=VALUE,...]", help=_("A camera."))
@click.option("--broker", metavar="URL", help=_("Where to send: mqtt://[user:password@]host:port"))
@click.option(
    "--budget",
    type=click.FloatRange(1, 1_000_000),
    default=30.0,
    show_default=True,
    metavar="MB",
    help=_("Megabytes of mobile data a month; what goes is thinned to it."),
)
@click.option("--state", metavar=_("FOLDER"), help=_("The folder of its data."))
@click.option("--latitude", type=Degrees(), help=_("Degrees north."))
@click.option("--longitude", type=Degrees(), help=_("Degrees east."))
@click.option("--datum", type=click.Choice(DATUMS), help=_("What the position refers to."))
@click.option("--altitude", type=Metres(), help=_("Metres above sea level."))
@click.option("--crop", metavar=_("TEXT"), help=_("What grows there."))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar=_("FILE"), help=_("Where to."))
@click.option("--force", is_flag=True, help=_("Replace the file if it is there; what it was is kept in FILE.bak."))
def init(out: Path, force: bool, **given: Any) -> None:
    """Ask for what is missing, check the file as the station will, write it, and say what comes next."""
    if out.is_dir():
        said = _("{file} is a folder: name a file in it, as {file}/station.toml.").format(file=out)
        raise CommandError(Exit.USAGE, said)
    if out.exists() and not force:
        said = _("{file} is there already.").format(file=out)
        raise CommandError(Exit.USAGE, said, _("Name another file, or replace it with --force."))
    facts = complete(given)
    names: list[str] = []
    sensors = [sensor_table(spec, names) for spec in facts.pop("sensors")]
    cameras = [camera_table(spec, place) for place, spec in enumerate(facts.pop("cameras"), 1)]
    config = place(out, written(facts, sensors, cameras))
    count = ngettext("{n} sensor", "{n} sensors", len(sensors)).format(n=len(sensors))
    done = _('{file} is written: station "{station}", {sensors}.')
    click.echo(done.format(file=out, station=facts["station"], sensors=count))
    if facts["unasked"]:
        warn(out, facts["unasked"])
    for doubt, remedy in (*empty(config), *doubts(config)):
        click.echo(f"! {doubt}\n  → {remedy}", err=True)
    following = _("Next: look at it, then `minshan doctor --config {file}`, then `minshan run --config {file}`.")
    click.echo(following.format(file=out))


def warn(out: Path, missing: list[str]) -> None:
    """Warn of the facts of the site that were not given: no error, but limits and daylight follow from them."""
    stand = {"latitude": LATITUDE, "longitude": LONGITUDE, "altitude": f"{ALTITUDE:g}"}
    words = {"latitude": _("latitude"), "longitude": _("longitude"), "altitude": _("altitude")}
    facts = _(", ").join(f"{words[name]} {stand[name]}" for name in missing)
    said = _("WARNING: nobody gave the site's facts, so the file has Maoxian's: {facts}.")
    click.secho(said.format(facts=facts), err=True, fg="yellow")
    remedy = _(
        "If the station is elsewhere, correct [site] in {file}: the limits of the air pressure and the photos' "
        "daylight follow from it."
    )
    click.echo("  → " + remedy.format(file=out), err=True)


def complete(given: dict[str, Any]) -> dict[str, Any]:
    """Return all facts: given, else asked for where there is a person, else their defaults."""
    person = sys.stdin.isatty() and sys.stdout.isatty()
    facts = dict(given)
    # A person is shown the defaults and takes them knowingly; a script that says nothing did not mean them.
    facts["unasked"] = [key for key in SITE if facts.get(key) is None and not person]
    for key, question, default, kind in questions():
        if facts.get(key) is None:
            if default is None and not person:
                raise CommandError(Exit.USAGE, _("--station is missing: the station needs a name, as maoxian-1."))
            facts[key] = click.prompt(question, default, type=kind, show_default=bool(default)) if person else default
    if person and not facts["sensors"]:
        facts["sensors"] = asked_sensors()
    facts["sensors"] = tuple(facts["sensors"])
    facts["state"] = str(Path(facts["state"]).absolute())
    return facts


def questions() -> list[tuple[str, str, Any, click.ParamType[Any]]]:
    """Return each fact that is asked for: its key, the question, the default, and what is taken as an answer."""
    from edge.config.sections import BrokerSection, SiteSection, StateSection, StationSection

    return [
        ("station", _("The station's name (letters a-z, digits, hyphens)"), None, Key(StationSection, "id")),
        ("title", _("What people call it"), "", click.STRING),
        ("latitude", _("Latitude, degrees north"), LATITUDE, Key(SiteSection, "latitude", Degrees())),
        ("longitude", _("Longitude, degrees east"), LONGITUDE, Key(SiteSection, "longitude", Degrees())),
        ("datum", _("Datum of the position (GCJ-02 for positions from Chinese maps)"), DATUM, click.Choice(DATUMS)),
        ("altitude", _("Altitude, metres"), ALTITUDE, Key(SiteSection, "altitude_m", Metres())),
        ("crop", _("What grows there"), "", click.STRING),
        ("state", _("The folder of its data"), "/var/lib/minshan", Key(StateSection, "dir")),
        ("broker", _("The broker's address (empty: none)"), "", BrokerUrl(BrokerSection, "url")),
    ]


def asked_sensors() -> list[str]:
    """Ask for sensors, which a person names one by one; each is checked as soon as it is named."""
    found: list[str] = []
    names: list[str] = []
    question = _("A sensor, as bme280 or ascii-station:port=/dev/ttyUSB0 (empty: no more)")
    while spec := click.prompt(question, "", type=Checked(lambda text: sensor_table(text, [])), show_default=False):
        found.append(spec)
        sensor_table(spec, names)
        click.echo("  ✓ " + names[-1])
    return found


def sensor_table(spec: str, names: list[str]) -> dict[str, Any]:
    """Return a sensor's table from its word on the command line, and add its name to `names`, those taken."""
    driver, texts = split(spec)
    info = driver_named(driver)
    table = typed(info, texts)
    common = {key: table.pop(key) for key in COMMON if key in table}
    name = common.pop("name", None) or free_name(info, names)
    names.append(name)
    if str(table.get("profile", "")).endswith(".toml"):
        table["profile"] = str(Path(table["profile"]).absolute())  # the station starts in another folder
    settings(info, table, texts)  # a wrong key is named here by the driver's name: the file is not there yet
    return {"name": name, "driver": driver, **table, **common}


def free_name(info: DriverInfo, taken: list[str]) -> str:
    """Return the driver's name, with a number behind it where it is taken."""
    if info.name not in taken:
        return info.name
    return next(name for n in range(2, len(taken) + 3) if (name := f"{info.name}-{n}") not in taken)


def camera_table(spec: str, place: int) -> dict[str, Any]:
    """Return a camera's table; its name is camera, camera-2, ... unless it is given."""
    from edge.config.sections import CameraSection
    from provisioning.commands.settings import literal

    driver, texts = split(spec)
    fields = CameraSection.model_fields
    texts_only = {key for key, field in fields.items() if "str" in str(field.annotation)}
    table = {key: text if key in texts_only else literal(text) for key, text in texts.items()}
    size = PICTURE if driver == "picamera" and not {"width", "height"} & set(table) else {}
    return {"name": "camera" if place == 1 else f"camera-{place}", "driver": driver, **size, **table}


def place(out: Path, text: str) -> Config:
    """Write the text beside `out`, check it as the station will, and only then put it in its place.

    A file that was there is kept as `out`.bak, and the new one has its owner and mode. Return what the station will
    read in it.
    """
    from edge.config.errors import ConfigError
    from edge.config.file import load

    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        # The login of the broker may be in it: for the owner and the group alone.
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        config = load(beside)
        if out.exists():
            keep(out, beside)
        beside.rename(out)
        return config.model_copy(update={"path": str(out)})
    except ConfigError as error:
        line = _("{place}: {sentence}")
        lines = [
            line.format(place=mistake.place.partition(": ")[2] or out, sentence=sentence(mistake))
            for mistake in error.mistakes
        ]
        raise CommandError(Exit.CONFIG, "\n".join(lines)) from None
    except OSError as error:
        said = _("{file} cannot be written: {detail}").format(file=out, detail=render(system_reason(error)))
        raise CommandError(Exit.USAGE, said) from None
    finally:
        beside.unlink(missing_ok=True)


def keep(out: Path, new: Path) -> None:
    """Copy the file that is to be replaced to `out`.bak, and give the new one its owner and mode."""
    old, copy = out.stat(), out.with_name(f"{out.name}.bak")
    shutil.copy2(out, copy)
    for file in (copy, new):
        with suppress(PermissionError):  # only root gives files away; what a person replaces of his own is his own
            os.chown(file, old.st_uid, old.st_gid)
        file.chmod(stat.S_IMODE(old.st_mode))
