"""What is learned of a broker's limit and of records that never arrive, from evidence alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.northbound.minshan import OutgoingBatch
from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.records.spans import Span
from edge.sim.clock import SimClock
from edge.uplink.lacking import BATCHES, LackingCounts
from edge.uplink.packet_limit import AGAIN_AFTER, ENDS, FLOOR, GROW_AFTER, PacketLimit
from edge.uplink.window import Window
from edge.wire.contract import OWN_PACKET, Topic


def message(size: int, seq: int | None = None) -> OutgoingBatch:
    """Return a message of that many bytes, of one record where it has a seq."""
    return OutgoingBatch(Topic.BACKFILL, b"x" * size, () if seq is None else (record(seq),))


def record(seq: int) -> Record:
    """Return a record."""
    return Record("e", seq, Kind.MINUTE, Stamp("b", 0.0), 60.0, 1, ClockMark("ntp", 0.1), 0, None, raw({}))


def learned(clock: SimClock, size: int = 8000) -> PacketLimit:
    """Return what is known after a few ends at messages of that size."""
    limit = PacketLimit(clock)
    for _ in range(ENDS):
        limit.passed(100)
        limit.ended([message(300), message(size)])
    return limit


def test_three_ends_in_a_row_halve_what_is_sent() -> None:
    """The largest that was tried, halved; one more end at the new size is enough where that has never passed."""
    limit = learned(SimClock())
    assert limit.most == 4000
    limit.passed(100)
    limit.ended([message(4000)])
    assert limit.most == 2000
    limit.passed(1900)
    for _ in range(ENDS - 1):  # that size has passed: an end is the link's
        limit.ended([message(1800)])
    assert limit.most == 2000


@pytest.mark.parametrize("between", [None, 8000, 9000])
def test_ends_without_evidence_teach_nothing(between: int | None) -> None:
    """Nothing small passed, or something as large did: the link is bad, not the size."""
    limit = PacketLimit(SimClock())
    for _ in range(50):
        if between is not None:
            limit.passed(100)
            limit.passed(between)
        limit.ended([message(300), message(8000)])
        limit.ended([])
    assert limit.most is None
    assert not limit.is_too_large(10**9)


def test_one_message_at_a_time_where_it_matters() -> None:
    """From the second end on, and after a change until the new size has passed."""
    clock = SimClock()
    limit, window = PacketLimit(clock), Window(20, 100_000)
    seen = []
    for _ in range(ENDS):
        seen.append(limit.careful)
        limit.passed(100)
        limit.ended([message(8000)])
    assert [*seen, limit.careful] == [False, False, True, True]
    window.narrow(limit.most, limit.careful)
    window.add(1, message(10))
    assert not window.room()
    limit.passed(3000)
    window.narrow(limit.most, limit.careful)
    assert window.room()
    assert (window.payload_bytes, window.packet_room) == (4000, 100_000)


def test_a_record_alone_is_too_large_after_three_ends_and_is_tried_again_a_day_later() -> None:
    """What is as large stays too, what is smaller does not; between the ends something must have passed."""
    clock = SimClock()
    limit = learned(clock)
    for _ in range(9):
        assert not limit.ended([message(6000, seq=1)])  # nothing passed since
    limit = learned(clock)
    told = []
    for _ in range(ENDS):
        limit.passed(100)
        told.append(limit.ended([message(6000, seq=1)]))
    assert told == [False, False, True]
    assert [limit.is_too_large(size) for size in (5999, 6000, 7000)] == [False, True, True]
    clock.run_until(clock.now() + AGAIN_AFTER)
    assert not limit.is_too_large(7000)


def test_it_grows_again_and_less_often_where_that_ends_a_connection() -> None:
    """Twice as much after ten minutes; where that failed after twenty, forty …, at most a day."""
    clock = SimClock()
    limit = learned(clock)
    pauses = []
    for _ in range(12):
        begin = clock.now()
        while limit.most == 4000:
            clock.run_until(clock.now() + GROW_AFTER / 4)
            limit.passed(3900)
        pauses.append(clock.now() - begin)
        assert limit.most == 8000
        limit.ended([message(7900)])
        assert limit.most == 3950 or limit.most == 4000
        limit.most = 4000
    assert pauses[:4] == [600.0, 1200.0, 2400.0, 4800.0]
    assert pauses[-1] == 86400.0
    for _ in range(12):  # the broker takes all now
        clock.run_until(clock.now() + AGAIN_AFTER)
        for _ in range(2):
            limit.passed(limit.most or OWN_PACKET)
    assert limit.most is None


@given(st.integers(FLOOR, 100_000), st.lists(st.integers(50, 120_000), min_size=1, max_size=60))
def test_whatever_the_limit_is_all_that_fits_passes_in_the_end(true: int, sizes: list[int]) -> None:
    """A broker that ends the connection above a size: ends are few, and what is sent by then fits."""
    limit = PacketLimit(SimClock())
    ends = 0
    for size in sizes * 20:
        wanted = size if limit.most is None else min(size, limit.most)
        limit.passed(60)
        if wanted <= true:
            limit.passed(wanted)
        else:
            ends += 1
            limit.ended([message(wanted)])
    assert ends <= ENDS + 9
    assert limit.most is None or limit.most >= min(true, FLOOR * 2) / 2


def test_a_message_that_later_ones_overtook_is_noticed() -> None:
    """In-order acknowledgements overtake nothing; one that is left out counts from when it went."""
    window = Window(20, None)
    for mid in range(4):
        window.add(mid, message(10), at=float(mid))
    window.acknowledged(0, at=4.0)
    assert not window.has_passed_over(100.0)
    window.acknowledged(2, at=5.0)
    assert [window.has_passed_over(before) for before in (1.0, 1.5)] == [False, True]
    window.acknowledged(1, at=6.0)
    assert not window.has_passed_over(100.0)


def rounds(lacking: LackingCounts, poison: int, count: int) -> tuple[int, set[int]]:
    """Send records in batches, of which each that holds the poisoned one is lost. Return rounds, and what is left."""
    left = set(range(1, count + 1))
    for number in range(1, 20):
        for batch in list(lacking.batches([record(seq) for seq in sorted(left - lacking.stays, reverse=True)], 360)):
            if poison not in {one.seq for one in batch}:
                left -= {one.seq for one in batch}
        lacking.proved([Span("e", 1000 + number, 1000 + number)], new=True)  # the live minutes arrive
        lacking.again([Span("e", seq, seq) for seq in left])
        if lacking.stays:
            return number, left
    raise AssertionError("it never ended")


@pytest.mark.parametrize("poison", [1, 180, 360])
def test_a_record_that_never_arrives_holds_up_no_other(poison: int) -> None:
    """All others of its batch are through after a few rounds; it stays after it was alone three times."""
    lacking = LackingCounts()
    assert rounds(lacking, poison, 360) == (len(BATCHES) + 1, {poison})
    assert lacking.stays == {poison}
    lacking.proved([Span("e", poison, poison)], new=True)  # the platform can keep it now
    assert lacking.stays == set()


def test_nothing_stays_where_nothing_arrives() -> None:
    """A platform that has lost everything, or keeps nothing, says nothing about any one record."""
    lacking = LackingCounts()
    for _ in range(50):
        lacking.again([Span("e", 1, 5)])
    assert lacking.stays == set()
    assert [len(batch) for batch in lacking.batches([record(seq) for seq in range(5, 0, -1)], 360)] == [5]
