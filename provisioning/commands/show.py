"""`minshan show`: a curve of what the station has measured, its extremes, the frost minutes and the gaps."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from edge.language.texts import _
from edge.language.words import N_, QUANTITIES
from edge.records.answers import Now, Point, Series
from edge.records.asked import DAY_US, HOUR_US, MINUTE_US
from edge.records.bodies import Hour, restore
from provisioning.commands.answers import WordChoice, key
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import as_command, config_option, state_option
from provisioning.commands.show_csv import print_csv
from provisioning.commands.show_lines import Curve, lines
from provisioning.commands.status import ask_station
from provisioning.folding import page

WINDOWS = {"24h": N_("24 hours"), "last-night": N_("Last night"), "7d": N_("7 days"), "season": N_("season")}
CHANNEL = re.compile(r"[a-z0-9_.-]+")  # of a channel's name
DUSK_H, DAWN_H = 18, 8  # local hours between which "last night" lies
SEASON_US = 180 * DAY_US  # where the season's begin is not known


@click.command(
    help=_("Show a curve of the last 24 hours, the last night, 7 days or the season, and its extremes.")
    + "\n\n"
    + _("SPAN is one of: {spans}; 24h if not given.").format(spans=_(", ").join(f"`{span}`" for span in WINDOWS))
)
@click.argument("window", type=WordChoice(WINDOWS), default="24h", metavar=_("[SPAN]"))
@click.argument("quantity", default="air_temperature", metavar=_("[QUANTITY]"))
@click.option("--csv", "as_csv", is_flag=True, help=_("Print CSV: each value with its time, local and UTC."))
@config_option()
@state_option()
def show(window: str, quantity: str, as_csv: bool, config_file: Path | None, state: Path | None) -> None:
    """Query the running station, and print the curve."""
    asked = RunningStation(config_file, state)
    curve = asked.curve(window, channel_of(quantity))
    if as_csv:
        print_csv(curve)
        return
    page(lines(curve, shutil.get_terminal_size().columns))


def channel_of(named: str) -> str:
    """Return the channel named by its identifier, or by its quantity's name in one of the languages."""
    whole = key(named, QUANTITIES, QUANTITIES)
    quantity, dot, sensor = named.rpartition(".")  # the name of a quantity may have a dot too
    return whole if whole in QUANTITIES else key(quantity, QUANTITIES, QUANTITIES) + dot + sensor


class RunningStation:
    """Queries to the running station of a file or folder. All methods raise CommandError."""

    def __init__(self, config_file: Path | None, state: Path | None) -> None:
        self._where = config_file, state

    def ask(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Return what the station answers."""
        return ask_station(*self._where, name, **arguments)

    def curve(self, window: str, channel: str) -> Curve:
        """Return a window's curve, with the facts for its summary."""
        now = msgspec.convert(self.ask("now"), Now)
        offset = int(self.ask("station")["utc_offset_s"])
        if now.end_us is None or now.age_s is None:
            sentence = _("The station does not know the time yet: there is no curve without it.")
            raise CommandError(
                Exit.TROUBLE, sentence, _("See `{command}`.").format(command=as_command("status", *self._where))
            )
        first, last = bounds(window, now.end_us + round(now.age_s * 1e6), offset, self._season())
        step = "hour" if window == "season" else "minute"
        if not CHANNEL.fullmatch(channel):
            self._check(channel, first, last)
        points, unit = self._points(channel, first, last, step)
        if not points and channel not in now.values:
            self._check(channel, first, last)
        cold = self._cold(channel, points) if step == "hour" and unit == "degC" else points
        return Curve(window, channel, unit, first, last, offset, points, cold, self._critical(), now)

    def _season(self) -> int | None:
        hour = msgspec.convert(self.ask("status").get("hour"), Hour | None, dec_hook=restore)
        return None if hour is None else hour.season.since

    def _points(self, channel: str, first: int, last: int, step: str) -> tuple[list[Point], str]:
        """Return all pages of a curve."""
        points, rest, unit = [], first, ""
        while True:
            span = {"from": rest / 1e6, "to": last / 1e6}
            found = msgspec.convert(self.ask("series", channel=channel, step=step, **span), Series)
            points += found.points
            unit = found.unit
            if found.next_us is None:
                return points, unit
            rest = found.next_us

    def _cold(self, channel: str, hours: list[Point]) -> list[Point]:
        """Return the minutes of the hours in which it froze."""
        found: list[Point] = []
        for hour in hours:
            if hour.lowest is not None and hour.lowest < 0:
                found += self._points(channel, hour.start_us, hour.end_us, "minute")[0]
        return found

    def _critical(self) -> list[tuple[str, str, float]]:
        """Return crop, stage and the temperature that it tolerates, of each crop with a confirmed stage."""
        from edge.alerts.crops import CRITICAL

        found: dict[str, tuple[str, str, float]] = {}
        for event in self.ask("events", **{"from": 0.0}, kind="stage")["events"]:
            crop, stage = str(event["body"].get("crop")), str(event["body"].get("stage"))
            if stage in CRITICAL.get(crop, {}):
                found.setdefault(crop, (crop, stage, CRITICAL[crop][stage]))  # the newest comes first
        return list(found.values())

    def _check(self, channel: str, first: int, last: int) -> None:
        """Raise CommandError where there is no channel of that name."""
        known = self.ask("channels", **{"from": first / 1e6, "to": last / 1e6})["channels"]
        if channel not in known:
            sentence = _('No "{channel}" is measured here; there are: {names}')
            raise CommandError(Exit.USAGE, sentence.format(channel=channel, names=_(", ").join(known)))


def bounds(window: str, now: int, offset_s: int, season: int | None) -> tuple[int, int]:
    """Return begin and end of a window, microseconds UTC; "last-night": the latest night, also one in progress."""
    if window == "last-night":
        local = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=now, seconds=offset_s)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        utc = (midnight - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1) - offset_s * 1_000_000
        return utc - (24 - DUSK_H) * HOUR_US, min(now, utc + DAWN_H * HOUR_US)
    if window == "season":
        return (now - SEASON_US if season is None else season), now
    return now // MINUTE_US * MINUTE_US - (7 if window == "7d" else 1) * DAY_US, now
