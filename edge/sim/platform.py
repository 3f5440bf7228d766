"""A platform in simulated time: it takes what a station's store has to give, as over a wire, and proves it.

What it takes has been encoded and decoded by the wire's contract. Its acknowledgement of a message comes with its
next look, when the records may have a higher revision by now, or is lost, so that they come twice; while it is
away nothing comes. Its timing is of simulated time alone: one seed,
the same arrivals. What a real broker and the uplink do is for the tests with a real broker.
"""

from __future__ import annotations

import random

from edge.northbound import version1
from edge.records.record import Record
from edge.sim.rig import Rig
from edge.store.store import Store
from edge.wire.contract import MOST_RECORDS, VERSION, Batch, decode, encode

PACE = 20.0  # s between two looks
AT_ONCE = MOST_RECORDS  # records of a backlog in one message
LOST_ACKS = 0.05  # of its acknowledgements; a weak link's


class Platform:
    """A platform that receives everything.

    `arrived`: every record that arrived, duplicates too, with the true UTC (microseconds) of its arrival.
    """

    def __init__(self, seed: int) -> None:
        self.arrived: list[tuple[int, Record]] = []
        self.away = False
        self._unacknowledged: list[Record] = []
        self._rng = random.Random(seed)

    def serve(self, rig: Rig) -> None:
        """Receive from the rig's station from now on."""

        def run() -> None:
            while True:
                rig.clock.sleep_until(rig.clock.now() + PACE)
                if rig.station is not None and not self.away:
                    self._take(rig.station.store, rig.boot.utc_at(rig.clock.now()))

        rig.beside.append(rig.clock.lane("platform", run))

    def drain(self, store: Store, now: int) -> None:
        """Receive all that the store gives out; what has no known time yet stays there."""
        while self._unacknowledged or store.outbox.unsent(limit=1):
            self._take(store, now)

    def records(self) -> list[Record]:
        """Return what arrived, in its order."""
        return [record for _, record in self.arrived]

    def _take(self, store: Store, now: int) -> None:
        acknowledged, self._unacknowledged = self._unacknowledged, []
        if self._rng.random() >= LOST_ACKS:
            store.outbox.mark_proven(acknowledged)
        undated = [record for record in store.outbox.newest(limit=1) if record.start is None]
        for sent in (undated, store.outbox.unsent(limit=AT_ONCE)):
            if sent:
                payload = encode(Batch(VERSION, "simulated", version1.records(sent)), compress=len(sent) > 1)
                self.arrived += [(now, record) for record in decode(payload, Batch).records]
                self._unacknowledged += sent
