"""A frost night of a whole station before a platform that tells people; its thermometer reads what it is told."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config.file import load
from edge.records.bodies import Alert, decode
from edge.records.record import Kind, Record
from edge.sim.faults import Schedule
from edge.sim.record_checkers import Truth, identity_checks
from edge.sim.rig import Rig
from edge.sim.scenario import Life
from hub.alarms.book import AlarmBook
from hub.database.engine import opened
from tests.kits.alarm_end import AlarmEnd
from tests.kits.station_text import HEAD, SHELTER
from tests.kits.stations import SIMULATED, opener, records_of

BEGIN = 1_774_375_200_000_000  # 2026-03-25 02:00 at UTC+8
FROST = """\
[[alert]]
name = "frost"
crop = "apple"
hold_min = 3
[horn]
line = 27
rules = ["frost"]
from_step = 1
"""
DUST = """\
[[sensor]]
name = "dust"
driver = "sds011"
port = "sim-dust"
[[alert]]
name = "air"
channel = "pm2p5"
above = [115.0]
hold_min = 3
"""
Air = Callable[[float], float]
Doing = tuple[float, Callable[["AlarmEnd"], None]]


class PromptEnd(AlarmEnd):
    """As a real hub, which looks every two seconds."""

    poll_s = 2.0


@dataclass
class FrostNight:
    """What came of it; times are seconds since its beginning."""

    end: PromptEnd
    kept: list[Record]
    complaints: list[str]
    horn: list[tuple[float, bool]]

    def alerts(self) -> list[tuple[float, Alert]]:
        """Return each turn of an alert, and when."""
        found = [(since(one), decode(one.kind, one.body)) for one in self.kept if one.kind == Kind.ALERT]
        return [(at, one) for at, one in found if isinstance(one, Alert)]

    def told(self, channel: str) -> list[tuple[float, list[str], str]]:
        """Return what a channel was told: when, whom, the text."""
        got = self.end.channels[channel].got
        return [(at - BEGIN / 1e6, [one.name for one in message.to], message.fitted(4000)) for at, message in got]


def since(record: Record) -> float:
    """Return when a record was made."""
    assert record.start is not None
    return (record.start - BEGIN) / 1e6


def frost_night(
    folder: Path, air: Air, length: float, schedule: Schedule, doings: Sequence[Doing] = (), dust: Air | None = None
) -> FrostNight:
    """Live it; `doings`: what people do, and when; `dust`: what a sensor of it reads, ug/m3, None: there is none.

    The air is saturated; with dust it is not, for in fog no dust is measured.
    """
    file = folder / "station.toml"
    text = SIMULATED + FROST + (DUST if dust else "")
    file.write_text((HEAD.replace('"s"', '"sim"') + SHELTER).format(state=folder / "state") + text)
    config = load(file)
    end = PromptEnd(folder / "platform", 1, tells_time=schedule.tells_time)
    turns: list[tuple[Rig, list[tuple[float, bool]]]] = []

    def setup(rig: Rig) -> None:
        said = {"air_temperature": air, "relative_humidity": lambda at: 75.0 + math.sin(at / 60.0) if dust else 100.0}
        rig.twins["shelter"] = Told(rig.twins["shelter"], rig, said)
        if dust is not None:
            rig.twins["dust"] = Told(rig.twins["dust"], rig, {"pm2p5": dust, "pm10": lambda at: 1.3 * dust(at)})
        turns.append((rig, rig.twins["horn"].turns))

        def run() -> None:
            for at, do in doings:
                due = rig.boot.boottime(BEGIN + round(at * 1e6))
                if due >= rig.clock.now():
                    rig.clock.sleep_until(due)
                    do(end)

        rig.beside.append(rig.clock.lane("people", run))

    life = Life(config, 1, BEGIN, schedule, opener(1), platform=end, setup=setup)
    life.run(length)
    life.end()
    kept = records_of(config)
    complaints = identity_checks(Truth.of(life), kept, end.arrived)
    horn = [((rig.boot.utc_at(at) - BEGIN) / 1e6, on) for rig, turned in turns for at, on in turned]
    return FrostNight(end, kept, list(complaints), horn)


def acknowledged(who: str) -> Callable[[AlarmEnd], None]:
    """Return what acknowledges all that is open."""

    def do(end: AlarmEnd) -> None:
        engine = opened(end.url)
        AlarmBook(engine).acknowledge([one.id for one in end.alarms() if one.open], who, end.network.utc())
        engine.close()

    return do


class Told:
    """A sensor that reads what it is told: of some quantities by the seconds since the night's beginning."""

    def __init__(self, twin: Any, rig: Rig, told: Mapping[str, Air]) -> None:
        self._twin, self._rig, self._told = twin, rig, told
        self.misbehave = twin.misbehave

    def set(self, quantity: str, value: float) -> None:
        """Read that in place of the weather's."""
        if quantity in self._told:
            value = self._told[quantity]((self._rig.boot.utc_at(self._rig.clock.now()) - BEGIN) / 1e6)
        self._twin.set(quantity, value)
