"""A station of a later version, or a damaged one, says what nobody here expects: each page and answer is served."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from edge.clock.clock import system_utc
from edge.page.days import local_day
from edge.records.record import Kind
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Delivery
from tests.kits.office import MINE, entered, office
from tests.kits.wall_kit import MINUTE, minute, record

ODD: list[tuple[str, dict[str, Any]]] = [
    ("minute", {"values": {"air_temperature": None, "wind_speed": 1e308}, "quality": {"air_temperature": 9}}),
    (
        "minute",
        {"values": {"air_temperature": "warm", "wind_speed": {"mean": 3}}, "quality": {"air_temperature": "ok"}},
    ),
    ("minute", {"values": {"rainfall_amount": 5e307, "new__quantity": 4.5}, "quality": {"rainfall_amount": 1}}),
    ("minute", {"values": None, "quality": None, "reasons": None}),
    (
        "setup",
        {"sensors": [{"name": None, "channels": 7}, 5], "cameras": [{"name": 3}, "x"], "site": {"latitude": "x"}},
    ),
    ("setup", {"sensors": 3, "cameras": None, "site": 1e300}),
    ("alert", {"alert": "a", "turn": "sideways", "rule": "a-rule-of-later", "step": 1e9, "value": None}),
    ("alert", {"alert": "b", "turn": "raised", "rule": "frost", "step": 2, "value": 1e308, "limit": None}),
    ("loss", {"epoch": 3, "first": "x", "cause": {"code": "of_later"}}),
    ("start", {"missing": {"from": "x"}, "reason": {"code": "of_later", "text": "t"}}),
    ("picture", {"camera": None, "picture": 4, "reasons": 5}),
    ("stage", {"crop": "kiwi", "stage": 7}),
    ("avalanche", {"depth": None}),
]


@pytest.mark.parametrize(
    "said", [*ODD, ("minute", {"values": {"rainfall_amount": 1e300}, "quality": {"rainfall_amount": 1}})]
)
def test_pages_and_answers_are_served_whatever_a_station_says(tmp_path: Path, said: tuple[str, dict[str, Any]]) -> None:
    """No error of the hub's own, no NaN in JSON, and no number as long as a line."""
    now = system_utc() // MINUTE * MINUTE
    day = local_day(now, 0)
    rows = [record(MINE, n, now - (40 - n) * MINUTE, Kind.MINUTE, minute(n, 0)) for n in range(1, 31)]
    rows += [record(MINE, 40 + n, now - (9 - n) * MINUTE, said[0], said[1]) for n in range(4)]
    with office(tmp_path) as shared:
        sink = DatabaseSink(opened(shared.database))
        sink.commit(Delivery(tuple(rows)))
        sink.look()
        sink.close()
        here, asked = f"/stations/{MINE}", f"/api/v1/stations/{MINE}"
        pages = [
            "/",
            "/completeness",
            "/alerts",
            "/visits",
            here,
            f"{here}/curves",
            f"{here}/events",
            f"{here}/growers",
        ]
        pages += [f"{here}/sheet", f"{here}/days/{day}", f"{here}/commands"]
        answers = [
            f"{asked}/now",
            f"{asked}/completeness?from={day}",
            f"{asked}/events?from={day}T00:00:00Z",
            "/api/v1/alerts",
        ]
        answers += [
            f"{asked}/series?channel={name}&from={day}T00:00:00Z&step=minute"
            for name in ("wind_speed", "rainfall_amount")
        ]
        with entered(shared, shared.add(Role.ADMIN)) as client:
            for page in pages:
                told = client.get(page)
                assert told.status_code == 200, page
                assert not re.search(r">[^<]*\d{20}", told.text), page
            for answer in answers:
                told = client.get(answer)
                assert told.status_code == 200, (answer, told.text)
                json.loads(told.text, parse_constant=pytest.fail)
