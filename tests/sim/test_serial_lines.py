"""A station on lines in memory keeps what one on ptys keeps: the lives of this folder stand on that."""

from __future__ import annotations

from pathlib import Path

from drivers.twins.twin import Fault
from edge.daemon import open_store
from edge.records.record import Kind, Record
from edge.sim.faults import DeviceFault, inject
from edge.sim.rig import Rig
from edge.sim.times import Boot
from tests.bench.line import RigOnPtys
from tests.kits.stations import BEGIN, configured, records_of

LENGTH = 720.0  # s
FAULTS = (
    DeviceFault(100.0, 300.0, "field", Fault.UNPLUGGED),
    DeviceFault(150.0, 280.0, "rain485", Fault.UNPLUGGED),
    DeviceFault(420.0, 540.0, "field", Fault.SHORT),
    DeviceFault(420.0, 540.0, "vane", Fault.NOISE),
)


def minutes_of(kind: type[Rig], folder: Path) -> list[Record]:
    """Return the minutes that a station keeps on a rig of that kind, under the faults."""
    folder.mkdir()
    config = configured(folder, broker="")
    rig = kind(config, Boot("boot", BEGIN), BEGIN, 1)
    inject(rig, FAULTS, rig.clock.now())
    rig.power_on(open_store)
    rig.clock.run_until(rig.clock.now() + LENGTH)
    rig.power_off()
    rig.close()
    return [record for record in records_of(config) if record.kind == Kind.MINUTE]


def test_lines_in_memory_give_the_minutes_that_ptys_give(tmp_path: Path) -> None:
    """Values, flags, reasons and times of each minute are the same, faults of the lines and their ends among them."""
    on_ptys, in_memory = minutes_of(RigOnPtys, tmp_path / "ptys"), minutes_of(Rig, tmp_path / "memory")
    assert len(on_ptys) == 12
    assert [(m.stamp.boottime, m.duration, m.fields()) for m in in_memory] == [
        (m.stamp.boottime, m.duration, m.fields()) for m in on_ptys
    ]
