"""What a page asks of the database does not grow with the minutes that are kept: it reads those that it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import msgspec
import pytest

from edge.clock.clock import system_utc
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Row
from tests.kits.office import MINE, entered, office
from tests.kits.sink_kit import came, delivery, row
from tests.kits.wall_kit import MINUTE, keep_station

DAYS = 9, 27  # more than a page shows
WEEK = 7  # days that the list of visits looks back
OF_A_MONTH = ("/sheet", "/curves?channel=")
STEPS = 100  # of SQLite's machine, counted together
LEAST = 5000  # steps that are no walk through days of minutes
MORE = 1.5  # by which an index of three times the minutes may be deeper


@pytest.fixture(name="counted")
def steps_of_the_database() -> Iterator[Callable[[], int]]:
    """Give a function that returns the steps that SQLite has made since it was last asked, on all new connections."""
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += STEPS
        return False

    def watch(connection: apsw.Connection) -> None:
        connection.set_progress_handler(count, STEPS)

    def since() -> int:
        nonlocal steps
        found, steps = steps, 0
        return found

    apsw.connection_hooks.append(watch)
    yield since
    apsw.connection_hooks.remove(watch)


def cost(folder: Path, days: int, counted: Callable[[], int]) -> dict[str, int]:
    """Return the steps that each page costs over so many days of minutes."""
    folder.mkdir()
    with office(folder) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, MINE, 0, system_utc(), days * 1440, [])
        sink.close()
        made.add(Role.ADMIN, name="admin")
        with entered(made, "admin") as client:
            links = re.findall(r'href="(/[^"#]*)"', client.get("/").text + client.get(f"/stations/{MINE}").text)
            pages = {"/", "/metrics", "/api/v1/stations", *(link.replace("&amp;", "&") for link in links)}
            found = {}
            for page in sorted(pages):
                counted()
                client.get(page)
                if not any(part in page for part in OF_A_MONTH):
                    found[page] = counted()
    return found


def undated(seq: int, arrived: int) -> Row:
    """Return a minute of a station that does not know the time."""
    said = json.loads(row(seq, 1.5, epoch="undated").raw) | {"start": None, "clock": {"source": "arrival"}}
    return msgspec.structs.replace(came(json.dumps(said).encode(), MINE), arrived=arrived)


def test_a_day_costs_no_more_where_many_other_minutes_have_no_time(tmp_path: Path, counted: Callable[[], int]) -> None:
    """A station without a clock sends half a million of them a year: a day looks for those that arrived on it alone."""
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, MINE, 0, system_utc(), 3000, [])
        made.add(Role.ADMIN, name="admin")
        found = []
        with entered(made, "admin") as client:
            for begin in (0, 6000):
                counted()
                assert client.get("/completeness").status_code == 200
                found.append(counted())
                rows = (undated(begin + n, system_utc() - (40 * 1440 + begin + n) * MINUTE) for n in range(1, 6001))
                sink.commit(delivery(*rows))
        sink.close()
    assert found[1] <= MORE * found[0] + LEAST


def test_a_day_is_not_read_minute_by_minute(tmp_path: Path, counted: Callable[[], int]) -> None:
    """A week of a station is read from its hours' rows: to read each of its minutes costs many times that."""
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, MINE, 0, system_utc(), 9 * 1440, [])
        sink.close()
        made.add(Role.ADMIN, name="admin")
        found = []
        with entered(made, "admin") as client:
            for each in ("minutes", "0"):
                made.engine.query(f"UPDATE held_hour SET minutes = {each}")
                counted()
                assert client.get("/completeness").status_code == 200
                found.append(counted())
    assert found[1] > 4 * found[0]


def test_no_page_costs_more_where_more_minutes_are_kept(tmp_path: Path, counted: Callable[[], int]) -> None:
    """Eight stations keep four million minutes a year: a page that went through them all would take seconds."""
    few, many = (cost(tmp_path / str(days), days, counted) for days in DAYS)
    assert max(few.values()) > LEAST, "nothing was counted"
    assert [page for page in few if many[page] > MORE * few[page] + LEAST] == []


def test_a_list_of_visits_does_not_walk_through_its_week(tmp_path: Path, counted: Callable[[], int]) -> None:
    """It looks for pictures of seven days, by the index of all that is no minute."""
    found = []
    for days in (1, WEEK):
        (tmp_path / str(days)).mkdir()
        with office(tmp_path / str(days)) as made:
            sink = DatabaseSink(opened(made.database))
            keep_station(sink, MINE, 0, system_utc(), days * 1440, [])
            sink.close()
            made.add(Role.ADMIN, name="admin")
            with entered(made, "admin") as client:
                counted()
                assert client.get("/visits").status_code == 200
                found.append(counted())
    assert found[1] <= MORE * found[0] + LEAST
