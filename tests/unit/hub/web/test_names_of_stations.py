"""The pages call a station what people call it; its address stays its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.config import AlarmsSection
from hub.rights import Role
from tests.kits.office import FOREIGN, MINE, entered, office

CALLED = "上寨果园 <东>"
ESCAPED = "上寨果园 &lt;东&gt;"


@pytest.mark.parametrize("page", ["/", "/completeness", "/people", f"/stations/{MINE}", f"/stations/{MINE}/sheet"])
def test_a_station_is_shown_by_the_name_that_the_hubs_file_gives_it(page: str, tmp_path: Path) -> None:
    """A grower looks for the orchard, not for orchard-1; a station without a name is shown by its own."""
    with office(tmp_path, alarms=AlarmsSection(names={MINE: CALLED})) as shared:
        shared.keep_minutes(MINE, FOREIGN)
        shared.add(Role.ADMIN, name="admin")
        shared.add(Role.GROWER, MINE, FOREIGN, name="grower")
        with entered(shared, "admin") as asked:
            shown = asked.get(page).raise_for_status().text
    assert ESCAPED in shown and CALLED not in shown
    assert f">{MINE}<" not in shown
    assert page.startswith("/stations") or f">{FOREIGN}<" in shown or f" {FOREIGN}<" in shown
