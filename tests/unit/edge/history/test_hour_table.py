"""The hours that a station keeps counted are what their minutes say, whatever happens; they outlive their minutes."""

from __future__ import annotations

import random
from pathlib import Path

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from edge.clock.anchors import Anchor
from edge.history.curves import Curves
from edge.history.hours import StoredHours
from edge.recorder.hour_counts import HourCounts
from edge.records.record import ClockMark, Record, Stamp
from edge.store import hour_table
from edge.store.hour_table import HourRow
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.store.times import Redating
from tests.kits.history_kit import BEGIN, DAY, HOUR, Life, alike, curve, decoded, expected
from tests.kits.store_kit import damaged_pages, memory_folder

CHANNEL = "air_temperature"
EVER = (BEGIN - 30 * DAY, BEGIN + 60 * DAY)


def check(store: Store, least: int = 1) -> None:
    """Count all there is to count and compare the rows with a second computation."""
    counts = HourCounts(store)
    while counts.count():
        pass
    found = StoredHours(store)
    wanted = expected(decoded(store.range(1, store.next_seq)), CHANNEL, HOUR)
    assert alike(curve(Curves("s", store), CHANNEL, *EVER, "hour"), wanted)
    rows = {row.start for row in store.hours.between(*EVER)}
    over = [point for point in wanted[:-1] if point.start_us in rows]
    assert len(over) >= least
    waits = any(record.clock.source == "arrival" for record in store.range(1, store.next_seq))
    assert waits or found.uncounted(*EVER) <= 120  # all but the hour in hand, which two boots may share


@given(st.integers(0, 10**9))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_hours_survive_kills_and_new_times(seed: int) -> None:
    """Counted by this run or by the next, before or after a boot got its time or another one, they are right."""
    rng = random.Random(seed)
    with memory_folder() as folder:
        lived = Life(folder, seed)
        for boot in range(3):
            begun = lived.now
            lived.measure(rng.randrange(60, 150), known=rng.random() < 0.7)
            if rng.random() < 0.5:
                away = rng.choice((-9 * DAY, -HOUR // 2, 7 * HOUR))
                anchor = Anchor(lived.boot, 0.0, begun + away, "gnss", 0.02)
                lived.store.times.redate(Redating(lived.boot, (anchor,)))
            if boot == rng.randrange(3):
                check(lived.store, 0)
            lived.restart(rng.choice((1, HOUR, 2 * DAY)))
        check(lived.store, 0)
        lived.store.close()


def test_a_salvage_counts_anew_what_it_lost(tmp_path: Path) -> None:
    """Rows that were damaged are counted once more from the minutes that could be read."""
    lived = Life(tmp_path, 3)
    lived.measure(400, known=True)
    check(lived.store)
    lived.store.close()
    damaged_pages(tmp_path, random.Random(2), 3)
    store = Store.open(tmp_path, epoch="later", destinations=(PLATFORM,))
    assert store.repaired is not None
    check(store)
    store.close()


def test_hours_outlive_their_minutes_and_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When minutes are too old their hours stay as they were, the newest so many of them."""
    lived = Life(tmp_path, 8)
    lived.measure(400)
    check(lived.store)
    before = curve(Curves("s", lived.store), CHANNEL, *EVER, "hour")
    lived.store.outbox.mark_proven(lived.store.range(1, lived.store.next_seq), PLATFORM)
    lived.store.close()
    store = Store.open(tmp_path, epoch="later", destinations=(PLATFORM,), archive_days=0.01)
    store.sweep(Stamp("b", 0.0), lived.now + DAY, ClockMark("ntp", 0.1))
    assert len([r for r in store.range(1, store.next_seq) if r.kind == "minute"]) < 100
    counts = HourCounts(store)
    counts.count()
    assert curve(Curves("s", store), CHANNEL, *EVER, "hour")[: len(before) - 1] == before[:-1]
    monkeypatch.setattr(hour_table, "MOST_HOURS", 2)
    newest = store.hours.between(*EVER)[-1]
    store.hours.keep([newest], store.hours.reached())
    assert len(store.hours.between(*EVER)) == 2
    store.close()


def test_a_year_by_hour_is_read_from_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one answer, for which no minute is read; a day by the station's clock is made of its hours."""
    lived = Life(tmp_path, 9)
    lived.measure(130)
    check(lived.store)
    row = lived.store.hours.between(*EVER)[0]
    year = [HourRow(row.start - n * HOUR, row.utc_offset_s, 1, 1, row.counts) for n in range(8760)]
    lived.store.hours.keep(year, lived.store.hours.reached())
    read: list[int] = []
    real = Store.range

    def watched(store: Store, first: int, last: int) -> list[Record]:
        read.append(last)
        return real(store, first, last)

    monkeypatch.setattr(Store, "range", watched)
    made = Curves("s", lived.store).series(CHANNEL, row.start - 8759 * HOUR, row.start + HOUR, "hour")
    assert (len(made.points), made.next_us) == (8760, None)
    assert len(read) < 4
    days = curve(Curves("s", lived.store), CHANNEL, row.start - 300 * DAY, row.start, "day")
    assert len(days) == 301
    one = made.points[0]
    assert days[5].good == 24 * (one.good or 0)
    assert (days[5].lowest, days[5].highest) == (one.lowest, one.highest)


def test_a_row_that_is_not_what_was_written_is_left_out(tmp_path: Path) -> None:
    """A bit that flipped in a row shows no wrong curve."""
    lived = Life(tmp_path, 10)
    lived.measure(130)
    check(lived.store)
    row = lived.store.hours.between(*EVER)[0]
    with lived.store._db.change() as connection:  # what no method of it would do
        connection.execute("UPDATE hourly SET counts=? WHERE start=?", (msgspec.msgpack.encode({}), row.start))
    assert row not in lived.store.hours.between(*EVER)
    lived.store.close()
