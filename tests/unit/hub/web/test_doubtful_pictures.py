"""A camera's pictures of a day, on the hub: those that are not good are marked, each with its reason."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.clock.clock import system_utc
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from tests.kits.office import MINE, entered, office
from tests.kits.wall_kit import MINUTE, keep_station, picture


def test_a_dark_picture_among_those_of_a_day_is_marked(tmp_path: Path) -> None:
    """And the good one beside it is not."""
    now = system_utc()
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, MINE, 0, now, 5, ["gate"])
        for seq, (ago, dark) in enumerate([(0, True), (1, False)], 100):
            sink.commit(picture(tmp_path, MINE, "gate", seq, now - ago * MINUTE // 1000, dark))
        sink.close()
        made.add(Role.ADMIN, name="admin")
        with entered(made, "admin") as client:
            page = client.get(f"/stations/{MINE}/pictures/gate").text
    assert page.count('data-note="suspect, too dark, thumbnail only"') == 1
    assert page.count('data-note="thumbnail only"') == 1


def test_a_picture_whose_record_is_not_here_is_not_called_good(tmp_path: Path) -> None:
    """Its thumbnail may come first, and its record may be one that nobody understands."""
    now = system_utc()
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, MINE, 0, now, 5, ["gate"])
        sink.commit(msgspec.structs.replace(picture(tmp_path, MINE, "gate", 100, now, doubtful=False), rows=()))
        sink.close()
        made.add(Role.ADMIN, name="admin")
        with entered(made, "admin") as client:
            page = client.get(f"/stations/{MINE}/pictures/gate").text
    assert page.count('data-note="not checked, thumbnail only"') == 1
