"""Nights with a horn under simulated time: a thermometer that is told what to read, a relay, a button, restarts."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config.file import load
from edge.records.bodies import Alert, Health, decode
from edge.records.record import Kind, Record
from edge.sim.faults import Outage, Schedule
from edge.sim.rig import Rig
from edge.sim.scenario import Life
from tests.kits.station_text import HEAD, SHELTER
from tests.kits.stations import opener, records_of

BEGIN = 1_775_494_800_000_000  # 2026-04-06 17:00 UTC: 01:00 at the station
LONGEST, REST = 60.0, 120.0
RULES = """\
[[alert]]
name = "cold"
channel = "air_temperature"
below = [0.0, -2.0, -3.0]
hold_min = 2
clear_min = 3
clear_by = 0.5
[horn]
line = 27
active_low = true
longest_on_s = 60
rest_s = 120
rules = ["cold"]
button_line = 17
"""
Truth = Callable[[float], float]


@dataclass
class Night:
    """What came of it, s since the beginning: the relay's turns over all boots, the daemon's starts and ends."""

    turns: list[tuple[float, bool]]
    runs: list[tuple[float, float]]
    records: list[Record]

    def sounded(self) -> list[tuple[float, float]]:
        """Return the spans in which the relay was on and a daemon lived."""
        ends = [*(at for at, _ in self.turns[1:]), self.runs[-1][1]]
        spans = [(at, end) for (at, on), end in zip(self.turns, ends, strict=True) if on]
        clipped = [(max(at, begin), min(end, last)) for at, end in spans for begin, last in self.runs]
        return sorted((at, end) for at, end in clipped if end > at)

    def alerts(self) -> list[tuple[float, Alert]]:
        """Return each turn of an alert and when it was told."""
        return [(since(one), decode(one.kind, one.body)) for one in self.records if one.kind == Kind.ALERT]

    def said(self) -> list[tuple[float, str]]:
        """Return what the horn told of itself."""
        events = [(since(one), decode(one.kind, one.body)) for one in self.records if one.kind == Kind.HEALTH]
        return [
            (at, one.reason.code)
            for at, one in events
            if isinstance(one, Health) and one.event == "horn" and one.reason
        ]


def since(record: Record) -> float:
    """Return when a record was made, s since the beginning."""
    assert record.start is not None
    return (record.start - BEGIN) / 1e6


class Told:
    """A thermometer that reads what it is told."""

    def __init__(self, twin: Any, rig: Rig, truth: Truth) -> None:
        self._twin, self._rig, self._truth = twin, rig, truth
        self.misbehave = twin.misbehave

    def set(self, quantity: str, value: float) -> None:
        """Read that in place of the weather's."""
        if quantity == "air_temperature":
            value = self._truth((self._rig.boot.utc_at(self._rig.clock.now()) - BEGIN) / 1e6)
        self._twin.set(quantity, value)


def night(
    folder: Path,
    truth: Truth,
    length: float,
    outages: tuple[Outage, ...] = (),
    doings: tuple[tuple[float, Callable[[Rig], None]], ...] = (),
    seed: int = 1,
    rules: str = RULES,
    prepare: Callable[[Rig], None] = lambda rig: None,
) -> Night:
    """Live such a night; `doings`: what befalls the rig, and when; `prepare` gets each boot's rig before it starts."""
    file = folder / "station.toml"
    file.write_text((HEAD + SHELTER).format(state=folder / "state") + rules)
    config = load(file)
    relays: list[tuple[Rig, list[tuple[float, bool]]]] = []

    def setup(rig: Rig) -> None:
        rig.twins["shelter"] = Told(rig.twins["shelter"], rig, truth)
        prepare(rig)
        relays.append((rig, rig.twins["horn"].turns))

        def run() -> None:
            for at, do in doings:
                due = rig.boot.boottime(BEGIN + round(at * 1e6))
                if due >= rig.clock.now():
                    rig.clock.sleep_until(due)
                    do(rig)

        rig.beside.append(rig.clock.lane("doings", run))

    life = Life(config, seed, BEGIN, Schedule((), outages), opener(seed), setup=setup)
    life.run(length)
    life.end()
    turns = []
    for rig, turned in relays:
        turns += [((rig.boot.utc_at(at) - BEGIN) / 1e6, on) for at, on in turned]
        if turned and turned[-1][1]:  # the power went with it
            turns.append(((max(run.end for run in life.runs if run.boot is rig.boot) - BEGIN) / 1e6, False))
    runs = [((run.begin - BEGIN) / 1e6, (run.end - BEGIN) / 1e6) for run in life.runs]
    return Night(turns, runs, records_of(config))


def press(rig: Rig) -> None:
    """Press the button."""
    rig.twins["horn button"].press()


def swing(at: float) -> float:
    """Return an air that is at -4 degC each 90 minutes, +1 between, and lively."""
    return -1.5 - 2.5 * math.sin(2 * math.pi * at / 5400.0) + 0.02 * math.sin(at / 7.0)
