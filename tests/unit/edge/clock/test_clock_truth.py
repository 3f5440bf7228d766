"""What a crystal, a wrong source and a wrong record do to the times of minutes: nothing beyond the error stated."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from edge.clock.anchors import EARLIEST, LATEST, Anchor, day_of
from edge.clock.belief import SECOND_LOOK
from edge.recorder.earlier_boots import EarlierBoots
from edge.recorder.timeline import MINUTE, Timeline
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.errors import StoreError
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.data import CHECKOUT

UTC0 = 1_790_000_000_000_000  # 2026-09-21
YEAR_2038 = 2_150_000_000_000_000
HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture(name="store")
def open_store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path, epoch="e", destinations=(PLATFORM,))
    yield store
    store.close()


@dataclass
class Minute:
    """What a minute says, and when it truly began (microseconds UTC)."""

    begin: float
    duration: float
    label: int | None
    error: float
    true: int

    @property
    def off(self) -> float:
        """Seconds from the truth."""
        return abs((self.label or 0) - self.true) / 1e6


class Box:
    """A box whose crystal runs `ppm` fast: its timeline, the truth, and what its minutes said."""

    def __init__(self, store: Store, ppm: float) -> None:
        self.rate = 1 + ppm * 1e-6
        self.line = Timeline(store, "b", 0.0)
        self.minutes: list[Minute] = []

    def true(self, boottime: float) -> int:
        return UTC0 + round(boottime / self.rate * 1e6)

    def hear(self, true_s: float, source: str, error: float, off: float = 0.0) -> None:
        """Let a source give the time, `off` seconds wrong, at a true second."""
        boottime = true_s * self.rate
        self.run(boottime)
        self.line.learn(Anchor("b", boottime, self.true(boottime) + round(off * 1e6), source, error), boottime)

    def run(self, until: float) -> None:
        """Close the minutes that end before an instant of the boot."""
        line = self.line
        while line.end + 1.0 <= until:
            label, mark = line.start()
            self.minutes.append(Minute(line.begin, line.duration, label, mark.error or 0.0, self.true(line.begin)))
            line.next()


def judged(minutes: list[Minute]) -> None:
    """Check that no minute is further from the truth than it states, none is there twice, and none leaves a gap."""
    assert [m for m in minutes if m.label is not None and m.off > m.error] == []
    labels = [m.label for m in minutes if m.label is not None]
    assert len(set(labels)) == len(labels)
    assert all(after > before for before, after in pairwise(labels))
    assert all(abs(a.begin + a.duration - b.begin) < 1e-5 for a, b in pairwise(minutes))
    whole = minutes[-1].begin + minutes[-1].duration - minutes[0].begin
    assert sum(m.duration for m in minutes) == pytest.approx(whole, abs=0.001)
    assert all(m.error >= 0.05 for m in minutes if m.label is not None)


@pytest.mark.parametrize("ppm", [20.0, 50.0, -50.0])
def test_the_platform_s_hourly_time_alone_keeps_ten_days_true(store: Store, ppm: float) -> None:
    """With no other clock than the platform's, each minute of ten days is true within what it states, all 60 s long."""
    box = Box(store, ppm)
    wobble = random.Random(1)
    for hour in range(240):
        box.hear(hour * HOUR, "platform", 0.05, wobble.uniform(-0.05, 0.05))
    judged(box.minutes)
    assert len(box.minutes) >= 14_330
    assert max(m.off for m in box.minutes) < 0.3
    assert max(m.error for m in box.minutes) < 1.9  # in the first hour, when nothing is known of the crystal
    assert max(m.error for m in box.minutes[125:]) < 0.6
    assert all(m.label % MINUTE == 0 for m in box.minutes[1:] if m.label is not None)


def test_a_bad_crystal_is_known_by_its_anchors(store: Store) -> None:
    """A crystal far beyond its kind, network time each ten minutes: the error holds it from the first minute on."""
    box = Box(store, 200.0)
    for look in range(2 * 144):
        box.hear(look * 600.0, "ntp", 0.0)
    judged(box.minutes)
    assert max(m.off for m in box.minutes) < 0.13
    assert max(m.error for m in box.minutes[60:]) < 0.35


def test_a_source_that_claims_no_error_is_not_believed_that(store: Store) -> None:
    """systemd-timesyncd tells the kernel an error of zero: the minutes state 50 ms at least."""
    box = Box(store, 0.0)
    box.hear(0.0, "ntp", 0.000001, 0.045)
    box.run(600.0)
    judged(box.minutes)


@pytest.mark.parametrize(
    "utc", [0, -1, EARLIEST - 1, UTC0 - 619_315_200_000_000, LATEST + 1, 10**17, -(10**18), 2**63, 10**30, -(10**30)]
)
def test_no_time_that_cannot_be_is_taken(store: Store, utc: int) -> None:
    """1970, a GPS receiver's rollover, the year 5138, no number at all: told, and the next true word is believed."""
    line = Timeline(store, "b", 0.0)
    line.learn(Anchor("b", 5.0, utc, "platform", 0.001), 5.0)
    assert line.time_at(5.0) == (None, ClockMark("arrival"))
    assert line.time.doubt is not None and line.time.doubt.code == "time_cannot_be"
    assert not line.time.settled
    assert store.times.anchors("b") == []
    line.learn(Anchor("b", 10.0, UTC0, "ntp", 0.05), 10.0)
    assert line.time_at(10.0)[0] == UTC0
    assert line.time.settled


def test_the_changelog_says_since_when_time_is_believed() -> None:
    """The first and last day that any source may tell stand in the newest release's notes, 20 years apart."""
    newest = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1]
    first, last = day_of(EARLIEST).split()[0], day_of(LATEST).split()[0]
    assert first in newest
    assert last in newest
    assert int(last[:4]) - int(first[:4]) == 20


@pytest.mark.parametrize("error", [math.nan, math.inf, -1.0, 1e9])
def test_no_error_that_is_none_is_taken(store: Store, error: float) -> None:
    """A source whose error is no number, or hours, tells nothing."""
    line = Timeline(store, "b", 0.0)
    line.learn(Anchor("b", 5.0, UTC0, "platform", error), 5.0)
    assert line.time_at(5.0)[0] is None
    line.learn(Anchor("b", math.nan, UTC0, "platform", 0.1), 5.0)
    assert line.time_at(5.0)[0] is None


def from_an_earlier_boot(store: Store, utc: int) -> None:
    store.append(Draft(Kind.MINUTE, Stamp("a", 60.0), 60.0, utc, ClockMark("ntp", 0.05), {"values": {}}))


def test_a_time_before_the_newest_record_is_asked_again(store: Store) -> None:
    """A source two years back for a while is told and not believed; when it is right again nothing came of it."""
    from_an_earlier_boot(store, UTC0)
    line = Timeline(store, "b", 0.0)
    for at in (0.0, 5.0, 300.0, 595.0):
        line.learn(Anchor("b", at, EARLIEST + 1 + round(at * 1e6), "ntp", 0.02), at)
        assert line.time_at(at)[0] is None
        assert not line.time.settled
        assert line.time.doubt is not None and line.time.doubt.code == "time_before_newest"
    line.learn(Anchor("b", 600.0, UTC0 + 900_000_000, "ntp", 0.02), 600.0)
    assert line.time_at(600.0)[0] == UTC0 + 900_000_000
    assert line.time.settled
    assert [a.boottime for a in store.times.anchors("b")] == [600.0]


@pytest.mark.parametrize(("second", "at"), [("ntp", SECOND_LOOK), ("platform", 7.0)])
def test_one_record_of_2038_does_not_lock_the_truth_out(store: Store, second: str, at: float) -> None:
    """What a source still says ten minutes later, or another says too, is believed against the newest record."""
    from_an_earlier_boot(store, YEAR_2038)
    line = Timeline(store, "b", 0.0)
    line.learn(Anchor("b", 0.0, UTC0, "ntp", 0.02), 0.0)
    assert line.time_at(0.0)[0] is None
    line.learn(Anchor("b", at, UTC0 + round(at * 1e6), second, 0.02), at)
    assert line.time_at(at)[0] == UTC0 + round(at * 1e6)
    assert line.time.settled
    line.learn(Anchor("b", at + 600.0, UTC0 + round((at + 600.0) * 1e6), "ntp", 0.02), at + 600.0)
    assert (line.time.settled, len(store.times.anchors("b"))) == (True, 2)


def test_two_sources_an_hour_apart_are_both_stated(store: Store) -> None:
    """The platform, an hour ahead, against network time, for ever: the error holds both until a third decides."""
    line = Timeline(store, "b", 0.0)
    line.learn(Anchor("b", 0.0, UTC0 + 3_600_000_000, "platform", 0.08), 0.0)
    for at in range(60, 700, 5):
        if at % 120 == 0:
            line.learn(Anchor("b", at, UTC0 + 3_600_000_000 + at * 1_000_000, "platform", 0.08), at)
        line.learn(Anchor("b", at + 1.0, UTC0 + (at + 1) * 1_000_000, "ntp", 0.02), at + 1.0)
    utc, mark = line.time_at(700.0)
    assert abs((utc or 0) - UTC0 - 700_000_000) <= (mark.error or 0.0) * 1e6 < 3_601e6
    assert line.time.doubt is not None and line.time.doubt.code == "time_contradicted"
    line.learn(Anchor("b", 701.0, UTC0 + 701_000_000, "gnss", 0.02), 701.0)
    utc, mark = line.time_at(702.0)
    assert abs((utc or 0) - UTC0 - 702_000_000) <= (mark.error or 0.0) * 1e6 < 0.2e6
    assert [told.code for told in line.time.events] == ["time_contradicted", "time_turned"]


def test_a_source_that_does_not_come_back_is_forgotten(store: Store) -> None:
    """One wrong answer of the platform's is no lasting doubt of a clock that is kept right."""
    line = Timeline(store, "b", 0.0)
    line.learn(Anchor("b", 0.0, UTC0, "ntp", 0.02), 0.0)
    line.learn(Anchor("b", 100.0, UTC0 - 10_000_000_000, "platform", 0.08), 100.0)
    settled = [line.time.settled]
    for at in (105.0, 1305.0):
        line.learn(Anchor("b", at, UTC0 + round(at * 1e6), "ntp", 0.02), at)
        settled.append(line.time.settled)
    assert settled == [False, False, True]
    assert {a.source for a in store.times.anchors("b")} == {"ntp"}


@pytest.mark.parametrize(("second", "latest"), [("ntp", None), ("platform", UTC0 + 50_000)])
def test_a_boot_without_time_after_a_record_of_2038_gets_honest_bounds(
    store: Store, second: str, latest: int | None
) -> None:
    """A record that is refuted is no lower bound; and one source's word against it is no upper one."""
    from_an_earlier_boot(store, YEAR_2038)
    store.append(Draft(Kind.MINUTE, Stamp("lost", 60.0), 60.0, None, ClockMark("arrival"), {"values": {}}))
    line = Timeline(store, "b", 0.0)
    for at, source in ((0.0, "ntp"), (SECOND_LOOK, second)):
        line.learn(Anchor("b", at, UTC0 + round(at * 1e6), source, 0.02), at)
    record = store.get(2)
    assert record is not None
    assert record.clock.not_before is None
    assert record.clock.not_after == (None if latest is None else pytest.approx(latest, abs=400_000))


@pytest.mark.parametrize(("undated", "wait"), [(0, 7200.0), (60, 3600.0), (119, SECOND_LOOK), (300, SECOND_LOOK)])
def test_a_source_must_say_for_so_long_that_earlier_boots_are_wrong(store: Store, undated: int, wait: float) -> None:
    """As long as they measured by their time, less what was measured since without one."""
    for number in range(120):
        from_an_earlier_boot(store, UTC0 + number * 60_000_000)
    for number in range(undated):
        store.append(Draft(Kind.MINUTE, Stamp("lost", 60.0 * number), 60.0, None, ClockMark("arrival"), {"values": {}}))
    earlier = EarlierBoots(store, "c")
    assert earlier.contradict(Anchor("c", 5.0, UTC0, "ntp", 0.05))
    assert earlier.proof() == wait


def test_what_the_store_refuses_the_timeline_does_not_keep(store: Store) -> None:
    """An anchor that is not on the disk dates nothing, or a restart would date the same boot otherwise."""
    line = Timeline(store, "b", 0.0)
    store.close()
    line.learn(Anchor("b", 5.0, UTC0, "ntp", 0.05), 5.0)  # raises nothing: measuring goes on
    assert line.time_at(5.0)[0] is None
    with pytest.raises(StoreError):
        store.times.anchors("b")


def test_a_correction_of_a_second_is_taken_over(store: Store) -> None:
    """A leap second, or a clock set by a little, is in the error at once and in the edges after a second look."""
    box = Box(store, 0.0)
    box.hear(0.0, "ntp", 0.02)
    for at in range(630, 1300, 5):
        box.hear(at, "ntp", 0.02, -0.99)
    box.run(2400.0)
    after = [m for m in box.minutes if m.begin > 630.0]
    assert after[0].error > 0.99
    assert [m for m in after if abs((m.label or 0) - (m.true - 990_000)) > m.error * 1e6] == []
    assert all(abs((m.label or 0) - (m.true - 990_000)) < 1000 for m in after if m.begin > 1300.0)
    assert all(abs(a.begin + a.duration - b.begin) < 1e-5 for a, b in pairwise(box.minutes))
