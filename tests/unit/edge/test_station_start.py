"""A station's start: what runs when it says that it is ready."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from edge.budget import reckoning
from edge.budget.plan import bill, rates
from edge.budget.thinning import ThinningStep
from edge.config.file import load
from edge.daemon import open_bus, open_store
from edge.records.record import Kind
from edge.sim.clock import SimClock
from edge.sim.times import Boot, SimTime
from edge.station import Station
from tests.kits.station_text import HEAD

BOOT = Boot("b", 1_782_097_200_000_000)
FILE = (
    HEAD
    + """\
[broker]
url = "mqtt://127.0.0.1:9"

[[sensor]]
name = "probe"
driver = "w1-therm"
path = "{path}"
"""
)


def test_it_is_ready_when_it_measures_and_before_it_sends(tmp_path: Path) -> None:
    """The start is a record and the recorder and the buses run; the uplink, which loads much first, begins then, and
    can tell by then what a month costs."""
    file = tmp_path / "station.toml"
    file.write_text(FILE.format(state=tmp_path / "state", path=tmp_path / "w1_slave"))
    config, clock = load(file), SimClock(30.0)
    station = Station(config, open_store(config), clock, open_bus, [SimTime(BOOT)], BOOT.id)
    running: list[list[str]] = []

    def ready() -> None:
        assert station.store.last(Kind.START) is not None
        running.append(station.lanes.names())

    def ended(_names: list[str]) -> list[str]:
        clock.run_until(clock.now())
        return []

    station.start(ready)
    assert station.budget.snapshot.a_month == bill(rates(config), ThinningStep.NOTHING).total * reckoning.MEGABYTE > 0
    station.stop(ended)
    assert running == [["recorder", f"bus {station.buses[0].name}", "time"]]
    assert "uplink" in station.lanes.names()


SERVED = """\
import sys
from edge import daemon
from edge.config.file import load

class Ready(Exception):
    pass

def told(state):
    print(*sorted(name for name in sys.modules if name.split(".")[0] == "edge"), sep="\\n")
    raise Ready

daemon.notify = told
try:
    daemon.serve(load(sys.argv[1]))
except Ready:
    pass
"""


def test_nothing_that_sends_or_answers_is_loaded_before_it_is_ready(tmp_path: Path) -> None:
    """What a Pi loads first delays the first reading: the lanes that measure need none of it."""
    file = tmp_path / "station.toml"
    file.write_text(FILE.format(state=tmp_path / "state", path=tmp_path / "w1_slave"))
    served = subprocess.run([sys.executable, "-c", SERVED, file], capture_output=True, text=True, check=True)
    loaded = {".".join(name.split(".")[:2]) for name in served.stdout.split()}
    assert {"edge.sampler", "edge.measure", "edge.store"} <= loaded
    assert not loaded & {"edge.services", "edge.uplink", "edge.wire", "edge.northbound", "edge.control", "edge.forward"}
