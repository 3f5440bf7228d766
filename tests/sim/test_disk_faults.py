"""A whole simulated station on a disk that fails now and then: nothing lost, nothing doubled, no lane down."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from edge.config.sections import Config
from edge.control.status import status
from edge.recorder.events import new_epoch
from edge.records.bodies import decode
from edge.records.record import Kind
from edge.sim.faults import Schedule
from edge.sim.rig import Rig
from edge.sim.scenario import Life
from edge.snapshots import StoreStatus
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.far_end import FarEnd
from tests.kits.stations import BEGIN, HOUR, configured, judged, records_of
from tests.kits.store_kit import BadDisk
from tests.unit.edge.store.test_store_place import delete_folder, put_other_folder, rename_folder

names = itertools.count()
REFUSALS = (apsw.FullError, apsw.IOError)


@pytest.fixture(name="disk")
def bad_disk() -> Iterator[BadDisk]:
    """Give a disk that can be made to refuse."""
    disk = BadDisk(f"failing-disk-{os.getpid()}-{next(names)}")
    yield disk
    disk.unregister()


@pytest.mark.parametrize(
    ("seed", "hours"),
    [(1, 3), pytest.param(2, 12, marks=pytest.mark.slow), pytest.param(3, 12, marks=pytest.mark.slow)],
)
def test_a_disk_that_fails_now_and_then_costs_nothing(tmp_path: Path, disk: BadDisk, seed: int, hours: int) -> None:
    """It is full, refuses to write, to sync or to read for up to 20 minutes at a time: all minutes are kept, once."""
    rng = random.Random(seed)
    fell: list[int] = []

    def fail_now_and_then(rig: Rig) -> None:
        def run() -> None:
            while rig.clock.now() < (hours - 0.7) * HOUR:  # a stop while the disk refuses loses what waits for it
                rig.clock.sleep_until(rig.clock.now() + rng.uniform(10.0, 600.0))
                disk.refuse, disk.syncs, disk.after = rng.choice(REFUSALS), rng.random() < 0.5, rng.randrange(6)
                disk.unreadable = rng.random() < 0.3
                rig.clock.sleep_until(rig.clock.now() + rng.uniform(0.1, 1200.0) ** rng.choice((0.5, 1.0)))
                disk.refuse, disk.unreadable = None, False
                assert rig.station is not None
                fell.append(sum(rig.station.lanes.falls.values()))

        rig.beside.append(rig.clock.lane("disk", run))

    config = configured(tmp_path)
    platform = FarEnd(config.state_dir.with_name("platform"), seed)

    def on_the_disk(config: Config) -> Store:
        return Store.open(config.state_dir, epoch=f"{seed:012d}", destinations=(PLATFORM,), vfs=disk.vfs_name)

    life = Life(config, seed, BEGIN, Schedule(()), on_the_disk, platform=platform, setup=fail_now_and_then)
    life.run((hours - 0.1) * HOUR)
    life.end()
    outcome = judged(life, records_of(config), platform.arrived)
    assert outcome.complaints == []
    assert len(fell) > hours, "the disk hardly failed: the test proves nothing"
    assert fell[-1] == 0, "a lane fell"
    assert not [record for record in outcome.kept if record.kind == Kind.LOSS]
    assert len(outcome.minutes()) == hours * 60 - 6


def opened(config: Config) -> Store:
    """Open the station's store."""
    return Store.open(config.state_dir, epoch=new_epoch(), destinations=(PLATFORM,))


@pytest.mark.parametrize(
    "way",
    [
        delete_folder,
        pytest.param(rename_folder, marks=pytest.mark.slow),
        pytest.param(put_other_folder, marks=pytest.mark.slow),
    ],
)
def test_files_taken_away_under_a_station_are_put_back(tmp_path: Path, way: Callable[[Path], None]) -> None:
    """The state folder is deleted, moved or replaced: all minutes are kept, and status and a record tell."""
    config = configured(tmp_path)
    seen: list[StoreStatus] = []

    def take_away(rig: Rig) -> None:
        def run() -> None:
            rig.clock.sleep_until(0.2 * HOUR)
            way(config.state_dir)
            rig.clock.sleep_until(0.2 * HOUR + 130.0)
            assert rig.station is not None
            seen.append(status(rig.station.services.parts).store)

        rig.beside.append(rig.clock.lane("somebody", run))

    platform = FarEnd(config.state_dir.with_name("platform"), 1)
    life = Life(config, 1, BEGIN, Schedule(()), opened, platform=platform, setup=take_away)
    life.run(0.3 * HOUR)
    life.end()
    outcome = judged(life, records_of(config), platform.arrived)
    assert outcome.complaints == []
    assert len(outcome.minutes()) == 18
    assert [(s.trouble, s.mended is not None) for s in seen] == [(None, True)]
    losses = [decode(record.kind, record.body) for record in outcome.kept if record.kind == Kind.LOSS]
    assert [(loss.what, loss.cause.code in ("store_moved", "store_replaced")) for loss in losses] == [("store", True)]
    assert config.socket_path.exists() is False, "the socket outlived the daemon"
