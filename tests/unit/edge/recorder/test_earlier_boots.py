"""What is known of a boot's begin decides when earlier boots can have been: by how much, for whom, and no further."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.clock.anchors import Anchor
from edge.recorder.boot_time import BootTime
from edge.recorder.earlier_boots import DOUBTED, EarlierBoots
from edge.records.record import ClockMark, Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import memory_folder

T0 = 1_790_000_000_000_000  # 2026-09-21
HOUR = 3600.0
Bounds = tuple[float | None, float | None]


def us(seconds: float) -> int:
    """Return so many seconds after T0, microseconds UTC."""
    return T0 + round(seconds * 1e6)


class Box:
    """A box whose boots so far are in the store, and which is in another one, "now"."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.earlier = EarlierBoots(store, "now")
        self.seqs: dict[str, list[int]] = {}

    def lived(self, boot: str, begin: float | None, minutes: int = 10, error: float = 0.05, each: float = 60.0) -> None:
        """Keep the minutes of a boot that began so many s after T0 by its own time; None: it never knew one."""
        if begin is not None:
            self.store.times.add_anchor(Anchor(boot, 0.0, us(begin), "ntp", error))
        for number in range(minutes):
            start = None if begin is None else us(begin + each * number)
            mark = ClockMark("arrival") if begin is None else ClockMark("ntp", error)
            draft = Draft(Kind.MINUTE, Stamp(boot, each * number), each, start, mark, {"values": {}})
            self.seqs.setdefault(boot, []).append(self.store.append(draft).seq)

    def contradict(self, begin: float, at: float = 0.0, error: float = 0.05) -> bool:
        """Return whether earlier boots are contradicted by a source at s of this boot, which began s after T0."""
        return self.earlier.contradict(Anchor("now", at, us(begin + at), "ntp", error))

    def times(self, boot: str) -> tuple[float | None, float | None]:
        """Return the begin of a boot's first minute, s after T0, and the error that it states."""
        record = self.store.get(self.seqs[boot][0])
        assert record is not None
        return since(record.start), record.clock.error

    def bounds(self, boot: str) -> Bounds:
        """Return the bounds of a boot's minutes, s after T0."""
        found = {self._bounds(seq) for seq in self.seqs[boot]}
        assert len(found) == 1
        return found.pop()

    def _bounds(self, seq: int) -> Bounds:
        record = self.store.get(seq)
        assert record is not None and record.start is None and record.clock.source == "bounds"
        return since(record.clock.not_before), since(record.clock.not_after)


def since(at: int | None) -> float | None:
    """Return a time as s after T0."""
    return None if at is None else round((at - T0) / 1e6, 3)


@pytest.fixture(name="box")
def a_box() -> Iterator[Box]:
    with memory_folder() as folder:
        store = Store.open(folder, epoch="e", destinations=(PLATFORM,))
        yield Box(store)
        store.close()


@pytest.mark.parametrize(
    ("kept", "said", "at", "within"),
    [(0.05, 0.05, 0.0, 1.1), (0.05, 5.0, 0.0, 6.05), (5.0, 0.05, 0.0, 6.05), (0.05, 0.05, 10_000.0, 6.1)],
    ids=["both sure", "the source unsure", "the records unsure", "hours after the start"],
)
def test_a_boot_that_began_before_the_last_one_ended_is_told_by_more_than_both_errors(
    box: Box, kept: float, said: float, at: float, within: float
) -> None:
    """Errors, a second for labels, and what a crystal may have lost since the start: no less, and no more."""
    box.lived("before", 0.0, error=kept)
    assert not box.contradict(600.0 - within + 0.1, at, said)
    box.earlier = EarlierBoots(box.store, "now")
    assert box.contradict(600.0 - within - 0.1, at, said)


def test_a_doubt_in_the_last_minute_before_a_power_cut_lets_no_wrong_time_in(box: Box) -> None:
    """A source turned just before: the last minute states an error of an hour, those before it do not."""
    box.lived("before", 0.0)
    mark = ClockMark("ntp", HOUR)
    box.store.append(Draft(Kind.MINUTE, Stamp("before", 600.0), 60.0, us(600.0), mark, {"values": {}}))
    assert box.contradict(660.0 - HOUR)
    assert not box.contradict(660.0)


@pytest.mark.parametrize("began", [5990.0, 5997.0])
def test_what_was_measured_without_a_time_lasted_as_long_as_it_did(box: Box, began: float) -> None:
    """A hundred undated minutes after the last known one end 99 min 57 s after it at the earliest, for all crystals."""
    box.lived("before", 0.0)
    box.lived("lost", None, 100)
    assert box.contradict(600.0 + began) is (began < 5996.0)


def test_only_minutes_after_the_last_known_one_put_this_boot_off(box: Box) -> None:
    """Neither what was measured without a time before it, nor what this boot itself has measured."""
    box.lived("lost", None, 100)
    box.lived("before", 0.0)
    box.lived("now", None, 100)
    assert not box.contradict(605.0)


def test_a_known_time_is_found_behind_hundreds_of_undated_records(box: Box) -> None:
    """A box that was without time for a day is not dated before what it had measured then."""
    box.lived("before", 0.0)
    box.lived("lost", None, 1100)
    assert box.contradict(1000 * 60.0)


def test_no_more_than_a_day_is_asked_for(box: Box) -> None:
    """However long the box had measured by a time before it was contradicted."""
    box.lived("before", 0.0, 50, each=HOUR)
    assert box.contradict(0.0)
    assert box.earlier.proof() == 24 * HOUR


@pytest.mark.parametrize(("now", "bounds"), [(2 * HOUR, (599.95, 2 * HOUR)), (300.0, (None, 300.0))])
def test_what_never_had_a_time_lies_between_its_neighbours(box: Box, now: float, bounds: Bounds) -> None:
    """After what came before it, unless that is later than this boot; this boot's own minutes wait on."""
    box.lived("before", 0.0)
    box.lived("lost", None)
    box.lived("now", None)
    box.earlier.bound_lost(None)
    assert [lost.boot for lost in box.store.times.boots_without_time()] == ["lost", "now"]
    box.earlier.bound_lost(us(now))
    assert box.bounds("lost") == bounds
    assert [lost.boot for lost in box.store.times.boots_without_time()] == ["now"]


def test_bounds_hold_the_errors_of_the_times_that_they_come_from(box: Box) -> None:
    """What came before ended by its time 600 s after, give or take two minutes; and so began this boot."""
    box.lived("before", 0.0, error=120.0)
    box.lived("lost", None)
    time = BootTime(box.store, "now")
    time.learn(Anchor("now", 0.0, us(2 * HOUR), "platform", 130.0))
    assert box.bounds("lost") == (480.0, 2 * HOUR + 130.0)


@pytest.mark.parametrize(("told", "since"), [(-HOUR, -HOUR - 0.05), (HOUR, 599.95)])
def test_what_a_boot_was_told_and_did_not_believe_is_within_its_bounds(box: Box, told: float, since: float) -> None:
    """A source that is an hour back in one boot may have been an hour ahead in those before and after it."""
    box.lived("before", 0.0)
    box.lived("lost", None)
    EarlierBoots(box.store, "lost").doubt(Anchor("lost", 0.0, us(told), "ntp", 0.02))
    box.earlier.bound_lost(us(2 * HOUR))
    assert box.bounds("lost") == (since, 2 * HOUR)


def test_a_note_of_a_doubt_that_is_no_longer_read_leaves_the_begin_open(box: Box) -> None:
    """Another version's word about what a boot was told ends nothing: then nobody knows since when it can have been."""
    box.lived("before", 0.0)
    box.lived("lost", None)
    box.store.notes.put(DOUBTED, "lost", b'{"utc": "soon"}', 100)
    box.earlier.bound_lost(us(2 * HOUR))
    assert box.bounds("lost") == (None, 2 * HOUR)


def test_what_is_not_believed_is_kept_for_the_next_boot(box: Box) -> None:
    """The box loses its power before anybody confirms what the source says."""
    box.lived("before", 0.0)
    box.lived("lost", None)
    BootTime(box.store, "lost").learn(Anchor("lost", 10.0, us(-HOUR), "ntp", 0.02))
    BootTime(box.store, "now").learn(Anchor("now", 0.0, us(2 * HOUR), "ntp", 0.02))
    assert box.bounds("lost") == (-HOUR - 10.055, 2 * HOUR + 0.05)


@pytest.mark.parametrize(("sure", "latest"), [(True, 100.0), (False, None)])
def test_one_source_that_refutes_an_earlier_boot_bounds_nothing_from_above(
    box: Box, sure: bool, latest: float | None
) -> None:
    """If the earlier boot was right nobody knows how late it is now; two sources that agree do."""
    box.lived("before", 3600.0)
    box.lived("lost", None, 1)
    box.earlier.bound_lost(us(100.0))
    box.earlier.refute(us(100.0), sure)
    assert box.bounds("lost") == (None, latest)


def test_a_boot_is_moved_as_far_as_its_own_error_allows(box: Box) -> None:
    """It states the error of the move too; the one before it, which now overlaps, is moved as well."""
    box.lived("first", 0.0, error=100.0)
    box.lived("second", 600.0, error=100.0)
    box.earlier.refute(us(1160.0), True)
    assert box.times("second") == (560.0, 140.0)
    assert box.times("first") == (-39.7, 139.7), "by no more than it must, whatever the crystal of the second"
    assert not box.contradict(1160.0)


@pytest.mark.parametrize("late", [0.8, 1.3])
def test_a_label_may_be_a_second_off(box: Box, late: float) -> None:
    """Nobody's minutes are dated anew for less."""
    box.lived("before", 0.0, error=10.0)
    box.earlier.refute(us(600.0 - late), True)
    assert box.times("before") == ((0.0, 10.0) if late < 1 else (-1.3, 11.3))


@pytest.mark.parametrize(("sure", "latest"), [(True, 2600.0), (False, 3600.0 + 600.0 + 5.0)])
def test_a_boot_that_is_further_off_than_it_states_gets_bounds(box: Box, sure: bool, latest: float) -> None:
    """Before this one, by two sources' word; by one's, its own time is within them still."""
    box.lived("right", 0.0)
    box.lived("ahead", 3600.0, error=5.0)
    box.earlier.refute(us(2600.0), sure)
    assert box.bounds("ahead") == (599.95, latest)
    assert box.times("right") == (0.0, 0.05)
    assert box.store.times.anchors("ahead") == []
    assert not box.contradict(2600.0), "what is believed now is asked for anew"


def test_of_boots_that_are_all_ahead_each_lies_before_the_next(box: Box) -> None:
    """The older one by as much as the newer one lasted; neither is said to come after the other's wrong time."""
    box.lived("right", 0.0)
    box.lived("first", 2000.0)
    box.lived("second", 3600.0)
    box.earlier.refute(us(2900.0), True)
    assert box.bounds("second") == (599.95, 2900.0), "not after the first one's wrong end, 2600"
    assert box.bounds("first") == (599.95, 2300.3), "whatever the crystal of the second"


def test_undated_minutes_stand_between_an_earlier_boot_and_this_one(box: Box) -> None:
    """A boot that ended ten minutes before this one began was wrong, where twenty were measured in between."""
    box.lived("ahead", 3600.0)
    box.lived("lost", None, 20)
    box.earlier.refute(us(3600.0 + 600.0 + 600.0), True)
    assert box.bounds("ahead") == (None, 3600.6)


@pytest.mark.parametrize(("sure", "latest"), [(True, 3000.0), (False, 9000.0)])
def test_bounds_that_a_wrong_time_gave_are_mended_with_it(box: Box, sure: bool, latest: float) -> None:
    """What was bound by a time that is not believed any more is bound by the new one; by both, while either may be."""
    box.lived("right", 0.0)
    box.lived("ahead", 3600.0)
    box.lived("lost", None, 1)
    box.earlier.bound_lost(us(9000.0))
    assert box.bounds("lost") == (4199.95, 9000.0)
    box.earlier.refute(us(3000.0), sure)
    assert box.bounds("lost") == (599.95, latest)


def test_what_was_mended_is_not_taken_back_by_one_source(box: Box) -> None:
    """Bounds by two sources' word stand, where one says something else after them."""
    box.lived("right", 0.0)
    box.lived("lost", None, 1)
    box.earlier.bound_lost(us(9000.0))
    box.earlier.refute(us(3000.0), True)
    box.earlier.refute(us(2500.0), False)
    assert box.bounds("lost") == (599.95, 3000.0)


def test_this_boot_s_own_records_refute_nothing(box: Box) -> None:
    """They are dated by what is believed now."""
    box.lived("before", 0.0)
    box.lived("now", 5000.0)
    assert not box.contradict(1000.0)
    box.earlier.refute(us(1000.0), True)
    assert box.times("now") == (5000.0, 0.05)


def test_a_hundred_boots_without_time_are_read_a_few_times_in_all(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that was off each night for months gets its bounds while it measures: no boot costs a look at all others,
    and each has what lies before it."""
    box.lived("known", 0.0)
    for number in range(50):
        box.lived(f"before-{number}", None, 3)
    box.lived("between", 9000.0)
    for number in range(50):
        box.lived(f"after-{number}", None, 3)
    kept, read = box.store.next_seq - 1, 0
    really = Store.range

    def counted(store: Store, first: int, last: int) -> list[Record]:
        nonlocal read
        found = really(store, first, last)
        read += len(found)
        return found

    monkeypatch.setattr(Store, "range", counted)
    box.earlier.bound_lost(us(20_000.0))
    box.earlier.refute(us(20_000.0), False)
    assert read <= 4.5 * kept
    monkeypatch.undo()
    for number in (0, 49):
        assert box.bounds(f"before-{number}") == (599.95, 20_000.0)
        assert box.bounds(f"after-{number}") == (9599.95, 20_000.0)
