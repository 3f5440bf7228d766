"""`minshan hub`: the office's side. `init` writes its file, `run` receives, `status` and `gaps` report completeness."""

from __future__ import annotations

import signal
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from edge.clock.clock import system_utc
from edge.language import destinations, texts
from edge.language.texts import _, ngettext
from edge.records.answers import Completeness
from provisioning.commands import hub_broker, hub_disks, open_secrets
from provisioning.commands.answers import Day
from provisioning.commands.doubts import absent, letters, relative
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.hub_backup import backup, restore
from provisioning.commands.hub_export import export
from provisioning.commands.hub_file import init
from provisioning.commands.hub_on_call import alerts, person
from provisioning.commands.hub_options import FILE, loaded, named, reading
from provisioning.commands.hub_people import token, user
from provisioning.commands.hub_visits import visits
from provisioning.commands.options import format_file_error, json_option, print_json
from provisioning.commands.run import log_to_stderr
from provisioning.folding import say

if TYPE_CHECKING:
    from hub.config import HubConfig
    from hub.database.engine import Engine
    from hub.forward.state import DestinationState

DAYS = 7  # shown by default


@click.group(help=_("The office's side: keep what all stations send in a database, and prove that it is complete."))
def hub() -> None:
    """Group the commands below."""


for command in (init, user, token, person, alerts, visits, export, backup, restore):
    hub.add_command(command)


@hub.command(help=_("Run the hub: receive, keep and confirm until it is told to stop (Ctrl-C)."))
@FILE
def run(config_file: Path) -> None:
    """Run until SIGINT or SIGTERM; wait for an unavailable broker or database."""
    from edge.page.address import PortError
    from hub.database.errors import DatabaseRefusedError
    from hub.hub import serve

    config = loaded(config_file)
    log_to_stderr()
    ending: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: ending.append(got))
    try:
        serve(config, lambda: bool(ending))
    except DatabaseRefusedError as error:
        raise CommandError(Exit.STORE, error.reason) from None
    except PortError as error:
        remedy = _("Write an address of this machine and a free port in [http] listen.")
        raise CommandError(Exit.STORE, error.reason, remedy) from None
    except OSError as error:
        raise CommandError(Exit.STORE, format_file_error(error)) from None


@hub.command(help=_("Show the state of the broker, of each station, of today's data and of each destination."))
@FILE
@json_option()
def status(config_file: Path, as_json: bool) -> None:
    """Print a line for the broker, each disk that is nearly full or read-only, each station and destination.

    Exit with 1 where the broker refuses the hub, there is such a disk, a station has been silent for over an hour, or a
    destination is late.
    """
    from hub.completeness import day_of, local_day
    from hub.stations import stations

    now, hours = system_utc(), 0.0
    config = loaded(config_file)
    names = {f"alarms.names.{station}": name for station, name in config.alarms.names.items()}
    missing = absent(config.broker, *config.forward, *config.channel)
    folder = relative("pictures.dir", config.pictures.dir, "/var/lib/minshan-hub/pictures")
    open_secrets.show((*open_secrets.of_hub(config, config_file), *missing, *folder, *letters(names)), as_json)
    with reading(config) as engine:
        broker = hub_broker.state_of(config.broker)
        late = broker.trouble is not None
        if as_json:
            print_json(broker._asdict())
        else:
            say(hub_broker.line(broker))
        late = hub_disks.shown(config, engine, as_json) or late
        heard_of = stations(engine, now)
        if not heard_of and not as_json:
            say(_("No station has sent anything yet."))
        for one in heard_of:
            today = day_of(engine, one.station, local_day(engine, one.station, now), now)
            arrived, newest, hours = one.arrived_us, one.newest_us, one.utc_offset_s / 3600
            late = late or arrived is None or now - arrived > 3600e6
            if as_json:
                print_json({"newest_us": newest, "arrived_us": arrived, **msgspec.to_builtins(today)})
                continue
            heard = _("last heard {when}, newest minute {newest}").format(
                when=texts.when(arrived, hours), newest=texts.when(newest, hours) if newest else _("none")
            )
            say(_("{place}: {sentence}").format(place=one.station, sentence=_("; ").join((heard, numbers(today)))))
        for state in states(engine, config):
            late = late or destinations.is_late(state.waiting, state.proven, now)
            if as_json:
                print_json({**state._asdict(), "why": None if state.why is None else state.why.builtins()})
            else:
                say(destinations.line(state, state.why, hours))
    if late:
        raise click.exceptions.Exit(Exit.TROUBLE)


@hub.command(help=_("Show what is missing, each gap with its cause."))
@FILE
@click.option("--station", metavar="ID", help=_("Only this station."))
@click.option("--day", type=Day(), help=_("Only this day, by the station's clock."))
@json_option()
def gaps(config_file: Path, station: str | None, day: datetime | None, as_json: bool) -> None:
    """Print the days and their gaps. Exit with 1 where there is a gap."""
    from hub.stations import names

    missing = 0
    with reading(loaded(config_file)) as engine:
        if station is not None:
            named(engine, station)
        wanted = names(engine) if station is None else [station]
        found = [one for name in wanted for one in days(engine, name, None if day is None else day.date())]
        if day is not None and not found:
            sentence = _("No minutes are due for {day}: it has not begun, or no station sent anything before it ended.")
            raise CommandError(Exit.USAGE, sentence.format(day=day.date()))
        if not found and not as_json:
            say(_("No minute has arrived yet."))
        for one in found:
            missing += len(one.gaps) + one.over
            show(engine, one, as_json)
    if missing:
        raise click.exceptions.Exit(Exit.TROUBLE)


def states(engine: Engine, config: HubConfig) -> list[DestinationState]:
    """Return the state of each destination."""
    from hub.forward.state import states_of

    return states_of(engine, config.forward)


def days(engine: Engine, station: str, day: date | None) -> list[Completeness]:
    """Return the given day, else the last DAYS; none before the first with a minute, or after today."""
    from hub.completeness import IN_TRANSIT_US, days_of, first_minute, local_day

    now = system_utc() - IN_TRANSIT_US
    first, today = first_minute(engine, station), local_day(engine, station, now)
    wanted = (today - timedelta(days=DAYS - 1), today) if day is None else (day, min(day, today))
    began = date.max if first is None else local_day(engine, station, first)
    found = days_of(engine, station, *wanted, now)
    return [one for one in found if one.day >= began or one.undated]


def show(engine: Engine, found: Completeness, as_json: bool) -> None:
    """Print a day."""
    from hub.causes import cause, doubt, overlapping, undated
    from hub.doubts import explained
    from hub.stations import offset_of

    day = explained(engine, found)
    if as_json:
        print_json(msgspec.to_builtins(day))
        return
    hours = offset_of(engine, found.station) / 3600
    say(_("{place}: {sentence}").format(place=f"{found.station} {found.day}", sentence=numbers(found)))
    lines = [(gap.start_us, gap.end_us, cause(gap.cause, gap.records, gap.why, gap.undated)) for gap in day.gaps]
    for start, end, why in sorted([*lines, *((span.start_us, span.end_us, doubt(span)) for span in day.doubts)]):
        span = f"  {texts.when(start, hours)} – {texts.when(end, hours)}"
        say(_("{place}: {sentence}").format(place=span, sentence=why))
    for count, told in ((found.undated, undated), (found.over, overlapping)):
        if count:
            say(f"  {told(count)}")


def numbers(day: Completeness) -> str:
    """Return a day's three numbers."""
    sentence = ngettext(
        "{measured} minute measured, {received} received, {good} good",
        "{measured} minutes measured, {received} received, {good} good",
        day.measured,
    )
    return sentence.format(measured=day.measured, received=day.received, good=day.good)
