"""The store against a model of it: a dictionary of records and of what the platform has."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge.clock.anchors import Anchor
from edge.records.record import Record
from edge.records.spans import Span
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import MINUTE, minute


@dataclass
class Kept:
    """One record in the model, and where it stands with the platform."""

    record: Record
    state: str = "unsent"

    @property
    def held(self) -> bool:
        """Whether it waits for a time."""
        return self.record.start is None and self.record.clock.source == "arrival"


class StoreModel(RuleBasedStateMachine):
    """Any order of appending, acknowledging, proving, reopening, timing and restarting."""

    @initialize()
    def begin(self) -> None:
        """Begin with a new folder."""
        self.folder = Path(tempfile.mkdtemp())
        self.starts = 0
        self.minutes = 0
        self.model: dict[int, Kept] = {}
        self.anchored: set[str] = set()
        self.seen: list[Record] = []  # records as they once were: an acknowledgement may come late
        self.store = Store.open(self.folder, epoch="e0", destinations=(PLATFORM,))

    def teardown(self) -> None:
        """Remove the folder."""
        self.store.close()
        shutil.rmtree(self.folder)

    @rule(timed=st.booleans())
    def append(self, timed: bool) -> None:
        """Append a minute, with or without a time."""
        self.minutes += 1
        boot = f"boot-{self.starts}"
        record = self.store.append(minute(self.minutes, boot, timed), {"n": self.minutes})
        assert record.seq == len(self.model) + 1
        self.model[record.seq] = Kept(record)
        self.seen.append(record)

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """Let the broker acknowledge records, perhaps of an older revision."""
        records = data.draw(st.lists(st.sampled_from(self.seen), max_size=5)) if self.seen else []
        self.store.outbox.mark_sent(records, PLATFORM)
        for record in records:
            kept = self.model[record.seq]
            if kept.record.revision == record.revision and kept.state == "unsent":
                kept.state = "sent"

    @rule(first=st.integers(1, 20), size=st.integers(0, 10), epoch=st.integers(0, 4))
    def prove(self, first: int, size: int, epoch: int) -> None:
        """Let the platform prove a range of one epoch, without naming revisions."""
        self.store.outbox.prove([Span(f"e{epoch}", first, first + size)], PLATFORM)
        for kept in self._named(first, size, epoch):
            if kept.state == "sent" or kept.record.revision == 0:
                kept.state = "closed"

    @rule(first=st.integers(1, 20), size=st.integers(0, 10), epoch=st.integers(0, 4))
    def reopen(self, first: int, size: int, epoch: int) -> None:
        """Let the platform lack a range."""
        self.store.outbox.reopen([Span(f"e{epoch}", first, first + size)], PLATFORM)
        for kept in self._named(first, size, epoch):
            kept.state = "unsent"

    @rule(boot=st.integers(0, 4), bounds=st.booleans())
    def time(self, boot: int, bounds: bool) -> None:
        """Make a boot's time known, or its bounds."""
        name = f"boot-{boot}"
        if bounds:
            self.store.times.bound(name, 1, 2)
        else:
            self.store.times.add_anchor(Anchor(name, 0.0, 0, "ntp", 0.1))
            self.anchored.add(name)
        self._timed({name}, bounds)

    def _timed(self, boots: set[str], bounds: bool) -> None:
        for seq, kept in self.model.items():
            waits = kept.held if bounds else kept.record.start is None
            if kept.record.stamp.boot in boots and waits:
                found = self.store.get(seq)
                assert found is not None
                assert found.revision == kept.record.revision + 1
                assert found.start == (None if bounds else int(found.stamp.boottime / 60) * MINUTE)
                self.model[seq] = Kept(found)
                self.seen.append(found)

    @rule()
    def restart(self) -> None:
        """End the daemon and start it again, in the next epoch."""
        self.store.close()
        self.starts += 1
        self.store = Store.open(self.folder, epoch=f"e{self.starts}", destinations=(PLATFORM,))
        self._timed(self.anchored, bounds=False)  # what came without a time after its boot's last anchor
        assert self.store.state() == ({"n": self.minutes} if self.minutes else {})

    def _named(self, first: int, size: int, epoch: int) -> list[Kept]:
        wanted = range(first, first + size + 1)
        return [k for seq, k in self.model.items() if seq in wanted and k.record.epoch == f"e{epoch}"]

    @invariant()
    def agrees(self) -> None:
        """Store and model say the same."""
        if not hasattr(self, "store"):
            return
        unsent = [seq for seq, kept in self.model.items() if kept.state == "unsent"]
        due = [self.model[seq].record for seq in reversed(unsent) if not self.model[seq].held]
        assert self.store.outbox.unsent(PLATFORM) == due
        assert self.store.outbox.count_unsent(PLATFORM) == len(unsent)
        assert self.store.outbox.count_held(PLATFORM) == sum(self.model[seq].held for seq in unsent)
        assert [r.seq for r in self.store.outbox.newest(PLATFORM)] == unsent[-1:]
        sent = {seq for seq, kept in self.model.items() if kept.state == "sent"}
        spans = self.store.outbox.unproven(PLATFORM)
        assert {n for s in spans for n in range(s.first, s.last + 1)} == sent
        assert self.store.range(1, 10_000) == [kept.record for kept in self.model.values()]


StoreModel.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestStoreModel = StoreModel.TestCase


class LongStoreModel(StoreModel):
    """The same for more and longer lives of a store."""


LongStoreModel.TestCase.settings = settings(max_examples=100, stateful_step_count=50, deadline=None)
TestLongStoreModel = pytest.mark.slow(LongStoreModel.TestCase)
