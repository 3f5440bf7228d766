"""`minshan sensors tips`: count what a running station's rain gauges count while somebody tips them by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.language import texts
from edge.language.texts import _, ngettext
from edge.records.bodies import restore
from provisioning.commands.durations import IntRange
from provisioning.commands.exits import CommandError, Exit
from provisioning.commands.options import as_command, config_option, json_option, print_json, state_option
from provisioning.commands.status import ask_station, typed
from provisioning.folding import say

RAIN = "rainfall_amount"
EVERY_S = 0.5  # s between two queries; a contact is read once a second
WORK_S = 20 * 60.0  # s of maintenance; it ends by itself


@dataclass
class Gauge:
    """A rain gauge: what it has counted since the command began. `total` is its own running total, mm."""

    name: str
    mm_per_tip: float | None
    total: float | None = None
    rain: float = 0.0
    down: Reason | None = None

    def take(self, total: float | None, down: Reason | None) -> bool:
        """Add its newest total, or why it gives none. Return whether there is anything new to print.

        A total that falls is of a counter that was reset: what it counted meanwhile is not known.
        """
        risen = 0.0 if total is None or self.total is None else max(0.0, total - self.total)
        changed = risen > 0 or down != self.down
        self.total, self.down = (self.total if total is None else total), down
        self.rain += risen
        return changed

    @property
    def tips(self) -> int | None:
        """The number of tips, None where the rain per tip is not known."""
        return None if self.mm_per_tip is None else round(self.rain / self.mm_per_tip)

    def show(self, as_json: bool) -> None:
        """Print what it has counted, or why it gives no readings."""
        if as_json:
            down = None if self.down is None else self.down.builtins()
            print_json({"sensor": self.name, "tips": self.tips, "mm": round(self.rain, 4), "down": down})
            return
        amount = texts.amount(RAIN, self.rain, "mm")
        said = amount if self.down is None else texts.in_full(self.down)
        if self.down is None and self.tips is not None:
            said = ngettext("{n} tip, {amount}", "{n} tips, {amount}", self.tips).format(n=self.tips, amount=amount)
        say(_("{place}: {sentence}").format(place=self.name, sentence=said))


@click.command(
    help=_(
        "Tip a rain gauge by hand and see each tip counted by the running station, until Ctrl-C. Maintenance is "
        "announced first, so that no tip counts as rain."
    )
)
@config_option()
@state_option()
@click.option("--count", "wanted", metavar="N", type=IntRange(1), help=_("End once a gauge has counted N tips."))
@json_option()
def tips(config_file: Path | None, state: Path | None, wanted: int | None, as_json: bool) -> None:
    """Poll the station for its gauges' totals, and print each rise."""
    gauges = {
        found["sensor"]: Gauge(found["sensor"], found["mm_per_tip"], found["value"])
        for found in totals(config_file, state)
    }
    if not gauges:
        raise CommandError(Exit.CONFIG, _("This station has no rain gauge."))
    if typed(ask_station(config_file, state, "status")).maintenance is None:
        ask_station(config_file, state, "maintenance", seconds=WORK_S, text=_("tipping the rain gauge"))
    if not as_json:
        said = _("Under maintenance: nothing that {gauges} counts now is rain. Tip it slowly; Ctrl-C stops.")
        say(said.format(gauges=_(", ").join(gauges)))
    clock = SystemClock()
    try:
        while wanted is None or max(gauge.tips or 0 for gauge in gauges.values()) < wanted:
            for found in totals(config_file, state):
                new = Gauge(found["sensor"], found["mm_per_tip"])  # the station may be restarted with another file
                gauge = gauges.setdefault(found["sensor"], new)
                if gauge.take(found["value"], found["down"] and restore(Reason, found["down"])):
                    gauge.show(as_json)
            clock.sleep_until(clock.now() + EVERY_S)
    except KeyboardInterrupt:
        if wanted is not None:
            raise
    if not as_json:
        said = _("Maintenance ends by itself, or by `{command}` once the water is out.")
        say(said.format(command=as_command("maintenance 0", config_file, state)))


def totals(config_file: Path | None, state: Path | None) -> list[dict[str, Any]]:
    """Return the running totals of the station's gauges as they are now."""
    found: list[dict[str, Any]] = ask_station(config_file, state, "readings", quantity=RAIN)["readings"]
    return found
