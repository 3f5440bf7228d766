"""What the hub's pages show at once where there is much: a day of many gaps, a station with many open alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest

from edge.clock.clock import system_utc
from edge.page.days import day_us
from edge.records.record import Kind
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Delivery
from hub.web.pages.station import SEEN_AT_ONCE
from hub.web.pages.wall import ALERTS_SEEN
from tests.kits.office import MINE, Office, entered, office
from tests.kits.wall_kit import MINUTE, minute, record

HOLES = 150
RULES = 8
DAY = date(2026, 4, 5)


@pytest.fixture(name="shared", scope="module")
def an_office_with_much(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give a hub whose station has lost every other minute, and has each of its rules open, the first one blind."""
    with office(tmp_path_factory.mktemp("office")) as made:
        sink = DatabaseSink(opened(made.database))
        begin = day_us(DAY, 0)
        rows = [record(MINE, 1 + n, begin + 2 * n * MINUTE, Kind.MINUTE, minute(n, 0)) for n in range(HOLES + 1)]
        now = system_utc()
        for number in range(RULES):
            said = {"alert": f"rule-{number}-e-1", "rule": f"rule-{number}", "turn": "raised", "step": 1, "steps": 1}
            facts = {"limit": 1.0, "value": 2.0, "minute": 1, "quantity": "wind_speed", "unit": "m/s", "worst": 2.0}
            turn = {**said, **facts, "turn": "raised" if number else "blind"}
            rows.append(record(MINE, 500 + number, now - number * MINUTE, Kind.ALERT, turn))
        sink.commit(Delivery(tuple(rows)))
        sink.close()
        made.add(Role.ADMIN, name="admin")
        yield made


def test_a_day_of_many_gaps_is_unfolded_by_whoever_wants_all(shared: Office) -> None:
    """The first ones stand there; number and minutes of the rest are said, which are there without scripts."""
    with entered(shared, "admin") as client:
        page = client.get(f"/stations/{MINE}/days/{DAY}").text
    shown, folded = page.split("<details>")
    rows = [part.count('<td class="told">') for part in (shown, folded)]
    assert rows[0] == SEEN_AT_ONCE and sum(rows) >= HOLES
    (told,) = re.findall(r"<summary>(\d+) more, (\d+) min together", folded)
    minutes = [int(found) for found in re.findall(r'<td class="number">(\d+)</td>', folded)]
    assert (int(told[0]), int(told[1])) == (rows[1], sum(minutes))


def test_the_wall_shows_a_few_alerts_of_a_station_and_leads_to_the_others(shared: Office) -> None:
    """Those that are raised come before those of which nothing is known; the station's own page has all."""
    with entered(shared, "admin") as client:
        wall, own = client.get("/").text, client.get(f"/stations/{MINE}").text
    names = re.findall(r"<strong>(rule-\d)</strong>", wall)
    assert len(names) == ALERTS_SEEN and "rule-0" not in names
    assert f'<a href="/stations/{MINE}">{RULES - ALERTS_SEEN} more alerts</a>' in wall
    assert len(set(re.findall(r"rule-\d", own))) == RULES
