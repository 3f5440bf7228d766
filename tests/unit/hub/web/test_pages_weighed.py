"""What the hub's pages cost whoever looks at them on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.clock.clock import system_utc
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.web.logins import Logins
from hub.web.pages.routes import routes
from hub.web.table import PageAnswer
from tests.kits.browser import chromium
from tests.kits.office import PASSWORD, office
from tests.kits.wall_kit import keep_station, keep_wall
from tests.kits.weights import MOST_BYTES, weights

STATIONS, CAMERAS, MINUTES, DAY = 8, 108, 40, 24 * 60
GAPS = {"station": "whole-day", "camera": "cam-1", "day": "2026-01-01", "id": "0" * 16}
PAGES = [
    route.path.format(**GAPS)
    for route in routes(Logins(), lambda: None)
    if route.method == "GET" and route.answer is PageAnswer and route.path not in ("/login", "/commands/{id}")
]


@pytest.mark.slow  # a browser's start and many pages
@pytest.mark.timeout(600)
def test_no_page_weighs_more_than_150_kb(tmp_path: Path) -> None:
    """All of each page of a hub of eight stations and 108 cameras, with a day's curves, as it is sent; photos apart."""
    with office(tmp_path) as shared, chromium() as browser, browser.new_context() as context:
        keep_wall(shared.database, tmp_path, system_utc(), STATIONS, CAMERAS, MINUTES)
        sink = DatabaseSink(opened(shared.database))
        keep_station(sink, GAPS["station"], 0, system_utc(), DAY, ["cam-1"])
        sink.close()
        shared.add(Role.ADMIN, name="admin")
        page = context.new_page()
        page.goto(shared.url)
        page.fill("input[name=name]", "admin")
        page.fill("input[name=password]", PASSWORD)
        page.click("form.login button")
        page.wait_for_url(f"{shared.url}/")
        curve = f"/stations/{GAPS['station']}/curves?channel=air_temperature"
        found = weights(page, [shared.url + path for path in (*PAGES, curve)])
        context.clear_cookies()
        found |= weights(page, [f"{shared.url}/login"])
    assert max(found.values()) < MOST_BYTES, found
