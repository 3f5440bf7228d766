"""What the station and the platform may rely on, one promise a test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.clock.anchors import Anchor
from edge.records.record import Kind, Record
from edge.records.spans import Span
from edge.store.errors import StoreCause, StoreError
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import MINUTE, event, minute

Opener = Callable[..., Store]


@pytest.fixture(name="open_store")
def opener(tmp_path: Path) -> Iterator[Opener]:
    """Give a function that opens the store of this test; close what is open at the end."""
    opened: list[Store] = []

    def open_store(epoch: str = "a", destinations: tuple[str, ...] = (PLATFORM,), **more: Any) -> Store:
        for store in opened:
            store.close()
        opened.append(Store.open(tmp_path / "state", epoch=epoch, destinations=destinations, **more))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


def seqs(records: list[Record]) -> list[int]:
    """Return their numbers, in their order."""
    return [record.seq for record in records]


def test_a_record_comes_back_as_it_was_given(open_store: Opener) -> None:
    """What is appended is read back equal after a restart, with its identity and raw stamp."""
    store = open_store("a")
    given = store.append(minute(5))
    assert (given.epoch, given.seq, given.revision) == ("a", 1, 0)
    again = open_store("b")
    assert again.get(1) == given
    assert again.last() == given
    assert again.append(minute(6)).seq == 2
    assert again.epochs() == [Span("a", 1, 1), Span("b", 2, 2)]


def test_state_goes_with_the_newest_record(open_store: Opener) -> None:
    """The recorder gets back at its start what it last gave, also where later records gave none."""
    store = open_store()
    assert store.state() == {}
    store.append(minute(1), {"rain": 1})
    store.append(minute(2), {"rain": 2})
    store.append(minute(3))
    assert open_store("b").state() == {"rain": 2}


def test_the_newest_of_a_kind(open_store: Opener) -> None:
    """The newest minute, setup or start is found among all others."""
    store = open_store()
    assert store.last() is None
    store.append(event(Kind.SETUP, 0, {"n": 1}))
    store.append(event(Kind.SETUP, 1, {"n": 2}))
    store.append(minute(2))
    store.append(event(Kind.HEALTH, 3, {}))
    assert [r.seq for kind in (Kind.SETUP, Kind.MINUTE, None) if (r := store.last(kind))] == [2, 3, 4]
    assert store.last(Kind.LOSS) is None


def test_the_newest_goes_first_and_what_is_under_way_is_left_out(open_store: Opener) -> None:
    """The uplink gets the newest unsent records first, without those it is sending already."""
    store = open_store()
    for n in range(1, 8):
        store.append(minute(n))
    assert seqs(store.outbox.unsent(PLATFORM, limit=3)) == [7, 6, 5]
    assert seqs(store.outbox.unsent(PLATFORM, limit=3, excluding=((5, 5), (7, 7)))) == [6, 4, 3]
    assert seqs(store.outbox.unsent(PLATFORM, newest_first=False, limit=2)) == [1, 2]
    assert seqs(store.outbox.unsent(PLATFORM, until_seq=2)) == [2, 1]


def test_an_acknowledgement_is_not_a_proof(open_store: Opener) -> None:
    """What the broker acknowledged is sent but unproven; the proof closes it; what is lacking is opened again."""
    store = open_store()
    for n in range(1, 6):
        store.append(minute(n))
    store.outbox.mark_sent(store.outbox.unsent(PLATFORM, limit=4), PLATFORM)
    assert store.outbox.unproven(PLATFORM) == [Span("a", 2, 5)]
    assert store.outbox.count_unsent(PLATFORM) == 1
    assert store.outbox.prove([Span("a", 1, 3)], PLATFORM) == 3
    assert store.outbox.unproven(PLATFORM) == [Span("a", 4, 5)]
    assert store.outbox.reopen([Span("a", 3, 4)], PLATFORM) == 2
    assert store.outbox.unsent_spans(PLATFORM) == [Span("a", 3, 4)]
    assert seqs([r for r in [store.outbox.oldest_unsent(PLATFORM)] if r]) == [3]


def test_what_was_sent_and_closed_outlives_a_restart(open_store: Opener) -> None:
    """A restart forgets neither what is sent nor what is closed."""
    store = open_store()
    for n in range(1, 5):
        store.append(minute(n))
    store.outbox.mark_sent(store.range(1, 3), PLATFORM)
    store.outbox.prove([Span("a", 1, 1)], PLATFORM)
    store = open_store("b")
    assert store.outbox.unproven(PLATFORM) == [Span("a", 2, 3)]
    assert store.outbox.unsent_spans(PLATFORM) == [Span("a", 4, 4)]


def test_a_proof_of_another_epoch_closes_nothing(open_store: Opener) -> None:
    """Numbers alone prove nothing: a span closes only records of its own epoch."""
    open_store("a").append(minute(1))
    store = open_store("b")
    store.append(minute(2))
    assert store.outbox.prove([Span("b", 1, 1), Span("a", 2, 9), Span("c", 1, 9)], PLATFORM) == 0
    assert store.outbox.unsent_spans(PLATFORM) == [Span("a", 1, 1), Span("b", 2, 2)]


def test_only_what_was_sent_long_ago_is_asked_for(open_store: Opener) -> None:
    """A receipt may take its time: only what was sent before an instant counts as overdue."""
    store = open_store()
    for n in range(1, 4):
        store.append(minute(n))
    store.outbox.mark_sent(store.range(1, 1), PLATFORM, at=100.0)
    store.outbox.mark_sent(store.range(2, 3), PLATFORM, at=200.0)
    assert store.outbox.unproven(PLATFORM, before=150.0) == [Span("a", 1, 1)]
    assert open_store("b").outbox.unproven(PLATFORM, before=0.0) == [Span("a", 1, 3)]


def test_a_platform_without_receipts_does_not_slow_the_station(open_store: Opener) -> None:
    """However many records wait for their proof: marking one more sent takes the same work."""
    store = open_store()

    def work(number: int) -> int:
        record = store.append(minute(number))
        calls: list[str] = []
        sys.setprofile(lambda frame, event, arg: calls.append(event) if event == "call" else None)
        store.outbox.mark_sent([record], PLATFORM, at=number * 60.0)
        sys.setprofile(None)
        return len(calls)

    counts = [work(number) for number in range(1, 200)]
    assert counts[-1] <= counts[10]
    assert store.outbox.unproven(PLATFORM) == [Span("a", 1, 199)]
    assert store.outbox.unproven(PLATFORM, before=199 * 60.0 - 60.0) == [Span("a", 1, 197)]


def test_records_without_time_are_held_but_the_newest_goes(open_store: Opener) -> None:
    """What could only be stamped by its arrival waits for a time, but the newest is given for the live path."""
    store = open_store()
    store.append(minute(1))
    store.append(minute(2, timed=False))
    store.append(minute(3, timed=False))
    assert seqs(store.outbox.unsent(PLATFORM)) == [1]
    assert seqs(store.outbox.newest(PLATFORM)) == [3]
    assert (store.outbox.count_held(PLATFORM), store.outbox.count_unsent(PLATFORM)) == (2, 3)
    assert [(b.boot, b.first, b.last, b.records) for b in store.times.boots_without_time()] == [("boot-1", 2, 3, 2)]


def test_an_anchor_gives_time_and_a_higher_revision(open_store: Opener) -> None:
    """An anchor times every timeless record of its boot alone, and makes it unsent again, sent or not."""
    store = open_store()
    store.append(minute(1, "other", timed=False))
    first = store.append(minute(2, timed=False))
    store.append(minute(3))
    store.outbox.mark_proven([first], PLATFORM)
    assert store.times.add_anchor(Anchor("boot-1", 0.0, 1_000_000, "platform", 0.5)) == 1
    found = store.get(2)
    assert found is not None
    assert (found.start, found.revision, found.clock.source) == (1_000_000 + 2 * MINUTE, 1, "platform")
    assert found.stamp == first.stamp
    assert seqs(store.outbox.unsent(PLATFORM)) == [3, 2]
    assert store.times.anchors("boot-1") == [Anchor("boot-1", 0.0, 1_000_000, "platform", 0.5)]


def test_bounds_release_a_boot_that_never_had_a_time(open_store: Opener) -> None:
    """A boot without any anchor is sent with bounds in the end; a second time changes nothing."""
    store = open_store()
    store.append(minute(1, timed=False))
    assert store.times.bound("boot-1", 5, 9) == 1
    assert store.times.bound("boot-1", 5, 9) == 0
    found = store.outbox.unsent(PLATFORM)[0]
    assert (found.start, found.revision, found.clock.source, found.clock.not_before) == (None, 1, "bounds", 5)
    assert store.outbox.count_held(PLATFORM) == 0
    assert store.times.boots_without_time() == []


def test_an_old_acknowledgement_does_not_close_a_new_revision(open_store: Opener) -> None:
    """What is known of a record's first revision says nothing of the second, which brings its time."""
    store = open_store()
    old = store.append(minute(1, timed=False))
    store.times.add_anchor(Anchor("boot-1", 0.0, 0, "ntp", 0.1))
    store.outbox.mark_sent([old], PLATFORM)
    store.outbox.mark_proven([old], PLATFORM)
    store.outbox.prove([Span("a", 1, 1)], PLATFORM)
    store.outbox.prove([Span("a", 1, 1)], PLATFORM, revision=0)
    assert seqs(store.outbox.unsent(PLATFORM)) == [1]
    store.outbox.mark_sent(store.outbox.unsent(PLATFORM), PLATFORM)
    assert store.outbox.prove([Span("a", 1, 1)], PLATFORM, revision=0) == 0
    assert store.outbox.prove([Span("a", 1, 1)], PLATFORM) == 1


def test_destinations_are_apart(open_store: Opener) -> None:
    """What one destination has says nothing of another."""
    store = open_store(destinations=("platform", "coop"))
    store.append(minute(1))
    store.outbox.mark_proven(store.outbox.unsent(PLATFORM), PLATFORM)
    assert store.outbox.count_unsent(PLATFORM) == 0
    assert store.outbox.count_unsent("coop") == 1


def test_a_second_daemon_is_refused(open_store: Opener, tmp_path: Path) -> None:
    """Two daemons on one folder would tear it: the second one is told who holds it."""
    open_store()
    with pytest.raises(StoreError, match=r"in use by another minshan \(pid \d+\)") as found:
        Store.open(tmp_path / "state", epoch="z", destinations=(PLATFORM,))
    assert found.value.cause is StoreCause.IN_USE


def test_a_closed_store_says_so(open_store: Opener) -> None:
    """After the end nothing is kept silently: an append fails with a sentence."""
    store = open_store()
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.append(minute(1))
