"""The questions of `init` on a terminal. The answers so far are stored in a file, so an interruption loses none."""

from __future__ import annotations

import errno
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from drivers.reason import system_reason
from edge.files import write_whole
from edge.language.texts import _, render
from provisioning.commands.answers import BrokerUrl, CheckedText, Choice, Degrees, Key, Latitude, MayBeNone, Metres
from provisioning.commands.asking import asked
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import is_missing, sentence
from provisioning.commands.settings import sensor_table
from provisioning.commands.stationfile import ALTITUDE, DATUM, LATITUDE, LONGITUDE, written
from provisioning.folding import as_typed, say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.config.errors import Mistake

SITE = ("latitude", "longitude", "altitude")
DATUMS = ("WGS-84", "CGCS2000", "GCJ-02")


class Answers:
    """The answers given so far, in a hidden file beside `out` from the first question until `out` is written."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self.file = out.with_name(f".{out.name}.answers")
        self._found: dict[str, str | float | list[str]] = {}

    def begin(self) -> None:
        """Load the answers of an earlier interview, and say so. Raise CommandError where `out` cannot be written."""
        with suppress(OSError, msgspec.MsgspecError):  # missing or invalid
            self._found = msgspec.json.decode(self.file.read_bytes(), type=dict[str, str | float | list[str]])
        if self._found:
            say(_("Continuing an earlier interview: Enter accepts the answer in brackets, - removes it."))
        self._write()

    def get(self, key: str, default: Any) -> Any:
        """Return what was answered, or the default."""
        return self._found.get(key, default)

    def keep(self, key: str, value: Any) -> None:
        """Store an answer on the disk. Raise CommandError where it cannot be written."""
        self._found[key] = value
        self._write()

    @contextmanager
    def until_written(self) -> Iterator[None]:
        """Delete the answers when the block has ended; if it fails, say that they are kept."""
        try:
            yield
        except (click.Abort, KeyboardInterrupt, CommandError):
            if self._found:
                say("\n" + _("The answers are kept: run the same command again to continue."), err=True)
            raise
        self.file.unlink(missing_ok=True)

    def _write(self) -> None:
        try:
            write_whole(self.file, msgspec.json.encode(self._found))
        except OSError as error:
            raise unwritable(self._out, error) from None


def unwritable(out: Path, error: OSError) -> CommandError:
    """Return the error for a file that cannot be written, with a remedy where there is one."""
    sentence = _("{file} cannot be written: {detail}").format(file=out, detail=render(system_reason(error)))
    folder = out.absolute().parent
    lacks = is_missing(folder)  # otherwise it is one of the kernel's, in which nothing can be created
    remedies = {
        errno.ENOENT: _("Make its folder first: sudo mkdir -p {folder}").format(folder=as_typed(folder))
        if lacks
        else "",
        errno.EACCES: _("Use sudo, or name a file in a folder of your own."),
    }
    return CommandError(Exit.USAGE, sentence, remedies.get(error.errno or 0, ""))


def asks() -> bool:
    """Return whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def complete(given: dict[str, Any], answers: Answers) -> dict[str, Any]:
    """Return all facts: given, else prompted for at a terminal, else the defaults."""
    person = asks()
    facts = dict(given)
    # A person sees the defaults and accepts them knowingly; a script may not be aware of them.
    facts["unasked"] = [key for key in SITE if facts.get(key) is None and not person]
    if person:
        answers.begin()
    for key, question, default, kind in questions():
        if facts.get(key) is None:
            if default is None and not person:
                raise CommandError(Exit.USAGE, _("--station is missing: the station needs a name, such as maoxian-1."))
            facts[key] = ask_fact(answers, key, question, default, kind) if person else default
    if person and not facts["sensors"]:
        facts["sensors"] = asked_sensors(facts, answers)
    facts["sensors"] = tuple(facts["sensors"])
    facts["state"] = str(Path(facts["state"]).absolute())
    return facts


def questions() -> list[tuple[str, str, Any, click.ParamType[Any]]]:
    """Return each question: its key, text, default, and type of answer."""
    from edge.config.sections import BrokerSection, SiteSection, StateSection, StationSection

    return [
        ("station", _("The station's name (letters a-z, digits, hyphens)"), None, Key(StationSection, "id")),
        ("title", _("What people call it"), "", MayBeNone(click.STRING)),
        ("latitude", _("Latitude, degrees north"), LATITUDE, Key(SiteSection, "latitude", Latitude())),
        ("longitude", _("Longitude, degrees east"), LONGITUDE, Key(SiteSection, "longitude", Degrees())),
        ("datum", _("Datum of the position (GCJ-02 for positions from Chinese maps)"), DATUM, Choice(DATUMS)),
        ("altitude", _("Altitude, metres"), ALTITUDE, Key(SiteSection, "altitude_m", Metres())),
        ("crop", _("What grows there"), "", MayBeNone(click.STRING)),
        ("state", _("The folder of its data"), "/var/lib/minshan", Key(StateSection, "dir")),
        ("broker", _("The broker's address (empty: none)"), "", MayBeNone(BrokerUrl(BrokerSection, "url"))),
    ]


def ask_fact(answers: Answers, key: str, question: str, default: Any, kind: click.ParamType[Any]) -> Any:
    """Prompt for a fact until the answer is valid, and store it. An earlier answer is the default."""
    stands = answers.get(key, default)
    found = asked(question, stands, kind, stands not in ("", None))
    answers.keep(key, found)
    return found


def asked_sensors(facts: dict[str, Any], answers: Answers) -> list[str]:
    """Prompt for sensors one by one; each is checked at once, and stored."""
    found: list[str] = []
    earlier = list(answers.get("sensors", []))
    question = _("A sensor, such as bme280 or ascii-station:port=/dev/ttyUSB0 (empty: no more)")
    kind = MayBeNone(CheckedText(fits(facts, found)))
    while True:
        stands = earlier.pop(0) if earlier else ""
        spec = asked(question, stands, kind, bool(stands))
        if not spec and not earlier:
            return found
        if spec:
            found.append(spec)
        answers.keep("sensors", [*found, *earlier])
        if spec:
            say("  ✓ " + tables_of(found)[-1]["name"])


def of_key(mistake: Mistake, table: str) -> str:
    """Return a mistake in a sensor, with its key."""
    key = mistake.key.removeprefix(table).lstrip(".")
    return _("{place}: {sentence}").format(place=key, sentence=sentence(mistake)) if key else sentence(mistake)


def tables_of(specs: list[str]) -> list[dict[str, Any]]:
    """Return the sensors' tables, with unique names."""
    names: list[str] = []
    return [sensor_table(spec, names) for spec in specs]


def fits(facts: dict[str, Any], found: list[str]) -> Callable[[str], None]:
    """Return a function that raises CommandError for a sensor that is malformed or conflicts with those so far."""
    from edge.config.errors import ConfigError
    from edge.config.file import checked

    def check(spec: str) -> None:
        tables = tables_of([*found, spec])
        try:
            checked("", written(facts, tables, []))
        except ConfigError as error:
            last = f'sensor "{tables[-1]["name"]}"'
            wrong = [of_key(mistake, last) for mistake in error.mistakes if mistake.key.startswith(last)]
            if wrong:
                raise CommandError(Exit.CONFIG, "\n".join(wrong)) from None

    return check
