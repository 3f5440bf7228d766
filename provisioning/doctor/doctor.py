"""`minshan doctor`: check everything that a station depends on, and report whether it is in order."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.control import client
from edge.control.client import AskError, NotRunningError
from edge.language.texts import _, ngettext
from provisioning.commands.budget import outcome, planned
from provisioning.commands.budget_lines import amount, bill
from provisioning.commands.doubts import doubts
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.finding import Finding, lines, show
from provisioning.commands.options import config_option, json_option, loaded, print_json
from provisioning.doctor import box, cameras, sensors
from provisioning.doctor.buses import buses_of, by_bus
from provisioning.doctor.horn import horn
from provisioning.doctor.notify import notify
from provisioning.folding import fold, say

if TYPE_CHECKING:
    from edge.budget.plan import Bill
    from edge.config.sections import Config
    from edge.snapshots import StationStatus


@click.command(
    help=_(
        "Check the file, sensors, cameras, clock, disk and broker; say what to do about each. ✓ is "
        "fine, ! works but should be noted, ✗ needs attention. Exits with 0, or with 1 if there is a "
        "✗."
    )
)
@config_option()
@json_option()
@click.pass_context
def doctor(ctx: click.Context, config_file: Path | None, as_json: bool) -> None:
    """Print each finding at once. Exit with code 1 where a check failed (hints do not count)."""
    config = loaded(config_file)
    found = []
    for finding in findings(config):
        found.append(finding)
        if not as_json:
            show(finding)
    bad = [finding for finding in found if not finding.well]
    if as_json:
        print_json([asdict(finding) for finding in found])
    else:
        say(summary(len(bad), sum(finding.mark == "!" for finding in found)))
        for finding in to_repeat(bad, found):
            show(finding)
    ctx.exit(Exit.TROUBLE if bad else Exit.OK)


def to_repeat(bad: list[Finding], found: list[Finding]) -> list[Finding]:
    """Return the failed checks if they may have scrolled out of the terminal's window, and fit into it now."""
    size = shutil.get_terminal_size()

    def fits(findings: list[Finding]) -> bool:
        shown = (fold(line, size.columns).count("\n") + 1 for finding in findings for line in lines(finding))
        return sum(shown) + 2 <= size.lines  # the summary and the prompt stand there too

    return bad if sys.stdout.isatty() and fits(bad) and not fits(found) else []


def summary(bad: int, hints: int) -> str:
    """Return the last line."""
    if bad:
        return ngettext("{n} thing needs attention.", "{n} things need attention.", bad).format(n=bad)
    if hints:
        sentence = ngettext(
            "Everything works; {n} thing to note (!).", "Everything works; {n} things to note (!).", hints
        )
        return sentence.format(n=hints)
    return _("All is well.")


def findings(config: Config) -> Iterator[Finding]:
    """Yield all findings in order. A running station occupies buses and cameras, and is queried instead."""
    from provisioning.doctor.broker import broker
    from provisioning.doctor.destinations import destinations

    yield Finding("file", True, _("file: {file} is right").format(file=config.path))
    yield from (Finding("file", True, sentence, remedy) for sentence, remedy in doubts(config))
    yield from box.site(config)
    answer = running(config)
    if answer is not None:
        said = _('station: "{station}" is running on {folder}')
        yield Finding("station", True, said.format(station=answer.station, folder=config.state_dir))
        sensors_there = [(entry.name, entry.bus) for entry in answer.sensors]
        yield from by_bus(sensors_there, sensors.sensors_of(config, answer))
        yield from cameras.cameras_of(answer)
        yield from box.archive_of(answer)
    else:
        yield from by_bus(buses_of(config), sensors.sensors(config))
        yield from cameras.cameras(config)
    yield from horn(config, answer)
    yield from notify(config)
    yield from box.strays(config)
    yield box.clock(config) if answer is None else box.clock_of(answer)
    yield box.disk(config, answer is not None)
    yield from cost(config, answer)
    yield from broker(config)
    yield from destinations(config)


def cost(config: Config, answer: StationStatus | None) -> Iterator[Finding]:
    """Yield the cost of mobile data: as counted by the running station, or as estimated from the file."""
    if answer is not None and answer.budget is not None:
        yield Finding("budget", True, "\n  ".join(bill(answer.budget)))
    elif config.broker is not None:
        found, at = planned(config)
        yield Finding("budget", True, planned_cost(config, found[at]))


def planned_cost(config: Config, one: Bill) -> str:
    """Return the estimated cost of a month."""
    if config.budget is None:
        sentence = _("mobile data: about {month} MB a month; the file has no [budget], so nothing is thinned")
        return sentence.format(month=amount(one.total))
    most = config.budget.mb_per_month
    if one.live + one.link > most:
        return outcome(config, one)
    sentence = _("mobile data: about {month} MB a month; the file allows {most} MB")
    if one.total > most:
        sentence = _("mobile data: all would be {month} MB a month; the file allows {most} MB, so fewer photos go")
    return sentence.format(month=amount(one.total), most=f"{most:g}")


def running(config: Config) -> StationStatus | None:
    """Return the status of the station that runs on this folder; None where none does."""
    try:
        return client.status(config.socket_path)
    except NotRunningError:
        return None
    except AskError as error:
        raise CommandError(Exit.TROUBLE, str(error), error.remedy) from None
