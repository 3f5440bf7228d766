"""A station on a real ext4 file system that the kernel turns read-only after an error, as a worn SD card does.

`python -m tests.kits.failing_card DISK FOLDER DEVICE` lives half an hour in simulated time, the error comes after ten
minutes; it prints what was told in the meantime. Only who may mount can make such a disk: see test_failing_card.py.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from edge.config.file import load
from edge.control.status import plain_status
from edge.daemon import open_store
from edge.records.record import Kind
from edge.sim.faults import Schedule
from edge.sim.rig import Rig
from edge.sim.scenario import Life
from edge.snapshots import read
from provisioning.commands.status import lines
from tests.kits.far_end import FarEnd
from tests.kits.stations import BEGIN, SIMULATED, SMALL

ERROR_AT, LOOK_AT, END = 600.0, 1200.0, 1260.0  # s


def main(disk: Path, folder: Path, device: str) -> None:
    """Live, and print as JSON: the status, its lines, the lanes that fell, how many minutes after it arrived."""
    file = folder / "station.toml"
    file.write_text(SMALL.format(state=disk / "state", broker=SIMULATED))
    config = load(file)
    told: dict[str, Any] = {}

    def fail(rig: Rig) -> None:
        def run() -> None:
            rig.clock.sleep_until(ERROR_AT)
            Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("worn")
            rig.clock.sleep_until(LOOK_AT)
            assert rig.station is not None
            status = json.loads(json.dumps(plain_status(rig.station.services.parts)))
            told.update(store=status["store"], minute=status["minute"], lines=lines(read(status)))

        rig.beside.append(rig.clock.lane("card", run))

    platform = FarEnd(folder / "platform", 1)
    life = Life(config, 1, BEGIN, Schedule(()), open_store, platform=platform, setup=fail)
    life.run(END)
    assert life.station is not None
    falls = life.station.lanes.falls
    life.end()
    late = {one.seq for one in platform.arrived if one.kind == Kind.MINUTE and one.stamp.boottime > ERROR_AT}
    print(json.dumps({**told, "falls": falls, "late": len(late)}))


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
