"""A simulated station before a real Mosquitto that goes and comes, while the daemon is killed and devices fail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.twins.twin import Fault
from edge.daemon import open_store
from edge.sim.faults import DeviceFault, Outage, Schedule
from edge.sim.scenario import Life
from edge.store.outbox import PLATFORM
from tests.kits.broker import Broker
from tests.kits.stations import BEGIN, SMALL, configured, judged, records_of, without
from tests.kits.uplink_kit import Listener
from tests.kits.uplink_kit import records_of as in_messages

SENT_WITHIN = 60.0  # real s


@pytest.fixture(name="broker")
def a_broker(tmp_path: Path) -> Iterator[Broker]:
    """Run a Mosquitto that keeps its sessions over a restart."""
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder, persistent=True).start()
    yield broker
    broker.stop()


def test_nothing_is_lost_while_the_broker_goes_and_comes(tmp_path: Path, broker: Broker) -> None:
    """Two hours with the broker away twice, two kills and a failing device: all arrives, once, true and at its time."""
    listener = Listener(broker)

    def switch(there: bool) -> None:
        if there:
            broker.start()
            listener.again()
        else:
            listener.take(0.2)
            broker.stop()

    section = f'[broker]\nurl = "{broker.url}"\nproof = "broker"\nretry_max_s = 5.0\n'
    config = configured(tmp_path, without(SMALL, "light", "rain485", "vane"), section)
    schedule = Schedule(
        (DeviceFault(1000.0, 2000.0, "shelter", Fault.STUCK), DeviceFault(4000.0, 4500.0, "field", Fault.UNPLUGGED)),
        (Outage(2500.0, 30.0), Outage(5000.5, 10.0, True, 600.0)),
        ((1500.0, 3500.0), (4800.0, 5400.0)),
    )
    life = Life(config, 1, BEGIN, schedule, open_store, broker=switch)
    life.run(7200.0)
    drain(life)
    life.end()
    kept = records_of(config)
    outcome = judged(life, kept, list(in_messages(listener.take(1.0))))
    last = {record.seq for record in kept} - {record.seq for record in outcome.arrived}
    assert all(seq > kept[-1].seq - 2 for seq in last)  # what is made in the last instants goes out at the next start
    assert [c for c in outcome.complaints if not any(f"/{seq} " in c for seq in last)] == []


def drain(life: Life) -> None:
    """Time runs as in life until nothing is unsent."""
    ends = time.monotonic() + SENT_WITHIN
    uplink = life.station.services.uplink
    assert uplink is not None
    while life.station.store.outbox.count_unsent(PLATFORM):
        assert time.monotonic() < ends, uplink.snapshot
        uplink.retry_now()
        life.run(2.0)
        time.sleep(0.05)
