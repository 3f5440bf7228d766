"""The edges of minutes: UTC's where the time is known, the boot's own where it is not, and no gap between them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock.anchors import Anchor
from edge.recorder.timeline import MINUTE, Timeline
from edge.store.outbox import PLATFORM
from edge.store.store import Store

BOOT = "boot"
UTC0 = 1_775_347_200_000_000  # a whole minute


@pytest.fixture(name="store", scope="module")
def open_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.open(tmp_path_factory.mktemp("state"), epoch="e", destinations=(PLATFORM,))
    yield store
    store.close()


class Edges:
    """A timeline that keeps what each minute was."""

    def __init__(self, store: Store, boot: str, now: float) -> None:
        self.line = Timeline(store, boot, now)
        self.minutes: list[tuple[float, float, int | None, float]] = []

    def run(self, minutes: int) -> None:
        for _ in range(minutes):
            line = self.line
            self.minutes.append((line.begin, line.end, line.begin_utc, line.duration))
            line.next()


names = iter(range(1_000_000))


@given(begin=st.floats(0, 1e6), utc=st.integers(0, 10 * MINUTE), seconds=st.floats(0, 300))
def test_minutes_join_without_a_gap_whenever_the_time_becomes_known(
    store: Store, begin: float, utc: int, seconds: float
) -> None:
    """However late the time becomes known: each minute begins where the last one ended, and then follows UTC."""
    boot = f"{BOOT}{next(names)}"
    edges = Edges(store, boot, begin)
    edges.run(int(seconds // 60))
    now = begin + seconds
    edges.line.learn(Anchor(boot, now, UTC0 + utc, "ntp", 0.01), now)
    edges.run(5)
    for before, after in pairwise(edges.minutes):
        assert before[1] == after[0]
    for start, end, start_utc, duration in edges.minutes:
        assert 0 <= end - start <= 60.0 + 1.5e-6  # an instant of a boot is in whole microseconds
        assert [round(start, 6), round(end, 6), round(duration, 6)] == [start, end, duration]  # as columns hold them
        assert duration == pytest.approx(end - start, abs=2e-3)
        if start_utc is not None:
            assert (start_utc + round(duration * 1e6) + 1) % MINUTE <= 2  # so is UTC: one of both may be one off
    assert [minute[2] for minute in edges.minutes[-3:]] == [
        edges.minutes[-3][2] + n * MINUTE if edges.minutes[-3][2] is not None else None for n in range(3)
    ]


@given(st.lists(st.floats(0.001, 0.9), min_size=1, max_size=20))
def test_better_anchors_move_no_edge_by_more_than_they_differ(store: Store, errors: list[float]) -> None:
    """A clock that is known ever better never leaves a hole between two minutes, nor lets two overlap."""
    boot = f"{BOOT}{next(names)}"
    edges = Edges(store, boot, 0.0)
    edges.line.learn(Anchor(boot, 0.0, UTC0, "platform", 1.0), 0.0)
    for n, error in enumerate(sorted(errors, reverse=True), 1):
        at = 60.0 * n - 30.0
        edges.line.learn(Anchor(boot, at, UTC0 + round((at + error / 2) * 1e6), "platform", error), at)
        edges.run(1)
    utcs = [minute[2] for minute in edges.minutes]
    assert utcs == [UTC0 + n * MINUTE for n in range(len(utcs))]
    for before, after in pairwise(edges.minutes):
        assert before[1] == after[0]


def test_a_clock_step_cuts_the_minute_short(store: Store) -> None:
    """An anchor that knows better by seconds ends the minute there; the next one runs to UTC's edge."""
    boot = f"{BOOT}{next(names)}"
    edges = Edges(store, boot, 0.0)
    edges.line.learn(Anchor(boot, 0.0, UTC0, "platform", 15.0), 0.0)
    edges.run(2)
    edges.line.learn(Anchor(boot, 135.0, UTC0 + 147_000_000, "ntp", 0.01), 135.0)
    edges.run(2)
    assert [(begin, end) for begin, end, *_ in edges.minutes] == [(0, 60), (60, 120), (120, 135), (135, 168)]
    assert edges.minutes[3][2:] == (UTC0 + 147_000_000, 33.0)


def test_a_minute_in_which_the_time_becomes_known_has_it(store: Store) -> None:
    """It is closed there, and dated when it is written, not at the next look at the clock ten minutes later."""
    boot = f"{BOOT}{next(names)}"
    edges = Edges(store, boot, 0.0)
    edges.run(2)
    edges.line.learn(Anchor(boot, 135.0, UTC0 + 15_000_000, "ntp", 0.02), 135.0)
    assert edges.line.start()[0] == UTC0
    edges.run(1)
    assert edges.minutes[2][:2] == (120.0, 135.0)


def test_minutes_after_a_cut_have_whole_labels_again(store: Store) -> None:
    """A correction of a tenth of a second moves no label, in a boot too that learnt the time in mid-minute."""
    boot = f"{BOOT}{next(names)}"
    edges = Edges(store, boot, 0.0)
    edges.line.learn(Anchor(boot, 30.0, UTC0 + 15_000_000, "platform", 1.0), 30.0)
    edges.run(2)
    edges.line.learn(Anchor(boot, 100.0, UTC0 + 85_100_000, "ntp", 0.05), 100.0)
    edges.run(3)
    assert [utc for *_, utc, _ in edges.minutes[2:]] == [UTC0 + n * MINUTE for n in (1, 2, 3)]


def test_a_correction_of_more_than_a_second_moves_the_edges_at_once(store: Store) -> None:
    """A label is never further than a second from what the anchors say."""
    boot = f"{BOOT}{next(names)}"
    edges = Edges(store, boot, 0.0)
    edges.line.learn(Anchor(boot, 0.0, UTC0, "platform", 2.0), 0.0)
    edges.run(1)
    edges.line.learn(Anchor(boot, 90.0, UTC0 + 91_500_000, "ntp", 0.05), 90.0)
    edges.run(2)
    assert [(begin, end) for begin, end, *_ in edges.minutes[1:]] == [(60.0, 90.0), (90.0, 118.5)]


def test_a_minute_that_ends_with_the_daemon_ends_no_later_than_it_should(store: Store) -> None:
    """Stopped within the second of grace: the minute has its whole length, and the rest of the second is another's."""
    boot = f"{BOOT}{next(names)}"
    line = Timeline(store, boot, 0.0)
    line.learn(Anchor(boot, 0.0, UTC0, "ntp", 0.05), 0.0)
    assert not line.cut_short(0.0)
    assert line.cut_short(60.7)
    assert line.duration == 60.0
    line.next()
    assert line.cut_short(60.7)
    assert line.begin_utc == UTC0 + MINUTE
    assert line.duration == pytest.approx(0.7)
