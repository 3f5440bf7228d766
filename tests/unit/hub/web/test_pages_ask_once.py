"""A page asks its database each thing once, and a station's page nothing about others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from edge.clock.clock import system_utc
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from tests.kits.office import MINE, entered, office
from tests.kits.wall_kit import MINUTE, keep_station

DAYS, OTHER, MORE = 4, "other-", 5  # MORE: fewer than the other stations that are added
PAGES = (
    *("/", "/completeness", "/alerts", "/visits", f"/stations/{MINE}", f"/stations/{MINE}/growers"),
    *(f"/stations/{MINE}/{page}" for page in ("events", "commands", "curves", "pictures/cam-1")),
    *(f"/api/v1/stations/{MINE}", "/api/v1/completeness?from=2026-01-01&to=2026-01-02"),
)
Asked = tuple[str, str]  # a statement and its values


@pytest.fixture(name="asked")
def statements() -> Iterator[Counter[Asked]]:
    """Give the statements that SQLite is asked, on all new connections, with how often each was."""
    found: Counter[Asked] = Counter()

    def note(_cursor: object, sql: str, values: object) -> bool:
        found[sql, str(values)] += sql.startswith("SELECT")
        return True

    def watch(connection: apsw.Connection) -> None:
        connection.exec_trace = note

    apsw.connection_hooks.append(watch)
    yield found
    apsw.connection_hooks.remove(watch)


def costs(folder: Path, stations: int, asked: Counter[Asked]) -> dict[str, tuple[int, list[Asked]]]:
    """Return how many statements each page asks where there are so many stations, and those asked twice of one."""
    folder.mkdir()
    found = {}
    with office(folder) as made:
        sink = DatabaseSink(opened(made.database))
        for number, name in enumerate([MINE, *(f"{OTHER}{n}" for n in range(1, stations))]):
            keep_station(sink, name, number, system_utc(), 60, [])
        sink.close()
        made.add(Role.ADMIN, name="admin")
        with entered(made, "admin") as client:
            for page in PAGES:
                client.get(page)
                asked.clear()
                assert client.get(page).status_code == 200, page
                found[page] = asked.total(), [one for one, times in asked.items() if times > 1 and OTHER in one[1]]
    return found


def test_a_page_asks_each_thing_once_and_a_stations_page_nothing_of_others(
    tmp_path: Path, asked: Counter[Asked]
) -> None:
    """Each question costs a way to the server and back: of 25 stations a wall that asks twice is seen to be slow."""
    few, many = (costs(tmp_path / str(count), count, asked) for count in (2, 9))
    assert few["/"][0] > 10, "nothing was counted"
    assert {page: twice for page, (_, twice) in many.items() if twice} == {}
    of_one = [page for page in PAGES if MINE in page]
    assert [page for page in of_one if many[page][0] >= few[page][0] + MORE] == []


def test_a_board_of_more_days_asks_no_more(tmp_path: Path, asked: Counter[Asked]) -> None:
    """The days of a station are read together."""
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, MINE, 0, system_utc(), DAYS * 1440, [])
        sink.close()
        made.add(Role.ADMIN, name="admin")
        found = []
        with entered(made, "admin") as client:
            for ago in (1, DAYS - 1):
                first = datetime.fromtimestamp(system_utc() / 1e6, UTC).date() - timedelta(days=ago)
                asked.clear()
                answer = client.get(f"/api/v1/completeness?from={first}")
                assert sum(day["received"] for day in answer.json()) > ago * 1440 - 500
                found.append(asked.total())
    assert 0 < found[1] < found[0] + DAYS, "an hour that is looked at by itself, at an end, may be one more"


def test_a_season_of_gaps_asks_no_more(tmp_path: Path, asked: Counter[Asked]) -> None:
    """Where each gap was is read with one statement, and once for all curves of a page."""
    found = []
    for gaps in (2, 60):
        (folder := tmp_path / str(gaps)).mkdir()
        with office(folder) as made:
            sink = DatabaseSink(opened(made.database))
            for piece in range(gaps):
                keep_station(sink, MINE, 0, system_utc() - (gaps - piece) * 25 * MINUTE, 20, [], 1 + 25 * piece)
            sink.close()
            made.add(Role.ADMIN, name="admin")
            with entered(made, "admin") as client:
                asked.clear()
                assert "svg" in client.get(f"/stations/{MINE}/curves?span=season").text
                assert client.get(f"/api/v1/stations/{MINE}/now").status_code == 200
                # A connection that is opened meanwhile asks for other things.
                found.append(sum(count for (sql, _), count in asked.items() if "ledger" in sql or "FROM record" in sql))
    assert 0 < found[1] <= found[0]
