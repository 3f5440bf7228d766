"""What the API says of a station's days: also why minutes that are here are not good."""

from __future__ import annotations

import json
from pathlib import Path

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from tests.kits.command import minshan
from tests.kits.office import FOREIGN, MINE, Office, office
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import delivery, row

DAY = "2026-01-01"
MINUTE = 60_000_000


def keep_doubtful_minutes(shared: Office) -> None:
    """Keep half an hour of two stations, ten minutes of it without a temperature and with the reason."""
    why = {"air_temperature": {"code": "no_answer", "text": "no answer"}}
    lost = {"values": {"air_temperature": None}, "quality": {"air_temperature": 9}, "reasons": why}
    sink = DatabaseSink(opened(shared.database))
    for station in (MINE, FOREIGN):
        sink.commit(delivery(*(row(n, lost if 10 <= n < 20 else 1.5, station=station) for n in range(1, 31))))
    sink.close()


def test_the_api_says_why_minutes_are_not_good_as_hub_gaps_does(tmp_path: Path) -> None:
    """A program learns from one answer what the day's page shows; the answer about all stations stays short."""
    config = tmp_path / "hub.toml"
    with office(tmp_path) as shared:
        keep_doubtful_minutes(shared)
        with shared.client(shared.token(Role.GROWER, MINE)) as client:
            (day,) = client.get(f"/stations/{MINE}/completeness", params={"from": DAY, "to": DAY}).json()
            assert client.get(f"/stations/{FOREIGN}/completeness", params={"from": DAY}).status_code == 404
            (short,) = client.get("/completeness", params={"from": DAY, "to": DAY}).json()
        why = {"code": "no_answer", "text": "no answer"}
        span = {"start_us": UTC0 + 10 * MINUTE, "end_us": UTC0 + 20 * MINUTE, "minutes": 10, "missing": True}
        assert day["doubts"] == [{**span, "channels": ["air_temperature"], "why": why}]
        assert day["received"] - day["good"] == 10
        assert short == {key: value for key, value in day.items() if key != "doubts"}
        config.write_text(
            f'[broker]\nurl = "mqtt://127.0.0.1:9"\n[database]\nurl = "{shared.database}"\n'
            f'[pictures]\ndir = "{tmp_path}/pictures"\n'
        )
        words = ("--station", MINE, "--day", DAY, "--json")
        told = json.loads(minshan("hub", "gaps", "--config", str(config), *words).out)
        assert told == day
