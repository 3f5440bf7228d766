"""Simulated time: the CPU of an hour of the demo's whole station, and of a recorded day of one device.

The whole simulation counts: weather, twins, drivers, recorder, store. There is no broker, no hub and no camera, which a
demo has besides, in processes of their own or on threads beside this one.
"""

from __future__ import annotations

import logging
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge.config.file import load
from edge.daemon import open_store
from edge.sim.capture import read_capture
from edge.sim.rig import Rig
from edge.sim.times import Boot
from provisioning.demo.config import capture_station
from tests.bench.figures import Row, UnmeasuredError, repeated, row
from tests.bench.line import BEGIN, HOUR, WARM, station
from tests.data import folder

HOURS = 3
DAY = "station-captures/2021-05-04.txt.gz"


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    logging.getLogger("minshan").setLevel(logging.ERROR)  # what goes wrong on a recorded day is no news here
    yield repeated("a simulated hour of the demo's station (s of CPU)", demo_hours(), aim="<= 2.5")
    yield row("a recorded day of one device (s of CPU)", recorded_day(), aim="<= 10")


def demo_hours() -> list[float]:
    """Return the CPU seconds of each of some hours."""
    with tempfile.TemporaryDirectory() as name:
        rig = Rig(station(Path(name)), Boot("bench", BEGIN), BEGIN, 1)
        rig.power_on(open_store)
        rig.clock.run_until(WARM)
        took = [run(rig, WARM + hour * HOUR) for hour in range(1, HOURS + 1)]
        rig.power_off()
        rig.close()
    return took


def recorded_day() -> float:
    """Return the CPU seconds of a captured day, from its first line to its last."""
    path = folder() / DAY
    if not path.exists():
        raise UnmeasuredError(f"the recording {DAY} is not in {folder()}")
    capture = read_capture(path)
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "station.toml"
        pm = b"," in capture.lines[0][1]
        text = capture_station(
            "bench", Path(name), "", "broker", capture=path.name, utc_offset=8.0, mm_per_tip=0.33, pm=pm
        )
        file.write_text(re.sub(r"\[broker\].*?\n\n", "", text, flags=re.DOTALL))
        rig = Rig(load(file), Boot("bench", capture.begin), capture.begin, 1, capture=capture)
        rig.power_on(open_store)
        took = run(rig, rig.boot.boottime(capture.end))
        rig.power_off()
        rig.close()
    return took


def run(rig: Rig, until: float) -> float:
    """Let time pass. Return the CPU seconds that it took; all lanes run in this thread."""
    before = time.thread_time()
    rig.clock.run_until(until)
    return time.thread_time() - before
