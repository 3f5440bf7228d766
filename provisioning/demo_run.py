"""A demo's run: simulated time passes, what there is to see is shown, and Ctrl-C ends it in order."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from edge.sim.rig import Rig
from edge.station import Station
from edge.status import status
from provisioning import say
from provisioning.faultlog import FaultLog
from provisioning.say import _
from provisioning.table import live_table

DRAW_S = 0.5  # real seconds between two pictures of the table
FAST_SLICE = 600.0  # simulated s between two looks where time goes as fast as it can
DRAIN_SLICE = 0.5  # s between two looks for what is still unsent
LATELY = 6  # lines of what went missing and came back


def run(rig: Rig, station: Station, console: Console, wanted: Wanted, end: float, interrupted: list[bool]) -> None:
    """Let time pass to `end` (s of the boot), the table drawn between two slices; then end measuring."""
    speed = _("{n}x").format(n=f"{wanted.speed:g}") if wanted.speed else _("at full speed")
    slice_s = FAST_SLICE if wanted.speed is None else wanted.speed * DRAW_S
    grace = 2.0  # s after the end in which the last minute is closed
    with drawing(console) as draw:
        while not interrupted and rig.clock.now() < end + grace:
            rig.clock.run_until(min(rig.clock.now() + slice_s, end + grace))
            draw(status(station.parts), speed)
        rig.stop_measuring(min(end, rig.clock.now()))
        draw(status(station.parts), speed)


def drain(rig: Rig, station: Station, console: Console, interrupted: list[bool]) -> None:
    """Stay until nothing is unsent: time now runs as in life, so that the broker has its time."""
    rig.clock.pace(1.0)
    if station.uplink is not None:
        station.uplink.hurry()
    with drawing(console) as draw:
        while not interrupted and unsent(station):
            rig.clock.run_until(rig.clock.now() + DRAIN_SLICE)
            draw(status(station.parts), _("sending what is left"))


def unsent(station: Station) -> int:
    """Records and pictures that the platform does not have yet."""
    left = station.store.pictures.count()
    return station.store.count_unsent() + left.thumbnails + left.full


@contextlib.contextmanager
def drawing(console: Console) -> Iterator[Any]:
    """A function that shows the station: a live table on a terminal, a line a simulated hour elsewhere."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda facts, speed: live.update(live_table(facts, speed), refresh=True)
        return
    shown: list[int] = []

    def line(facts: dict[str, Any], speed: str) -> None:
        hour = (facts["time"] or 0) // 3_600_000_000
        if shown != [hour]:
            shown[:] = [hour]
            store = facts["store"]
            console.print(
                _("{time}  {records} records, {unsent} unsent").format(
                    time=say.when(facts["time"], facts["utc_offset_h"]),
                    records=store["next_seq"] - 1,
                    unsent=store["unsent"],
                )
            )

    yield line


@contextlib.contextmanager
def interrupts(rig: Rig) -> Iterator[list[bool]]:
    """Ctrl-C and SIGTERM end the run in order: the list is filled, and the clock lets go."""
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
