"""What a page learns of a station that does not answer well."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edge.clock.clock import SystemClock
from edge.control.client import NotRunningError
from edge.page.app import application
from edge.page.assets import Assets
from edge.page.feed import Feed
from edge.page.now_page import silent
from edge.page.server import NO_DEMO
from edge.page.source import Source
from edge.page.station_pages import StationPages
from edge.page.templates import Templates


def test_a_station_that_breaks_off_is_not_there_and_people_are_told_no_path(tmp_path: Path) -> None:
    """Whoever reaches the page learns that the software does not answer, and nothing of where its socket lies."""
    path = tmp_path / "minshan.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def break_off() -> None:
            server.accept()[0].close()

        ends = threading.Thread(target=break_off)
        ends.start()
        with pytest.raises(NotRunningError) as told:
            Source(path, SystemClock()).ask("channels")
        ends.join()
    assert silent(told.value) and str(tmp_path) not in silent(told.value)


def test_a_wrong_link_leads_to_a_page_and_a_program_is_told_in_json(tmp_path: Path) -> None:
    """Whoever mistyped an address reads a sentence with the way back, also where the station does not run."""
    source, assets = Source(tmp_path / "none.sock", SystemClock()), Assets()

    async def newest(_station: str) -> bytes | None:
        return None

    pages = StationPages(source, Templates(assets), NO_DEMO)
    client = TestClient(application(source, Feed(newest), pages, assets, frozenset({"testserver"}), NO_DEMO))
    wanted = {"accept": "text/html,*/*;q=0.8", "accept-language": "zh-CN"}
    told = client.get("/nothing/here", headers=wanted)
    assert told.status_code == 404 and "这个地址下没有内容" in told.text and 'href="/curves"' in told.text
    for path, headers in (("/nothing/here", {}), ("/api/v1/nothing", wanted)):
        refused = client.get(path, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "nothing_here")
