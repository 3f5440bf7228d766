"""A demo's run: simulated time passes, what there is to see is shown, and Ctrl-C ends it in order."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from edge.control.status import plain_status
from edge.language import texts
from edge.language.texts import _
from edge.sim.rig import Rig
from edge.station import Station
from edge.store.outbox import PLATFORM
from provisioning.demo.faults import FaultLog
from provisioning.demo.table import live_table

DRAW_S = 0.5  # real seconds between two pictures of the table
FAST_SLICE = 600.0  # simulated s between two looks where time goes as fast as it can
DRAIN_SLICE = 0.5  # s between two looks for what is still unsent
GRACE = 2.0  # s after the end in which the last minute is closed
LATELY = 6  # lines of what went missing and came back


@dataclass
class Show:
    """A running demo before its audience; `faults` tells what went missing, where faults were asked for."""

    console: Console
    rig: Rig
    station: Station
    interrupted: list[bool]
    faults: FaultLog | None = None
    _shown_hour: int = -1

    def run(self, speed: float | None, end: float) -> None:
        """Let time pass to `end` (s of the boot), the table drawn between two slices; then end measuring."""
        pace = _("{n}x").format(n=f"{speed:g}") if speed else _("at full speed")
        slice_s = FAST_SLICE if speed is None else speed * DRAW_S
        with self._drawing() as draw:
            while not self.interrupted and self.rig.clock.now() < end + GRACE:
                self.rig.clock.run_until(min(self.rig.clock.now() + slice_s, end + GRACE))
                draw(pace)
            self.rig.stop_measuring(min(end, self.rig.clock.now()))
            draw(pace)

    def drain(self) -> None:
        """Stay until nothing is unsent: time now runs as in life, so that the broker has its time."""
        self.rig.clock.pace(1.0)
        if self.station.uplink is not None:
            self.station.uplink.retry_now()
        with self._drawing() as draw:
            while not self.interrupted and unsent(self.station):
                self.rig.clock.run_until(self.rig.clock.now() + DRAIN_SLICE)
                draw(_("sending what is left"))

    @contextlib.contextmanager
    def _drawing(self) -> Iterator[Callable[[str], None]]:
        """Give a function that shows the station: a live table on a terminal, a line a simulated hour elsewhere."""
        if self.console.is_terminal:
            with Live(console=self.console, auto_refresh=False) as live:
                yield lambda speed: live.update(self._picture(speed), refresh=True)
        else:
            yield self._lines

    def _picture(self, speed: str) -> RenderableType:
        facts = plain_status(self.station.parts)
        if self.faults is None:
            return live_table(facts, speed, self.console, self.console.height)
        self.faults.look()
        lines = self.faults.lines[-LATELY:]
        table = live_table(facts, speed, self.console, self.console.height - len(lines))
        return Group(table, Text("\n".join(lines), style="yellow", no_wrap=True, overflow="ellipsis"))

    def _lines(self, speed: str) -> None:
        facts = plain_status(self.station.parts)
        for line in self.faults.look() if self.faults is not None else ():
            self.console.print(line, highlight=False)
        hour = (facts["time"] or 0) // 3_600_000_000
        if self._shown_hour != hour:
            self._shown_hour = hour
            store = facts["store"]
            line = _("{time}  {records} records, {unsent} unsent").format(
                time=texts.when(facts["time"], facts["utc_offset_h"]),
                records=store["next_seq"] - 1,
                unsent=store["unsent"],
            )
            if facts["uplink"] is not None and not facts["uplink"]["connected"]:
                line += "  (" + _("no connection") + ")"
            self.console.print(line, highlight=False)


def unsent(station: Station) -> int:
    """Count the records and pictures that the platform does not have yet, or has not proven to have."""
    left = station.store.pictures.count()
    unproven = sum(span.last - span.first + 1 for span in station.store.outbox.unproven(PLATFORM))
    return station.store.outbox.count_unsent(PLATFORM) + unproven + left.thumbnails + left.full


@contextlib.contextmanager
def interrupts(rig: Rig) -> Iterator[list[bool]]:
    """Make Ctrl-C and SIGTERM end the run in order: the list is filled, and the clock lets go."""
    interrupted: list[bool] = []

    def stop(*_signal: object) -> None:
        interrupted.append(True)
        rig.clock.halt()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
