"""The hub's wall as an office opens it: eight stations and 108 pictures, in Chromium with an empty cache."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page

from edge.clock.clock import system_utc
from hub.rights import Role
from tests.bench.figures import Row, repeated, row
from tests.kits.browser import Seen, chromium
from tests.kits.office import PASSWORD, office
from tests.kits.wall_kit import keep_wall

STATIONS, CAMERAS, MINUTES, VISITS = 8, 108, 40, 5
ALL_DRAWN = """async () => {
    for (const image of document.images) image.loading = "eager";
    await Promise.all([...document.images].map(image => image.decode()));
}"""


def rows() -> Iterator[Row]:
    """Yield after how long all of the wall is drawn, from the request on, and its bytes."""
    took = list[float]()
    with tempfile.TemporaryDirectory() as name, office(Path(name)) as hub, chromium() as browser:
        keep_wall(hub.database, Path(name), system_utc(), STATIONS, CAMERAS, minutes=MINUTES)
        hub.add(Role.ADMIN, name="admin")
        with browser.new_context(viewport={"width": 1920, "height": 1080}) as context:
            page = context.new_page()
            page.goto(hub.url)
            page.fill("input[name=name]", "admin")
            page.fill("input[name=password]", PASSWORD)
            page.click("form.login button")
            page.wait_for_url(f"{hub.url}/")
            for _ in range(VISITS):
                took.append(visited(page, hub.url))
            seen = Seen(page)  # its listening takes as long as the drawing
            visited(page, hub.url)
    yield repeated("wall of 8 stations and 108 pictures, all drawn after (s)", took, aim="< 2")
    yield row("wall of 8 stations and 108 pictures (kB)", seen.bytes / 1000, aim="< 300")


def visited(page: Page, url: str) -> float:
    """Open the wall with an empty cache. Return after how many seconds all of it is drawn."""
    page.goto("about:blank")
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    began = time.monotonic()
    page.goto(url)
    page.evaluate(ALL_DRAWN)
    return time.monotonic() - began
