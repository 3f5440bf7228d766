"""What the API says of a station's days: also why minutes that are here are not good."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from edge.clock.clock import system_utc
from edge.page.days import local_day
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.picture_files import UNKEPT
from hub.rights import Role
from tests.kits.command import minshan
from tests.kits.office import FOREIGN, MINE, Office, browser, entered, office
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import delivery, row
from tests.kits.wall_kit import keep_station

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


def test_a_station_that_sends_lacks_nothing_today(tmp_path: Path) -> None:
    """What is on its way is no gap, neither on the day's page nor in the API; tomorrow is not offered."""
    now = system_utc()
    day = local_day(now - 10 * MINUTE, 8 * 3600)
    with office(tmp_path) as shared:
        sink = DatabaseSink(opened(shared.database))
        keep_station(sink, MINE, 0, now - 2 * MINUTE, 60, [])
        sink.close()
        with entered(shared, shared.add(Role.GROWER, MINE)) as client:
            page = client.get(f"/stations/{MINE}/days/{day}").text
            (found,) = client.get(
                f"/api/v1/stations/{MINE}/completeness", params={"from": str(day), "to": str(day)}
            ).json()
        assert "Nothing is missing from this day." in page
        assert found["gaps"] == []
        assert (f"/days/{day + timedelta(days=1)}" in page) == (day < local_day(now, 8 * 3600))


def test_a_page_says_what_keeps_the_hub_from_its_work(tmp_path: Path) -> None:
    """On top of each page of whoever has logged in, in their language; a stranger is told nothing of its disks."""
    full = UNKEPT.having(folder="/srv/photos", why="disk full")
    with office(tmp_path) as shared:
        shared.keep_minutes(MINE)
        with entered(shared, shared.add(Role.GROWER, MINE)) as client:
            for path in ("/", "/completeness", "/alerts", f"/stations/{MINE}/events"):
                assert "/srv/photos" not in client.get(path).text
                shared.server.show_trouble(lambda: full)
                assert "/srv/photos cannot be written: disk full" in client.get(path).text, path
                assert "照片留在各站" in client.get(path, headers={"accept-language": "zh"}).text
                shared.server.show_trouble(lambda: None)
            shared.server.show_trouble(lambda: full)
        with browser(shared) as stranger:
            assert "/srv/photos" not in stranger.get("/login").text
