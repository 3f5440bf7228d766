"""Curves, and pages that live for long, in a real browser: what is drawn, where nothing is, and what is left behind."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from edge.clock.clock import system_utc
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from tests.kits.broker import until
from tests.kits.browser import Seen, chromium
from tests.kits.office import Office, office
from tests.kits.still_proxy import StillProxy
from tests.kits.wall_kit import MINUTE, keep_station

STATION, CHANNEL = "orchard-1", "air_temperature"
BEIJING = timezone(timedelta(hours=8))
ZONES = ("UTC", "Europe/Paris", "America/New_York", "Asia/Shanghai")
HOURS = ["20:00", "21:00", "22:00", "23:00", None, *(f"0{hour}:00" for hour in range(1, 9))]
RUN, ALONE, AFTER = 100, 150, 200  # minutes: a run, one alone, and the rest, up to 300
ACCENT = (13, 92, 99)
UPDATES = 75
KEEP_TEXTS = """() => {
    window.texts = [];
    const real = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
        window.texts.push([this.canvas, text]);
        return real.call(this, text, ...rest);
    };
}"""
TEXTS = "window.texts.filter(([canvas]) => canvas.isConnected).map(([_canvas, text]) => text)"
DRAW = """async ([series, hidden]) => {
    const figure = document.querySelector("figure.chart").cloneNode(true);
    for (const old of document.querySelectorAll("figure.chart")) old.remove();
    figure.removeAttribute("data-state");
    figure.querySelector(".plot").replaceChildren();
    figure.dataset.series = series;
    figure.hidden = hidden;
    document.querySelector("main").prepend(figure);
    window.texts = [];
    const script = document.querySelector("script[type=module]").src.replace("page.js", "charts.js");
    (await import(script)).drawAll();
}"""
INK = """([red, green, blue]) => {
    const canvas = document.querySelector(".plot canvas"), over = document.querySelector(".u-over");
    const ratio = canvas.width / canvas.getBoundingClientRect().width;
    const [outer, inner] = [canvas, over].map(one => one.getBoundingClientRect());
    const left = Math.round((inner.left - outer.left) * ratio), width = Math.round(inner.width * ratio);
    const dots = canvas.getContext("2d").getImageData(left, 0, width, canvas.height).data;
    const found = new Set();
    for (let at = 0; at < dots.length; at += 4) {
        const off = Math.abs(dots[at] - red) + Math.abs(dots[at + 1] - green) + Math.abs(dots[at + 2] - blue);
        if (dots[at + 3] > 128 && off < 60) found.add((at / 4) % width / width);
    }
    return [...found];
}"""
AS_WIDE = '() => document.querySelector(".plot canvas").clientWidth === document.querySelector(".plot").clientWidth'
REFRESH = """async count => {
    const script = document.querySelector("script[type=module]").src.replace("page.js", "refresh.js");
    const { refresh } = await import(script);
    const wait = window.setTimeout;
    window.setTimeout = (act, ms, ...rest) => wait(act, ms === 700 ? 0 : ms, ...rest);
    for (let n = 0; n < count; n += 1) {
        await refresh();
        await new Promise(go => wait(go, 3));
    }
    window.setTimeout = wait;
}"""
pytestmark = pytest.mark.slow  # browsers start


@pytest.fixture(name="shared", scope="module")
def an_office_with_a_year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give a hub with one station: some minutes of now, a night of January and one of July, and a day with holes."""
    folder = tmp_path_factory.mktemp("office") / "pictures"
    folder.mkdir()
    with office(folder) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, STATION, 0, system_utc(), 5, [], seq=9000)
        for number, month in enumerate((1, 7)):
            keep_station(sink, STATION, 0, micros(month, 15, 8), 12 * 60, [], seq=1 + 1000 * number)
        for begin, end, seq in ((0, RUN, 3000), (ALONE, ALONE + 1, 3200), (AFTER, 300, 3300)):
            keep_station(sink, STATION, 0, micros(3, 1, 0) + end * MINUTE, end - begin, [], seq=seq)
        sink.close()
        made.add(Role.GROWER, name="grower")
        yield made


@pytest.fixture(name="browser", scope="module")
def a_browser() -> Iterator[Browser]:
    """Give Chromium."""
    with chromium() as made:
        yield made


def micros(month: int, day: int, hour: int) -> int:
    """Return an instant of this year's by the station's clock."""
    return round(datetime(2026, month, day, hour, tzinfo=BEIJING).timestamp()) * 1_000_000


@contextmanager
def grower(browser: Browser, shared: Office, url: str = "", **more: Any) -> Iterator[Page]:
    """Give the page of a grower who has logged in."""
    secret = shared.browser("grower").cookies["minshan_session"]
    with browser.new_context(**{"locale": "zh-CN", "viewport": {"width": 1280, "height": 900}, **more}) as context:
        context.set_default_timeout(30_000)
        context.add_cookies([{"name": "minshan_session", "value": secret, "url": url or shared.url}])
        page = context.new_page()
        page.add_init_script(f"({KEEP_TEXTS})()")
        yield page


def draw(page: Page, shared: Office, first: int, last: int, hidden: bool = False) -> None:
    """Have the page's own script draw a span (microseconds UTC)."""
    page.goto(f"{shared.url}/stations/{STATION}/curves?channel={CHANNEL}")
    expect(page.locator("figure.chart")).to_have_attribute("data-state", "drawn")
    series = f"/api/v1/stations/{STATION}/series?channel={CHANNEL}&step=minute&from={first / 1e6}&to={last / 1e6}"
    page.evaluate(DRAW, [series, hidden])
    if not hidden:
        expect(page.locator("figure.chart")).to_have_attribute("data-state", "drawn")


@pytest.mark.parametrize("zone", ZONES)
def test_the_hours_under_a_curve_are_the_stations_in_summer_and_winter(
    browser: Browser, shared: Office, zone: str
) -> None:
    """On a device of any zone, with or without summer time, each hour stands where it was in the orchard."""
    with grower(browser, shared, timezone_id=zone) as page:
        for month in (1, 7):
            draw(page, shared, micros(month, 14, 20), micros(month, 15, 8))
            told = [text for text in page.evaluate(TEXTS) if re.fullmatch(r"\d\d:\d\d|\d+-\d\d", text)]
            assert list(dict.fromkeys(told)) == [hour or f"{month}-15" for hour in HOURS]


def test_a_gap_has_no_ink_and_a_lone_minute_has(browser: Browser, shared: Office) -> None:
    """Between two runs of minutes nothing is drawn, but for the one minute that was measured there."""
    begin = micros(3, 1, 0)
    with grower(browser, shared) as page:
        draw(page, shared, begin, begin + 300 * MINUTE)
        inked = [place * 299 for place in page.evaluate(INK, ACCENT)]  # in minutes
        assert any(10 < at < RUN - 10 for at in inked) and any(AFTER + 10 < at < 290 for at in inked)
        assert any(abs(at - ALONE) < 2 for at in inked)
        empty = [at for at in inked if RUN + 2 < at < ALONE - 3 or ALONE + 3 < at < AFTER - 3]
        assert not empty


def test_no_scale_goes_below_zero_where_no_value_did(browser: Browser, shared: Office) -> None:
    """A night of 0 lx stands above a zero, and beside no negative number."""

    def darkened(route: Route) -> None:
        told = route.fetch().json()
        points = [{**point, "value": 0.0 if point["value"] else None} for point in told["points"]]
        route.fulfill(json={**told, "points": points})

    with grower(browser, shared) as page:
        page.route(re.compile(r"/series\?"), darkened)
        draw(page, shared, micros(1, 14, 20), micros(1, 15, 8))
        numbers = [text for text in page.evaluate(TEXTS) if re.fullmatch(r"[-\u2212]?\d+(\.\d+)?", text)]
        assert "0" in {number.rstrip("0").rstrip(".") or "0" for number in numbers}
        assert not [number for number in numbers if not number[0].isdigit()]


def test_a_curve_spans_the_time_that_was_asked_for(browser: Browser, shared: Office) -> None:
    """Where a day's last twenty hours have nothing there is paper: a gap at the end is seen as one in the middle."""
    begin = micros(3, 1, 0)
    with grower(browser, shared) as page:
        draw(page, shared, begin, begin + 1440 * MINUTE)
        inked = page.evaluate(INK, ACCENT)
        assert inked and max(inked) < 310 / 1440
        told = [text for text in page.evaluate(TEXTS) if re.fullmatch(r"\d\d:\d\d", text)]
        assert "12:00" in told and "18:00" in told


def test_a_value_of_the_future_is_not_fresh(browser: Browser, shared: Office) -> None:
    """The browser's own timer says it too, where the server's clock was set back behind what is shown."""
    with grower(browser, shared, locale="en-GB") as page:
        page.goto(f"{shared.url}/stations/{STATION}")
        page.evaluate("document.querySelector('#top').dataset.endUs = Number(document.body.dataset.nowUs) + 36e8 + 3e7")
        expect(page.locator("#top")).to_have_attribute("data-age", "old")
        expect(page.locator("#top .age").first).to_contain_text("min ahead of the clock here")


def test_a_curve_keeps_its_height_however_often_a_phone_is_turned(browser: Browser, shared: Office) -> None:
    """It is drawn when it comes into view; after twenty turns it is as tall as at first, and as wide as the page."""
    with grower(browser, shared) as page:
        draw(page, shared, micros(1, 14, 20), micros(1, 15, 8), hidden=True)
        page.evaluate("() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))")
        assert page.locator(".plot canvas").count() == 0
        page.evaluate("document.querySelector('figure.chart').hidden = false")
        expect(page.locator("figure.chart")).to_have_attribute("data-state", "drawn")
        tall = page.evaluate("document.querySelector('.plot canvas').clientHeight")
        for turn in range(20):
            width, height = ((390, 844), (844, 390))[turn % 2]
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_function(AS_WIDE)
            assert page.evaluate("document.querySelector('.plot canvas').clientHeight") == tall > 100


def test_a_file_is_had_in_wechat_by_a_link_that_opens_once(browser: Browser, shared: Office) -> None:
    """There the button of the file leads to a link that needs no login, and opens once."""
    with grower(browser, shared, user_agent="Mozilla/5.0 MicroMessenger/8.0") as page:
        page.goto(f"{shared.url}/stations/{STATION}/curves?channel={CHANNEL}")
        with page.expect_download() as kept:
            page.get_by_role("link", name="CSV").click()
        assert "/export?" not in kept.value.url
        assert CHANNEL in kept.value.path().read_text()
        assert httpx.get(kept.value.url, timeout=20).status_code == 403


BESIDE = """() => {
    const [drawn, whole] = [".still .rule", ".still"].map(of => document.querySelector(of).getBoundingClientRect());
    return [drawn.left - whole.left, whole.right - drawn.right];
}"""


def test_a_printed_curve_is_drawn_in_ink_on_white(browser: Browser, shared: Office) -> None:
    """From a dark screen the server's own drawing is printed, in the colours of paper."""
    with grower(browser, shared, color_scheme="dark") as page:
        draw(page, shared, micros(1, 14, 20), micros(1, 15, 8))
        page.emulate_media(media="print")
        expect(page.locator(".chart .still")).to_be_visible()
        expect(page.locator(".chart .plot")).to_be_hidden()
        assert max(page.evaluate(BESIDE)) <= 56, "it is as wide as the page, but for its labels"
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.querySelector('.still .spark path')).stroke") == f"rgb{ACCENT}"
        assert page.pdf().startswith(b"%PDF")


def test_a_page_that_is_brought_up_to_date_all_day_grows_by_nothing(browser: Browser, shared: Office) -> None:
    """Elements and listeners are as many after the last minutes as after the first ones."""
    with grower(browser, shared) as page:
        seen = Seen(page)
        page.goto(f"{shared.url}/stations/{STATION}")
        session = page.context.new_cdp_session(page)

        def counted() -> dict[str, int]:
            session.send("HeapProfiler.collectGarbage")
            return dict(session.send("Memory.getDOMCounters"))

        page.evaluate(REFRESH, UPDATES)
        first = counted()
        page.evaluate(REFRESH, 3 * UPDATES)
        until(lambda: all(count <= first[name] * 1.1 + 20 for name, count in counted().items()), 30)
        assert seen.said == []


@pytest.mark.parametrize("theme", ["auto", "light", "dark"])
def test_a_browser_that_darkens_pages_leaves_curves_legible(browser: Browser, shared: Office, theme: str) -> None:
    """Android's forced dark mode changes no dot of a curve: its paper is drawn with it, in whichever theme."""
    with grower(browser, shared, color_scheme="light", reduced_motion="reduce") as page:
        page.goto(f"{shared.url}/stations/{STATION}/curves?channel={CHANNEL}&theme={theme}")
        expect(page.locator("figure.chart")).to_have_attribute("data-state", "drawn")
        before = page.locator(".plot").screenshot()
        page.context.new_cdp_session(page).send("Emulation.setAutoDarkModeOverride", {"enabled": True})
        page.evaluate("() => new Promise(go => requestAnimationFrame(() => requestAnimationFrame(go)))")
        assert dots(page.locator(".plot").screenshot()) == dots(before)


def dots(screenshot: bytes) -> bytes:
    """Return the dots of a picture without its edge, which is half the page's."""
    image = Image.open(io.BytesIO(screenshot)).convert("RGB")
    return image.crop((2, 2, image.width - 2, image.height - 2)).tobytes()


def test_a_link_that_goes_dead_without_a_word_is_noticed_and_taken_up_again(browser: Browser, shared: Office) -> None:
    """The stream says nothing for 40 s, the next one does not begin: it is said; when the link is back it goes on."""
    proxy = StillProxy(shared.server.port)
    url = f"http://127.0.0.1:{proxy.port}"
    with grower(browser, shared, url) as page:
        page.clock.install()
        page.goto(f"{url}/stations/{STATION}")
        state = page.locator("#state")
        expect(state).to_be_hidden()
        while not shared.server.feed.listeners:
            page.wait_for_timeout(20)
        proxy.die()
        for seconds in (41, 2, 11):  # nothing is heard; a new one is tried; it does not begin either
            page.clock.run_for(seconds * 1000)
        expect(state).to_have_text("连接中断，正在重连")
        proxy.revive()
        page.clock.run_for(35_000)
        expect(state).to_be_hidden()
        before = page.locator("#top time").inner_text()
        sink = DatabaseSink(opened(shared.database))
        keep_station(sink, STATION, 0, system_utc() + 60 * MINUTE, 1, [], seq=9900)
        sink.close()
        shared.server.feed.notify(STATION)
        expect(page.locator("#top time")).not_to_have_text(before)
    proxy.close()
