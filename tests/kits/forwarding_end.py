"""The same platform, and another one beside it, a county's, that gets what a simulated station passes on."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from drivers.clock import Clock
from drivers.reason import Reason
from edge.config.forward import Forward
from edge.forward.batch import ForwardBatch
from edge.forward.lane import ForwardSender
from edge.northbound import http_json, version2
from edge.northbound.verdict import PROVEN, DeliveryFate, DeliveryVerdict
from edge.records.record import Record
from edge.sim.rig import Rig
from edge.store.delivery import FORWARD
from edge.uplink.destination import Way
from tests.kits.far_end import STEP_S, STEPS, FarEnd

COUNTY = '[[forward]]\nname = "county"\nkind = "http-json"\nurl = "http://simulated"\nbatch = 9\nretry_max_s = 60\n'
LOST = DeliveryVerdict(DeliveryFate.FAILED, Reason("said", "{text}", text="no answer"))


@dataclass
class County:
    """What it has stored: the bytes by key, the keys by record. While it is rough requests and answers get lost."""

    rng: random.Random
    bodies: dict[str, bytes] = field(default_factory=dict)
    keys: dict[tuple[str, int, int], set[str]] = field(default_factory=dict)
    rough: bool = True

    def take(self, batch: ForwardBatch) -> DeliveryVerdict:
        """Store a batch, or not; say so, or not."""
        fate = self.rng.random() if self.rough else 1.0
        if fate < 0.2:
            return LOST
        assert self.bodies.setdefault(batch.key, batch.raw) == batch.raw, "one key, two bodies"
        for item in batch.items:
            self.keys.setdefault((item.epoch, item.seq, item.revision), set()).add(batch.key)
        return LOST if fate < 0.4 else PROVEN


class CountySender:
    """The way there: a request takes its time."""

    most, timeout_s, link_bytes = 9, 30.0, 0

    def __init__(self, county: County, clock: Clock) -> None:
        self._county, self._clock = county, clock

    def encode(self, station: str, record: Record) -> bytes:
        """Return a record's line."""
        return http_json.encode(station, record)

    def send(self, batch: ForwardBatch) -> DeliveryVerdict:
        """Send a batch; a kill may come before it is there, or after that and before the answer."""
        self._clock.sleep_until(self._clock.now() + self._county.rng.uniform(0.1, 3.0))
        verdict = self._county.take(batch)
        self._clock.sleep_until(self._clock.now() + self._county.rng.uniform(0.1, 3.0))
        return verdict

    def idle(self, until: float) -> None:
        """Wait."""
        self._clock.sleep_until(until)

    def close(self) -> None:
        """Do nothing."""


class CountyWay(Way, frozen=True):
    """The way to the platform, and to the county."""

    county: County = msgspec.field(default_factory=lambda: County(random.Random(0)))

    def sender(self, section: Forward, station: str, clock: Clock, utc: Callable[[], int | None]) -> ForwardSender:
        """Return the way to the county."""
        return CountySender(self.county, clock)


class ForwardingEnd(FarEnd):
    """`county`: what it has; `settled`: the seq up to which it has everything at the end, as the station counts."""

    def __init__(self, folder: Path, seed: int, reads: int = version2.VERSION, tells_time: bool = False) -> None:
        super().__init__(folder, seed, reads, tells_time)
        self.county = County(random.Random(f"county {seed}"))
        self.settled = 0

    def serve(self, rig: Rig) -> None:
        """Be there in this boot's time from now on."""
        super().serve(rig)
        rig.way = CountyWay(rig.way.connect, rig.way.seed, self.county)

    def settle(self, rig: Rig) -> None:
        """Let time pass until the county has everything too."""
        super().settle(rig)
        self.county.rough = False
        assert rig.station is not None
        outbox, dest = rig.station.store.outbox, FORWARD + rig.config.forward[0].name
        for _ in range(STEPS):
            if not outbox.unsent(dest, limit=1):
                break
            rig.clock.run_until(rig.clock.now() + STEP_S / 2)
        self.settled = rig.station.store.next_seq - 1
