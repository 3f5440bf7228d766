"""A box that lives week after week on one store: what a week leaves behind breaks no promise of the next one."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pytest

from edge.sim.faults import draw
from tests.kits.long_life import LongLife, Week
from tests.kits.stations import DAY, configured, live
from tests.soak import VANE, beside_what_was_sent


def test_the_next_week_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    """Short weeks: each is judged by itself, and what the platform loses of an earlier one is found in the end."""
    box = LongLife(tmp_path, VANE, 2)
    weeks = [box.live(0.06 * DAY) for _ in range(3)]
    assert [week.complaints for week in weeks] == [(), (), ()]
    assert all(week.kept > 60 and week.sent > 5000 and week.connections for week in weeks)
    assert box.wrongly_proven() == []
    lines = tmp_path / "platform" / "minutes.jsonl"
    _lost, *others = lines.read_text().splitlines(keepends=True)
    lines.write_text("".join(others))
    assert [complaint.partition(":")[0] for complaint in box.wrongly_proven()] == ["wrongly proven"]


def test_a_start_leaves_nothing_of_the_one_before_in_memory(tmp_path: Path) -> None:
    """A box that starts again and again in one process, as the demo's does, must not grow by each start."""
    config, length = configured(tmp_path, VANE), 0.02 * DAY
    earlier = weakref.ref(live(config, draw(1, config.sensor, length), length).life.rig)
    live(config, draw(2, config.sensor, length), length)
    gc.collect()
    assert earlier() is None


@pytest.mark.parametrize(
    ("sent", "age", "verdict"),
    [(4, 1.0, "flat, 1.00"), (1, 1.0, "flat, 1.00"), (1, 1.5, "grew, 1.50"), (4, 1.5, "grew, 1.50")],
    ids=["more sent", "as much", "as much, and grown", "more sent, and grown"],
)
def test_growth_is_told_from_what_there_was_to_send(sent: int, age: float, verdict: str) -> None:
    """Weeks take 60 s, and 2 s for each MB: what the last ones sent does not count as growth, what they took does."""
    before = [Week(0, 0, 0, 0, mb * 1_000_000, 60 + 2.0 * mb, ()) for mb in (2, 9, 4, 7, 3, 5, 8, 6)]
    last = [Week(0, 0, 0, 0, sent * mb * 1_000_000, age * (60 + 2.0 * sent * mb), ()) for mb in (5, 6, 7, 8)]
    said = beside_what_was_sent(before, last)
    assert verdict in said
    assert ("none before more than 9.0" in said) == (sent > 1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_week_of_everything(tmp_path: Path) -> None:
    """A week under all the faults: devices, kills, power cuts, late times, a rough network, a platform that forgets."""
    box = LongLife(tmp_path, VANE, 3)
    assert box.live().complaints == ()
    assert box.wrongly_proven() == []
