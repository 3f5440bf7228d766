"""A demo's messages at its beginning and its end, and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from drivers.devices.ascii_station import NOT_A_FRAME
from drivers.devices.stream import ANOTHER_DEVICE, CHECKSUM, NO_HEADER
from drivers.errors import CUT_SHORT
from drivers.reason import Reason
from edge.config.sections import Config
from edge.language import texts
from edge.language.texts import _, ngettext
from edge.records.bodies import plain
from edge.sim.rig import Rig
from edge.snapshots import StationStatus
from edge.station import Station
from provisioning.commands.budget_lines import bill
from provisioning.demo.companions import unsent
from provisioning.demo.hub import DemoHub
from provisioning.demo.hub_setup import ADMIN
from provisioning.demo.show import bare
from provisioning.demo.unplugging import OwnPage
from provisioning.folding import fold, program

TIMELESS = "no time"
REFUSALS = {why.code: why for why in (CHECKSUM, CUT_SHORT, NO_HEADER, ANOTHER_DEVICE, NOT_A_FRAME)}
REFUSALS[TIMELESS] = Reason("no_time_of_arrival", "no time of arrival")
MOST_COMPLAINTS = 20  # of the checker that are printed


def print_wrapped(console: Console, text: str, style: str = "") -> None:
    """Print a text, wrapped between words on a terminal."""
    console.print(text if console.soft_wrap else fold(text, console.width), style=style, markup=False)


def hello(
    console: Console,
    config: Config,
    factor: float | None,
    state: Path | None,
    hub: DemoHub | None,
    stations: int,
    page: OwnPage | None,
) -> None:
    """Print the first lines: where the page is, what is shown, and how to stop."""
    if page is not None:
        print_wrapped(console, _("Open it in a browser: {address}").format(address=page.address), style="bold")
    sentence = ngettext(
        "岷山 Minshan: a weather station on simulated devices ({n} sensor), sending to its broker.",
        "岷山 Minshan: a weather station on simulated devices ({n} sensors), sending to its broker.",
        len(config.sensor),
    )
    print_wrapped(console, sentence.format(n=len(config.sensor)))
    if stations > 1:
        print_wrapped(console, _("{n} stations run, of which the table shows the first.").format(n=stations))
    if hub is not None and hub.address is not None:
        print_wrapped(console, _("The hub's page: {address}").format(address=hub.address))
        sentence = _("Log in there as {name} with the password {password}")
        print_wrapped(console, sentence.format(name=ADMIN, password=hub.password))
    if page is not None:
        print_wrapped(console, _("The page's forms are unlocked with the token {token}").format(token=page.token))
    speed = _("as fast as possible") if factor is None else _("{n} times as fast as real time").format(n=f"{factor:g}")
    print_wrapped(console, _("Time is simulated and runs {speed}. Press Ctrl-C to stop.").format(speed=speed))
    if config.broker is not None:
        command = f"{program()} watch --broker {bare(config.broker.url)}"
        print_wrapped(console, _("Watch it from elsewhere: {command}").format(command=command))
    if state is not None:
        print_wrapped(
            console,
            _("Everything is kept in {folder}; a demo started with it again continues from there.").format(
                folder=state
            ),
        )


def reported(station: Station, facts: StationStatus, first_seq: int, rig: Rig) -> dict[str, Any]:
    """Return the report of this run."""
    refused: dict[str, int] = {}
    for sensor in facts.sensors:
        for reason, count in sensor.refused.items():
            refused[reason] = refused.get(reason, 0) + count
    capture = rig.capture
    if capture is not None and capture.timeless:
        refused[TIMELESS] = capture.timeless
    last_seq = station.store.next_seq - 1
    return {
        "lines_read": rig.lines_sent() + (capture.timeless if capture else 0),
        "lines_refused": refused,
        "records": last_seq - first_seq + 1,
        "first_seq": first_seq,
        "last_seq": last_seq,
        "epoch": station.epoch,
        "unsent": unsent(station),
        "pictures": facts.pictures.taken if facts.pictures else 0,
        "hour": plain(facts.hour) if facts.hour else None,
        "budget": plain(facts.budget) if facts.budget else None,
    }


def goodbye(console: Console, report: dict[str, Any], facts: StationStatus, state: Path | None) -> None:
    """Print the summary; `facts`: the station's status at the end."""
    counts = [counted("records", report["records"]), counted("unsent", report["unsent"])]
    if facts.pictures is not None:
        counts.append(counted("pictures", report["pictures"]))
    print_wrapped(console, _("Stopped: {counts}.").format(counts=_(", ").join(counts)))
    on_its_way = report["unsent"] and (facts.uplink is None or facts.uplink.connected)
    if report["unsent"] and facts.uplink is not None and not facts.uplink.connected:
        why = texts.render_value(facts.uplink.trouble)
        sentence = (
            _("There is no connection to the broker: {why}") if why else _("There is no connection to the broker.")
        )
        print_wrapped(console, sentence.format(why=why))
    if facts.pictures is None:
        print_wrapped(console, read_lines(report["lines_read"], report["lines_refused"]))
    for line in bill(facts.budget) if facts.budget else ():
        print_wrapped(console, line)
    for line in report.get("hub", ()):
        sentence = _(
            "{station}: the hub has {received} of {records} records, {minutes_received} of {minutes_measured} minutes."
        )
        print_wrapped(console, sentence.format(**line))
    if on_its_way or any(line["received"] < line["records"] for line in report.get("hub", ())):
        print_wrapped(console, _("This was still on its way; a station sends it after its next start."))
    if "faults" in report:
        told_faults(console, report["faults"])
    if state is not None:
        print_wrapped(console, _("The data is in {folder}.").format(folder=state))


def read_lines(read: int, refused: dict[str, int]) -> str:
    """Return how many lines of a capture were read, and how many were refused for each reason."""
    lines = ngettext("{n} line was read", "{n} lines were read", read).format(n=read)
    sentence = _("{lines}, {refused} refused.").format(lines=lines, refused=sum(refused.values()))
    causes = [(texts.render(REFUSALS[code]) if code in REFUSALS else code, n) for code, n in refused.items()]
    why = _(", ").join(_("{why} ({n})").format(why=why, n=n) for why, n in causes)
    return _("{sentence} Why: {causes}.").format(sentence=sentence, causes=why) if why else sentence


def counted(what: str, n: int) -> str:
    """Return a count in words."""
    words = {
        "records": ngettext("{n} record was made", "{n} records were made", n),
        "unsent": ngettext("{n} is unsent", "{n} are unsent", n) if n else _("everything is sent"),
        "pictures": ngettext("{n} picture was taken", "{n} pictures were taken", n),
    }
    return words[what].format(n=n)


def told_faults(console: Console, faults: dict[str, Any]) -> None:
    """Print the results of the faults: how often a device went missing, and the checker's complaints."""
    n = faults["gaps"]
    print_wrapped(
        console, texts.ngettext("A device went missing {n} time.", "Devices went missing {n} times.", n).format(n=n)
    )
    if not faults["complaints"]:
        print_wrapped(
            console,
            _(
                "Checked against the simulated weather: no wrong value passed as good, and all other "
                "devices are unaffected."
            ),
        )
    for complaint in faults["complaints"][:MOST_COMPLAINTS]:
        print_wrapped(console, complaint, style="red")
