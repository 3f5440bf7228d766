"""The page of a box that does not know the time: nothing is dated by this machine's clock, and no night is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from edge.clock.clock import SystemClock, system_utc
from edge.page.app import application
from edge.page.assets import Assets
from edge.page.feed import Feed
from edge.page.server import NO_DEMO
from edge.page.source import Source
from edge.page.station_pages import StationPages
from edge.page.templates import Templates
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.broker import until
from tests.kits.system import TRUSTED, running_station, station, talking

MINUTE = 60_000_000
ENDED = 1_700_000_000_000_000 // MINUTE * MINUTE  # 2023-11-15 06:13 Beijing time: long before now
pytestmark = pytest.mark.slow  # a minute of a box without the time takes a minute


def measured_before(folder: Path) -> None:
    """Keep two hours of dated minutes of an earlier boot."""
    store = Store.open(folder, epoch="earlier", destinations=(PLATFORM,))
    setup = store.append(
        Draft(Kind.SETUP, Stamp("before", 0.0), 0.0, ENDED - 120 * MINUTE, ClockMark("ntp", 0.01), {"sensors": []})
    )
    told = {"crop": "apple", "stage": "full-bloom", "by": "张三"}
    begin = ENDED - 120 * MINUTE
    store.append(Draft(Kind.STAGE, Stamp("before", 0.0), 0.0, begin, ClockMark("ntp", 0.01), told, setup.seq))
    for n in range(120):
        said = {"values": {"pm2p5": 40.0 + n}, "quality": {"pm2p5": 1}}
        stamp = Stamp("before", 60.0 * n)
        store.append(
            Draft(Kind.MINUTE, stamp, 60.0, ENDED - (120 - n) * MINUTE, ClockMark("ntp", 0.01), said, setup.seq)
        )
    store.close()


@pytest.fixture
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """Give the folder of a running station that does not know the time and has measured a minute."""
    if request.param:
        measured_before(tmp_path / "state")
    with talking() as port:
        file = station(tmp_path, port, "mqtt://127.0.0.1:9")
        file.write_text(file.read_text().replace(TRUSTED, ""))
        with running_station(file):
            until((tmp_path / "state" / "minshan.sock").exists, 60)
            source = Source(tmp_path / "state" / "minshan.sock", SystemClock())
            until(lambda: (state := source.newest_state()) is not None and state.facts.minute is not None, 150)
            if source.time_us(source.newest_state()) is not None:
                pytest.skip("this machine's clock is synchronised: the station knows the time")
            yield tmp_path / "state"


def browser(folder: Path) -> TestClient:
    """Return a browser's side of the station's page."""
    source, assets = Source(folder / "minshan.sock", SystemClock()), Assets()

    async def newest(_station: str) -> bytes | None:
        return None

    pages = StationPages(source, Templates(assets), NO_DEMO)
    return TestClient(application(source, Feed(newest), pages, assets, frozenset({"testserver"}), NO_DEMO))


@pytest.mark.parametrize("folder", [True], indirect=True)
def test_the_past_ends_with_the_newest_minute_that_has_a_time(folder: Path) -> None:
    """Curves, photos, events and files are of the time that is known, and say so; no page names today or a night."""
    client = browser(folder)
    today = re.compile(rf"\b{system_utc() // 31_556_952_000_000 + 1970}-\d\d-\d\d")
    for lang, said in (("en", "does not know the time yet"), ("zh", "本机还不知道时间")):
        for path in ("/curves?channel=pm2p5", "/pictures", "/events", "/export"):
            page = client.get(path, params={"lang": lang} | ({"channel": "pm2p5"} if "curves" in path else {})).text
            assert said in page and "2023-11-15" in page, path
            assert not today.search(re.sub(r"<svg.*?</svg>", "", page)), path
        curves = client.get("/curves", params={"channel": "pm2p5", "lang": lang}).text
        assert "40.0" in curves and "159.0" in curves
        night = client.get("/last-night", params={"lang": lang}).text
        assert said in night and "<h1>" not in night and "last-night.png" not in night
    assert client.get("/last-night.png").status_code == 404
    work = client.get("/work", params={"lang": "zh"}).text
    assert "张三" in work and "2023-11-15 04:13" in work and "尚未确认" not in work, "the stage that the rules follow"


@pytest.mark.parametrize("folder", [False], indirect=True)
def test_where_no_minute_has_a_time_that_is_said_and_not_that_nothing_was_measured(folder: Path) -> None:
    """A new box without a clock measures, and its values are on the first page alone."""
    client = browser(folder)
    curves = client.get("/curves", params={"lang": "en"}).text
    assert "what it measures has no time and is not shown here" in curves
    assert '<p class="said">' not in curves + client.get("/events", params={"lang": "en"}).text
    first = client.get("/", params={"lang": "en"}).text
    assert "it is not known how old these values are" in first and "PM2.5" in first
