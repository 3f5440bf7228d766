"""Clocks by chance: whatever sources say and boots do, minutes join, none is there twice, and honest ones stay true."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock.anchors import LEAST_ERROR, Anchor
from edge.recorder.timeline import Timeline
from edge.records.record import Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import memory_folder

UTC0 = 1_790_000_000_000_000  # 2026-09-21
SOURCES = ("ntp", "platform", "gnss")
WOBBLE = 20e-6  # s per s; what the day's warmth does to a crystal
errors = st.sampled_from((0.0, 0.02, 0.05, 0.3, 2.0))
words = st.tuples(st.floats(1.0, 900.0), st.sampled_from(SOURCES), errors, st.floats(-1.0, 1.0))
reboots = st.tuples(st.floats(1.0, 900.0), st.just("reboot"), st.just(0.0), st.just(0.0))
lies = st.tuples(
    st.floats(1.0, 900.0), st.sampled_from(SOURCES), errors, st.sampled_from((-3600.0, -61.5, 4.0, 86400.0))
)
Event = tuple[float, str, float, float]


class Box:
    """A box that records its minutes; its crystal runs `ppm` fast, more or less with the day's warmth."""

    def __init__(self, store: Store, ppm: float) -> None:
        self.store, self.ppm = store, ppm * 1e-6
        self.now = self.booted = 0.0  # true seconds
        self.boots: dict[str, float] = {}
        self._boot()

    def _boot(self) -> None:
        self.booted = self.now
        self.boot = f"boot-{len(self.boots)}"
        self.boots[self.boot] = self.now
        self.line = Timeline(self.store, self.boot, self.boottime())

    def boottime(self) -> float:
        """Return the boot's clock now, s."""
        passed = self.now - self.booted
        return passed * (1 + self.ppm) + WOBBLE * 3000.0 * math.sin(passed / 3000.0)

    def true(self, record: Record) -> float:
        """Return the true second of a record's begin."""
        passed = record.stamp.boottime
        for _ in range(5):
            passed -= (passed * (1 + self.ppm) + WOBBLE * 3000.0 * math.sin(passed / 3000.0)) - record.stamp.boottime
        return self.boots[record.stamp.boot] + passed

    def live(self, event: Event) -> None:
        """Let that many true seconds pass, then hear a source, or reboot."""
        wait, source, error, off = event
        for _ in range(int(wait // 30)):
            self.now += 30.0
            self._close()
        self.now += wait % 30
        self._close()
        if source == "reboot":
            self.now += 5.0
            self._boot()
            return
        honest = abs(off) <= 1.0
        wrong = off * max(error, LEAST_ERROR) if honest else off
        self.line.learn(
            Anchor(self.boot, self.boottime(), UTC0 + round((self.now + wrong) * 1e6), source, error), self.boottime()
        )

    def _close(self) -> None:
        line = self.line
        while line.end + 1.0 <= self.boottime():
            start, mark = line.start()
            draft = Draft(Kind.MINUTE, Stamp(self.boot, line.begin), line.duration, start, mark, {"values": {}})
            line.next()
            if draft.duration > 0:
                self.store.append(draft)

    def minutes(self) -> list[Record]:
        """Return the minutes as they are kept now."""
        return self.store.range(1, self.store.next_seq)


def lived(folder: Path, ppm: float, events: list[Event]) -> tuple[Box, list[Record]]:
    """Return a box after all this, and its minutes; they join, and none is there twice."""
    store = Store.open(folder, epoch="e", destinations=(PLATFORM,))
    try:
        box = Box(store, ppm)
        for event in events:
            box.live(event)
        box.live((120.0, "ntp", 0.02, 0.0))
        minutes = box.minutes()
    finally:
        store.close()
    for one, after in pairwise(minutes):
        if one.stamp.boot == after.stamp.boot:
            assert abs(one.stamp.boottime + one.duration - after.stamp.boottime) < 2e-5
    starts = [minute.start for minute in minutes if minute.start is not None]
    assert len(set(starts)) == len(starts)
    return box, minutes


@settings(max_examples=60, deadline=None)
@given(ppm=st.floats(-430.0, 430.0), events=st.lists(words | reboots, max_size=12))
def test_honest_sources_are_never_stated_too_narrow(ppm: float, events: list[Event]) -> None:
    """Sources that state their errors honestly, any crystal, any reboots: the truth is within what is stated."""
    with memory_folder() as folder:
        box, minutes = lived(folder, ppm, events)
    for minute in minutes:
        true = UTC0 + box.true(minute) * 1e6
        if minute.start is not None:
            assert abs(minute.start - true) <= (minute.clock.error or 0.0) * 1e6 + 1
        else:
            assert (minute.clock.not_before or 0) - 1e6 <= true <= (minute.clock.not_after or math.inf) + 1e6
    for one, after in pairwise([m for m in minutes if m.start is not None]):
        slack = (one.clock.error or 0.0) + (after.clock.error or 0.0)
        assert (after.start or 0) - (one.start or 0) >= (one.duration - slack) * 1e6 - 1


@settings(max_examples=60, deadline=None)
@given(ppm=st.floats(-100.0, 100.0), events=st.lists(words | reboots | lies, max_size=14))
def test_no_minute_is_there_twice_whatever_sources_say(ppm: float, events: list[Event]) -> None:
    """Sources that lie by seconds, an hour and a day, in any order: minutes join, and no two have one time."""
    with memory_folder() as folder:
        lived(folder, ppm, events)


@settings(max_examples=40, deadline=None)
@given(liar=st.sampled_from(SOURCES), off=st.sampled_from((-3600.0, -2.0, 2.0, 86_400.0)), begin=st.integers(0, 3))
def test_one_liar_of_three_is_outvoted(liar: str, off: float, begin: int) -> None:
    """Three sources, one of which lies from any time on: all minutes are true within what they state."""
    events: list[Event] = []
    for turn in range(5):
        events += [(200.0, s, 0.05, off if s == liar and turn >= begin else 0.3) for s in SOURCES]
    with memory_folder() as folder:
        box, minutes = lived(folder, 30.0, events)
    for minute in minutes:
        assert minute.start is not None
        assert abs(minute.start - UTC0 - box.true(minute) * 1e6) <= (minute.clock.error or 0.0) * 1e6 + 1
