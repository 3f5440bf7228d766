"""Alerts on the hub's pages: what is open stands on the wall and on its station, what is over does not."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from edge.clock.clock import system_utc
from edge.delivery.facts import What
from edge.records.record import Kind
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Delivery
from tests.kits.office import FOREIGN, MINE, PASSWORD, Office, office
from tests.kits.wall_kit import MINUTE, record


@pytest.fixture(name="shared")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE, FOREIGN)
        yield made


def turn(seq: int, turn: str, step: int, value: float | None) -> dict[str, Any]:
    """Return a turn of a frost alert."""
    told = {"rule": "frost", "quantity": "wet_bulb_temperature", "unit": "degC", "limit": -2.2, "steps": 4}
    return {**told, "alert": "frost-1", "turn": turn, "step": step, "value": value, "minute": seq}


def keep(shared: Office, seq: int, body: dict[str, Any], station: str = MINE) -> None:
    """Keep one turn, a minute later than the one before."""
    sink = DatabaseSink(opened(shared.database))
    sink.commit(Delivery((record(station, 500 + seq, system_utc() + seq * MINUTE, Kind.ALERT, body),)))
    sink.close()


def page(shared: Office, path: str, token: str) -> str:
    """Return a page's text."""
    headers = {"authorization": f"Bearer {token}", "accept-language": "en"}
    told = httpx.get(shared.url + path, headers=headers, timeout=20)
    assert told.status_code == 200
    return html.unescape(told.text)


def test_an_open_alert_stands_on_the_wall_until_it_is_over(shared: Office) -> None:
    """Raised, it is told with value and limit; blind, that nothing is known; cleared, it is gone, and in the list."""
    operator = shared.token(Role.OPERATOR)
    pages = ("/", f"/stations/{MINE}")
    steps = (
        (turn(1, "raised", 2, -2.4), "-2.4", True),
        (turn(2, "blind", 2, None), "cannot be judged now", True),
        (turn(3, "seeing", 2, -3.1), "-3.1", True),
        (turn(4, "cleared", 0, 1.0), "-3.1", False),
    )
    for seq, (body, words, stands) in enumerate(steps):
        keep(shared, seq, body)
        for path in pages:
            text = page(shared, path, operator)
            assert (words in text, "<strong>Frost</strong>" in text) == (stands, stands), (path, body)
    told = page(shared, "/alerts", operator)
    assert all(word in told for word in ("raised", "cannot be judged", "can be judged again", "cleared", "limit -2.2"))


def test_alerts_of_other_stations_are_not_told(shared: Office) -> None:
    """A grower finds one's own station's alerts alone."""
    keep(shared, 1, turn(1, "raised", 2, -2.4), FOREIGN)
    grower = shared.token(Role.GROWER, MINE)
    for path in ("/", "/alerts"):
        assert "frost" not in page(shared, path, grower).lower()


def test_an_alarm_is_known_by_a_button_and_not_by_looking(shared: Office) -> None:
    """The open alarm has a button; looking changes nothing, pressing says who knows; another's station has none."""
    now = system_utc()
    AlarmBook(shared.engine).keep([Alarm("a" * 16, MINE, "silent", now - MINUTE, now, now, True, step=1)])
    name = shared.add(Role.GROWER, MINE)
    with httpx.Client(base_url=shared.url, headers={"origin": shared.url, "accept-language": "en"}) as client:
        client.post("/login", data={"name": name, "password": PASSWORD})
        for _ in range(2):
            text = client.get("/alerts").text
            assert "Station silent" in text and "Acknowledge<span" in text and f"acknowledged by {name}" not in text
        assert client.post(f"/alerts/{'a' * 16}/acknowledge").status_code == 303
        text = client.get("/alerts").text
        assert f"acknowledged by {name}" in text and "Acknowledge<span" not in text
    other = {"authorization": f"Bearer {shared.token(Role.GROWER, FOREIGN)}"}
    assert httpx.post(f"{shared.url}/alerts/{'a' * 16}/acknowledge", headers=other).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"turn": 7, "rule": None, "alert": []}, {"turn": "raised", "limit": "x", "step": 1}]
)
def test_what_a_newer_station_says_of_an_alert_breaks_no_page(shared: Office, body: dict[str, Any]) -> None:
    """Keys that are missing or of another kind leave a line with less in it."""
    keep(shared, 1, body)
    for path in ("/", "/alerts", f"/stations/{MINE}"):
        page(shared, path, shared.token(Role.OPERATOR))


@pytest.mark.parametrize(
    ("what", "told"), [("clock", "This hub's clock is not synchronised"), ("log", "Another program keeps")]
)
def test_what_the_hub_finds_of_itself_is_said_in_a_sentence(shared: Office, what: What, told: str) -> None:
    """An alarm of no station has no measured value to tell; its line says what is the matter."""
    now = system_utc()
    AlarmBook(shared.engine).keep([Alarm("a" * 16, "", what, now, now, now, True, step=1)])
    assert told in page(shared, "/alerts", shared.token(Role.OPERATOR))
