"""A curve that the station answers with is what its records say: nothing missing, nothing twice, no wrong time."""

from __future__ import annotations

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from edge.clock.anchors import Anchor
from edge.history import curves as curves_module
from edge.history import pages
from edge.history.curves import Curves
from edge.records.answers import Event
from edge.records.asked import AskedStep
from edge.store.store import Store
from edge.store.times import Redating
from tests.kits.history_kit import BEGIN, CHANNELS, DAY, HOUR, MINUTE, Life, alike, curve, decoded, expected, life
from tests.kits.store_kit import memory_folder

STEPS = {"minute": None, "hour": HOUR, "day": DAY}
EVER = (BEGIN - 2 * DAY, BEGIN + 30 * DAY)


def check(store: Store, first: int, last: int) -> None:
    """Compare all curves of a span with a second computation."""
    records = decoded(store.range(1, store.next_seq))
    made = Curves("s", store)
    for channel in CHANNELS[::2]:
        for step, span in STEPS.items():
            whole = expected(records, channel, span)
            wanted = [p for p in whole if first - (span - 1 if span else 0) <= p.start_us < last]
            assert alike(curve(made, channel, first, last, step), wanted), (channel, step)


def every_event(store: Store, first: int, last: int) -> list[Event]:
    """Return all pages of events."""
    found: list[Event] = []
    page: str | None = None
    while True:
        told = pages.events("s", store, first, last, page=page)
        found += told.events
        page = told.next
        if page is None:
            return found


@given(st.integers(0, 10**9), st.integers(-100, 6000), st.integers(1, 9000))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_curves_are_what_the_records_say(seed: int, begin: int, length: int) -> None:
    """Minutes, hours and days over restarts, missing days, undated boots and clocks ahead of UTC, in any window."""
    with memory_folder() as folder:
        lived = life(folder, seed)
        first = BEGIN + begin * MINUTE + seed % 7
        check(lived.store, first, first + length * MINUTE)
        lived.store.close()


@given(st.integers(0, 10**9))
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_events_are_told_once_each(seed: int) -> None:
    """Every event of a span is on one page, the newest first; one without a time is told without one."""
    with memory_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "PAGE", 3)
        patch.setattr(pages, "LOOKED_AT", 5)
        patch.setattr(pages, "SLICE", 2)
        lived = life(folder, seed)
        first, last = BEGIN + seed % (3 * DAY), BEGIN + seed % (3 * DAY) + 2 * DAY
        wanted = [
            record
            for record in reversed(lived.records())
            if record.kind != "minute" and (record.start is None or first <= record.start < last)
        ]
        told = every_event(lived.store, first, last)
        assert [event.seq for event in told if event.start_us is not None] == [r.seq for r in wanted if r.start]
        assert {event.seq for event in told} <= {record.seq for record in wanted}
        assert [event.seq for event in told] == sorted((event.seq for event in told), reverse=True)
        assert all(event.body == lived.store.range(event.seq, event.seq)[0].fields() for event in told)
        lived.store.close()


def test_a_boot_that_is_dated_anew_has_its_new_times(tmp_path: Path) -> None:
    """What a boot measured is where its right time puts it, between or among other boots', and nowhere else."""
    lived = Life(tmp_path, 4)
    lived.measure(200)
    lived.restart(HOUR)
    begun = lived.now
    lived.measure(200)
    lived.restart(HOUR)
    lived.measure(70)
    check(lived.store, *EVER)
    for away in (-9 * DAY, -2 * HOUR, 5 * DAY):
        anchor = Anchor("boot-2", 0.0, begun + away, "gnss", 0.02)
        lived.store.times.redate(Redating("boot-2", (anchor,)))
        check(lived.store, BEGIN - 20 * DAY, EVER[1])
    lived.store.close()


def test_a_query_holds_the_store_for_a_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a hundred curves are asked nobody reads more than a slice of records at once, so an append never waits."""
    lived = Life(tmp_path, 5)
    for _ in range(2):
        lived.measure(250)
        lived.restart(MINUTE)
    read: list[int] = []
    real = Store.range

    def watched(store: Store, first: int, last: int) -> list[object]:
        found = real(store, first, last)
        read.append(len(found))
        return list(found)

    monkeypatch.setattr(Store, "range", watched)
    made = Curves("s", lived.store)
    steps: tuple[AskedStep, ...] = ("minute", "hour", "day", "auto")
    for number in range(100):
        made.series("air_temperature", BEGIN + number * HOUR // 4, BEGIN + 5 * DAY, steps[number % 4])
    assert read
    assert max(read) <= 200
    lived.store.close()


def test_a_long_curve_comes_in_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little one answer holds, the pages together are the curve."""
    monkeypatch.setattr(curves_module, "PAGE_MINUTES", 7)
    monkeypatch.setattr(curves_module, "FRESH_HOURS", 1)
    lived = Life(tmp_path, 6)
    lived.measure(100)
    lived.restart(3 * HOUR)
    lived.measure(50)
    check(lived.store, lived.now - DAY // 2, lived.now + HOUR)
    lived.store.close()
