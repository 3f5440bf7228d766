"""A box that lives week after week on one store: what a week leaves behind breaks no promise of the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kits.long_life import LongLife
from tests.kits.stations import DAY
from tests.soak import VANE


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


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_week_of_everything(tmp_path: Path) -> None:
    """A week under all the faults: devices, kills, power cuts, late times, a rough network, a platform that forgets."""
    box = LongLife(tmp_path, VANE, 3)
    assert box.live().complaints == ()
    assert box.wrongly_proven() == []
