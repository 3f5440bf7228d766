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
from edge.records.record import Kind, Record
from edge.wire.contract import encode
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Delivery, Row
from tests.kits.office import MINE, entered, office
from tests.kits.sink_kit import came, delivery, row
from tests.kits.wall_kit import MINUTE, keep_station, record

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


@pytest.mark.slow
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


def torn(sink: DatabaseSink, first: int, minutes: int, restarts: bool) -> None:
    """Keep each other minute: of one life of the station, or of a new one each time, which says why it was off."""
    begin = (system_utc() // MINUTE - first) * MINUTE
    rows = []
    for n in range(0, minutes, 2):
        seq, start = first + n, begin + n * MINUTE
        rows.append(record(MINE, seq + 1, start, Kind.MINUTE, {"values": {"air_temperature": 1.5}}))
        if restarts:
            missing = {"missing": {"from": start - MINUTE, "to": start}}
            rows = [*rows[:-1], record(MINE, seq, start, "start", missing), rows[-1]]
            rows[-2:] = [in_epoch(one, f"e{seq}") for one in rows[-2:]]
    sink.commit(Delivery(tuple(rows)))


def in_epoch(one: Row, epoch: str) -> Row:
    """Return a record as of another life of its station."""
    assert isinstance(one.record, Record)
    made = msgspec.structs.replace(one.record, epoch=epoch)
    return Row(one.station, made, encode(made), one.arrived)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_week_of_many_holes_costs_what_its_holes_are(
    tmp_path: Path, counted: Callable[[], int], restarts: bool
) -> None:
    """A station on a bad line, or one that restarts all day: to read all that is known for each hole takes minutes."""
    found = []
    for minutes in (600, 2400):
        (tmp_path / str(minutes)).mkdir()
        with office(tmp_path / str(minutes)) as made:
            sink = DatabaseSink(opened(made.database))
            torn(sink, 3000, minutes, restarts)
            sink.close()
            made.add(Role.ADMIN, name="admin")
            with entered(made, "admin") as client:
                counted()
                assert "min without data" in client.get("/completeness").text
                found.append(counted())
    assert found[1] <= 6 * found[0] + LEAST, "four times the holes cost as their square"
