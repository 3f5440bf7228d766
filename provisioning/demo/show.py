"""A demo's run: simulated time passes, the table is shown, and Ctrl-C ends it cleanly."""

from __future__ import annotations

import contextlib
import io
import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from drivers.reason import Reason
from edge.config.sections import Config
from edge.control.status import status
from edge.language import texts
from edge.language.texts import _
from edge.sim.rig import Rig
from edge.station import Station
from provisioning.commands.watch_screen import record_line
from provisioning.demo.companions import Companions, unsent
from provisioning.demo.faults import FaultLog
from provisioning.demo.table import lines_of, live_table
from provisioning.folding import columns_of, fold, program
from provisioning.terminal import can_redraw

DRAW_S = 0.5  # real s between two redraws of the table
FAST_SLICE = 600.0  # simulated s of a slice at full speed
DRAIN_SLICE = 0.5  # s between two checks of what is still unsent
LAST_S = 3.0  # s for sending the last record, if there is a connection
GRACE = 0.9  # s after the end: the last readings arrive, and the last minute is closed by the stop, not by its end
LATELY = 6  # lines about missing sensors that are shown
LOW = 30  # lines of a window that is too low for so many
ECHO = 2  # columns of the ^C that a terminal echoes after the last line; if it wrapped, the screen would scroll
PAGE_PICTURES = 6  # redraws (3 s) for which a page of the table stays


@dataclass
class Show:
    """A running demo and its display.

    `faults`: the log of faults, if they were requested; `page`: the address of the station's page.
    """

    console: Console
    rig: Rig
    station: Station
    companions: Companions
    interrupted: list[bool]
    faults: FaultLog | None = None
    page: str | None = None
    _told: int = field(init=False)  # the number of the newest printed record
    _trouble: Reason | None = None
    _pictures: int = 0

    def __post_init__(self) -> None:
        """Start with the records of this run."""
        self._told = self.station.store.next_seq - 1

    def run(self, speed: float | None, end: float) -> None:
        """Run until `end` (s since the boot), redrawing the table after each slice; then stop measuring.

        The last records get LAST_S to be sent.
        """
        pace = _("{n}x").format(n=f"{speed:g}") if speed else _("at full speed")
        slice_s = FAST_SLICE if speed is None else speed * DRAW_S
        with self._drawing() as draw:
            while not self.interrupted and self.rig.clock.now() < end + GRACE:
                self.rig.clock.run_until(min(self.rig.clock.now() + slice_s, end + GRACE))
                self.companions.follow(self._utc())
                draw(pace)
            last = min(end, self.rig.clock.now())
            self.companions.stop_measuring(self.rig.boot.utc_at(last))
            self.rig.stop_measuring(last)
            draw(pace)
            uplink = self.station.services.uplink
            if uplink is not None and uplink.snapshot.connected:
                self._send(lambda: draw(pace), LAST_S)

    def drain(self) -> None:
        """Run until nothing is unsent."""
        if self.station.services.uplink is not None:
            self.station.services.uplink.retry_now()
        self.companions.retry_now()
        with self._drawing() as draw:
            self._send(lambda: draw(_("sending the backlog")))

    def _send(self, draw: Callable[[], None], seconds: float = float("inf")) -> None:
        """Run for at most so many seconds until nothing is unsent, or a further Ctrl-C.

        Time now runs at real speed, so that the broker can keep up.
        """
        self.rig.clock.pace(1.0)
        if self.station.services.uplink is not None:
            self.station.services.uplink.wait_no_longer()
        self.companions.wait_no_longer()
        until, before = self.rig.clock.now() + seconds, len(self.interrupted)
        while len(self.interrupted) == before and self._unsent() and self.rig.clock.now() < until:
            self.rig.clock.run_until(self.rig.clock.now() + DRAIN_SLICE)
            self.companions.follow(self._utc())
            draw()

    def _unsent(self) -> int:
        return unsent(self.station) + self.companions.unsent()

    def _utc(self) -> int:
        return self.rig.boot.utc_at(self.rig.clock.now())

    @contextlib.contextmanager
    def _drawing(self) -> Iterator[Callable[[str], None]]:
        """Give a function that shows the station: a live table on a terminal, else a line per record."""
        if can_redraw():
            with Live(console=self.console, auto_refresh=False) as live:
                yield lambda speed: self._update(live, speed)
        else:
            yield self._lines

    def _update(self, live: Live, speed: str) -> None:
        """Redraw the table; if the terminal was closed, end the run and discard the output."""
        with contextlib.suppress(OSError):  # the terminal may be closed during a redraw
            live.update(self._picture(speed), refresh=True)
        if not self.console.file.isatty():
            self.interrupted.append(True)
            self.console.file = io.StringIO()

    def _picture(self, speed: str) -> RenderableType:
        below: list[RenderableType] = []
        if self.faults is not None:
            self.faults.look()
            lines = self.faults.lines[-(LATELY if self.console.height > LOW else 2) :]
            told = (fold(line, self.console.width) for line in lines)
            below.append(Text("\n".join(told), style="yellow", overflow="fold"))
        below.append(ways_on(self.rig.config, self.page, self.console.width))
        room = self.console.height - lines_of(self.console, Group(*below))
        self._pictures += 1
        table = live_table(
            status(self.station.services.parts), speed, self.console, room, self._pictures // PAGE_PICTURES
        )
        return Group(table, *below)

    def _lines(self, speed: str) -> None:
        """Print each new record as `minshan watch` does into a pipe, and each loss and return of the connection."""
        told = list(self.faults.look()) if self.faults is not None else []
        last = self.station.store.next_seq - 1
        name = self.rig.config.station.id
        told += [record_line(name, record) for record in self.station.store.range(self._told + 1, last)]
        self._told = last
        uplink = None if self.station.services.uplink is None else self.station.services.uplink.snapshot
        trouble = None if uplink is None or uplink.connected else uplink.trouble
        if trouble != self._trouble:
            self._trouble, why = trouble, texts.render_value(trouble)
            told.append(_("There is no connection to the broker: {why}").format(why=why) if why else _("connected"))
        if told:
            self.console.print("\n".join(told), highlight=False, markup=False)


def ways_on(config: Config, page: str | None, width: int) -> Text:
    """Return the last line of the screen: how to stop, and where else the station can be watched."""
    ways = [_("Ctrl-C stops it")]
    if page is not None:
        ways.append(_("page: {address}").format(address=page))
    if config.broker is not None:
        ways.append(
            _("watch from elsewhere: {command}").format(command=f"{program()} watch --broker {bare(config.broker.url)}")
        )
    return Text("\n".join(rows(ways, width - ECHO)), style="dim", overflow="fold")


def rows(ways: list[str], width: int) -> list[str]:
    """Return the parts on as few lines as possible, none of them split where the width allows."""
    lines = [ways[0]]
    for way in ways[1:]:
        longer = f"{lines[-1]}   {way}"
        lines[-1:] = [longer] if columns_of(longer) <= width else [lines[-1], way]
    return [part for line in lines for part in fold(line, width).split("\n")]


def bare(url: str) -> str:
    """Return a broker's address without its password."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


@contextlib.contextmanager
def interrupts(*rigs: Rig) -> Iterator[list[bool]]:
    """Make Ctrl-C, SIGTERM and SIGHUP end the run cleanly: they fill the given list and halt the clocks."""
    interrupted: list[bool] = []

    def stop(*_signal: object) -> None:
        interrupted.append(True)
        for rig in rigs:
            rig.clock.halt()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
