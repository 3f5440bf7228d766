"""The station's page as people see it: a real demo, its page process, and a real Chromium on phone and desktop."""

from __future__ import annotations

import csv
import io
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, expect

from tests.kits.axe import harms_of
from tests.kits.broker import until
from tests.kits.browser import DESKTOP, PHONE, SMALL_PHONE, looking
from tests.kits.raw_http import HOSTILE, answer, complaints
from tests.kits.shown_demo import Shown

PATHS = ("/", "/curves?channel=air_temperature", "/pictures", "/last-night", "/growers", "/events", "/export", "/work")
FIELDS = ("token", "by", "stage", "camera", "ask", "other")
WORDS = (
    *("air_temperature", "day", "9999-12-31", "-1e999", "nan", "1e18", "stage", "picture", "silence-horn"),
    *("apple full-bloom", "orchard", "page-token", "\0", ""),
)
TEXTS = st.one_of(st.sampled_from(WORDS), st.text(max_size=40))
QUERY = ("channel", "span", "day", "page", "from", "to", "kind", "step", "lang", "theme", "done", "camera", "last")
ASKED = (
    "health",
    "pictures/x",
    *(f"stations/demo/{name}" for name in ("now", "series", "channels", "events", "pictures")),
)
ADDRESSES = (*PATHS, "/last-night.png", "/export/minutes", *(f"/api/v1/{name}" for name in ASKED))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("lang", "now"), [("zh-CN", "现在"), ("en-GB", "Now")])
@pytest.mark.parametrize("size", [SMALL_PHONE, PHONE, DESKTOP])
def test_values_move_without_a_reload(
    shown: Shown, browser: Browser, size: tuple[int, int], lang: str, now: str
) -> None:
    """The sentence on top is there in the person's language, and the next minute comes by itself."""
    with looking(browser, size, lang) as page:
        page.goto(shown.url)
        expect(page.locator("#top h1")).to_contain_text(now)
        first = page.locator("#top time").inner_text()
        expect(page.locator("#top time")).not_to_have_text(first)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_the_names_of_its_pages_stand_in_one_row_on_a_common_phone(shown: Shown, browser: Browser) -> None:
    """360 px wide, as many phones are."""
    with looking(browser, (360, 800), "zh-CN") as page:
        page.goto(shown.url)
        tops = page.locator(".pages a").evaluate_all("links => links.map(link => link.offsetTop)")
    assert len(tops) == 8 and len(set(tops)) == 1


@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_text_of_twice_the_size_stays_on_the_page(shown: Shown, browser: Browser, lang: str) -> None:
    """On the smallest phone, at 200 %, nothing is cut off and no value leaves its unit."""
    with looking(browser, SMALL_PHONE, lang) as page:
        for path in PATHS:
            page.goto(shown.url + path)
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert page.evaluate("document.documentElement.scrollWidth") <= SMALL_PHONE[0], path
        page.goto(shown.url)
        tall = "[...document.querySelectorAll('.card .value')].map(e => e.getClientRects().length)"
        assert set(page.evaluate(tall)) == {1}


@pytest.mark.parametrize(("lang", "scheme"), [("zh-CN", "dark"), ("en-GB", "light")])
def test_nobody_is_kept_from_the_page(
    shown: Shown, browser: Browser, lang: str, scheme: Literal["light", "dark"]
) -> None:
    """For those who hear a page, see little contrast or have no mouse, axe finds nothing serious, light and dark."""
    with looking(browser, SMALL_PHONE, lang) as page:
        assert harms_of(page, (shown.url + path for path in PATHS), scheme) == []


def test_a_sensor_that_is_unplugged_is_missing_and_never_its_old_value(shown: Shown, browser: Browser) -> None:
    """By the demo's own button: the thermometer's value goes, the word comes; put back, it is there again."""
    with looking(browser) as page:
        page.goto(shown.url)
        card = page.locator('[data-channel="air_temperature"]')
        page.get_by_role("button", name="shelter").click()
        expect(page.get_by_role("button", name="shelter")).to_have_attribute("aria-pressed", "true")
        expect(card).to_contain_text("缺测")
        assert not re.search(r"\d+\.\d", card.inner_text())
        assert "shelter" in page.locator("#box").inner_text()
        page.get_by_role("button", name="shelter").click()
        expect(card).not_to_contain_text("缺测")


def toggle(shown: Shown, device: str) -> None:
    """Pull a device out, or put it back."""
    httpx.post(f"{shown.url}/demo/unplug/{device}", headers={"origin": shown.url}, timeout=20)


def test_growers_are_told_what_is_known_and_what_is_not(shown: Shown, browser: Browser) -> None:
    """Each rule stands there with why, inputs, thresholds and source; without the thermometer it says: not known."""
    with looking(browser) as page:
        page.goto(f"{shown.url}/growers")
        expect(page.locator(".rules > li")).to_have_count(3)
        assert all(
            word in page.locator("main").inner_text()
            for word in ("现在打药", "所用数据：", "界限：", "不是在茂县得出的")
        )
    with httpx.Client(base_url=shown.url, headers={"accept-language": "zh"}, timeout=20) as client:
        toggle(shown, "shelter")
        until(lambda: "气温 不知道" in client.get("/growers").text, 60)
        assert 'data-verdict="open"' not in client.get("/growers").text
        toggle(shown, "shelter")
        until(lambda: "气温 不知道" not in client.get("/growers").text, 60)


def test_a_curve_is_read_by_touch_and_by_keys(shown: Shown, browser: Browser) -> None:
    """A finger on the curve reads a value with its time; arrow keys go on from there."""
    with looking(browser, has_touch=True) as page:
        page.goto(shown.url + "/curves?channel=air_temperature")
        figure = page.locator("figure.chart")
        expect(figure).to_have_attribute("data-state", "drawn")
        figure.locator(".u-over").tap()
        expect(figure.locator("output")).to_contain_text(re.compile(r"\d+-\d+ \d\d:\d\d +-?\d+\.\d ℃"))
        read = figure.locator("output").inner_text()
        figure.locator(".plot").focus()
        page.keyboard.press("ArrowRight")  # the demo's first minute stands right of the middle of the time asked for
        expect(figure.locator("output")).not_to_have_text(read)


def test_what_is_downloaded_is_what_the_station_keeps(shown: Shown) -> None:
    """Each number of the file equals the one that the daemon gives, flags too, in UTF-8 that Excel knows."""
    rows = list[list[str]]()
    while len(rows) <= 3:  # the first minutes of a demo that has just begun
        told = httpx.get(shown.url + "/export/minutes", params={"kind": "csv"}, timeout=60)
        assert told.content.startswith(b"\xef\xbb\xbf")
        rows = list(csv.reader(io.StringIO(told.content.decode("utf-8-sig"))))
    place = rows[0].index("气温 (℃)")
    station = "demo"
    asked = {"channel": "air_temperature", "from": rows[1][1], "step": "minute"}
    series = httpx.get(f"{shown.url}/api/v1/stations/{station}/series", params=asked, timeout=60).json()
    known = {point["start_us"] // 60_000_000: point for point in series["points"]}
    for row in rows[1:]:
        utc = int(datetime.fromisoformat(row[1]).timestamp()) // 60
        value, flag = row[place], row[place + 1]
        point = known.get(utc)
        assert flag == ("" if point is None else str(point["quality"]))
        assert (float(value) if value else None) == (None if point is None else point["value"])


def test_without_scripts_everything_is_said(shown: Shown, browser: Browser) -> None:
    """Finished HTML: value, age, words, curves and the photos' page are there where no script runs."""
    with looking(browser, java_script_enabled=False) as page:
        page.goto(shown.url)
        assert "℃" in page.locator("#top h1").inner_text()
        assert "前" in page.locator("#top .age").inner_text()
        page.get_by_role("link", name="曲线").click()
        expect(page.locator("figure svg.still").first).to_be_visible()


def test_a_technician_confirms_the_stage_and_takes_a_photo(shown: Shown, browser: Browser) -> None:
    """With the token and without scripts: a stage is kept with a name, a photo is taken, its price said before."""
    with looking(browser, java_script_enabled=False) as page:
        page.goto(f"{shown.url}/work")
        page.get_by_label("令牌").fill(shown.token.upper())
        page.get_by_label("姓名").fill("王技术员")
        page.locator("select[name=stage]").select_option("apple first-bloom")
        page.get_by_role("button", name="确认物候期").click()
        assert page.url.endswith("/work?done=stage")
        page.get_by_label("令牌").fill(shown.token)
        page.get_by_role("button", name=re.compile(r"拍照片 · 约 \d\.\d MB")).click()
        assert page.url.endswith("/work?done=picture")
        page.get_by_label("令牌").fill(shown.token)
        page.get_by_label("姓名").fill("王技术员")
        page.locator("select[name=stage]").select_option("cherry full-bloom")
        page.get_by_role("button", name="确认物候期").click()
        expect(page.get_by_role("status").last).to_contain_text("没有“甜樱桃”的霜冻规则")
    api = f"{shown.url}/api/v1/stations/demo"
    until(lambda: "王技术员" in httpx.get(f"{api}/events", params={"from": 0, "kind": "stage"}).text, 60)
    assert "王技术员" in httpx.get(f"{shown.url}/work").text


def test_nothing_changes_without_the_token(shown: Shown) -> None:
    """Whatever a form says without it, or with another one: refused, no error of the server, and nothing is done."""
    kept = f"{shown.url}/api/v1/stations/demo/events?from=0&kind=stage,maintenance"

    @settings(max_examples=40, deadline=None, database=None)
    @given(st.dictionaries(st.sampled_from(FIELDS), TEXTS, max_size=6))
    def sent(form: dict[str, str]) -> None:
        with httpx.Client(timeout=30) as client:
            told = client.post(f"{shown.url}/work", data=form)
            assert told.status_code in (400, 422), (told.status_code, form)

    before = httpx.get(kept).json()
    sent()
    for body, status in ((b"\xff=1", 400), (b"token=" + b"x" * 5000, 400), (b"&" * 100, 400)):
        assert httpx.post(f"{shown.url}/work", content=body).status_code == status, body
    wrong = httpx.post(f"{shown.url}/work", data={"ask": "stage", "stage": "apple full-bloom", "by": "x", "token": "x"})
    assert wrong.status_code == 422
    site = {"origin": "http://evil.example", "sec-fetch-site": "cross-site"}
    for name, value in site.items():
        form = {"ask": "picture", "token": shown.token}
        assert httpx.post(f"{shown.url}/work", data=form, headers={name: value}).status_code == 403
    assert httpx.get(kept).json() == before


def test_whatever_is_asked_of_the_page_is_no_error_of_the_server(shown: Shown) -> None:
    """Any path and question: an answer below 500 without a traceback, and the next one is served."""
    asked = st.dictionaries(st.sampled_from(QUERY), TEXTS, max_size=4)
    paths = st.sampled_from(ADDRESSES)

    @settings(max_examples=120, deadline=None, database=None)
    @given(paths | TEXTS.map(lambda text: "/" + quote(text, safe="")), asked)
    def ask(path: str, query: dict[str, str]) -> None:
        told = client.get(path, params=query)
        assert told.status_code < 500 and "Traceback" not in told.text, (path, query, told.text[:300])

    with httpx.Client(base_url=shown.url, timeout=60) as client:
        ask()
        assert client.get("/").status_code == 200


def test_no_header_is_an_error_of_the_page_or_changes_anything(shown: Shown) -> None:
    """Host, Cookie, Range, lengths, forwarded addresses of any bytes: below 500, nothing handed back, nothing done."""
    kept = f"{shown.url}/api/v1/stations/demo/events?from=0&kind=stage,maintenance"
    before, port = httpx.get(kept).json(), int(shown.url.rpartition(":")[2])
    out = {file.name for file in (shown.folder / "unplugged").iterdir()}
    gets = [("GET", path) for path in ADDRESSES]

    @settings(max_examples=120, deadline=None, database=None)
    @given(st.sampled_from([*gets, ("POST", "/work"), ("PUT", "/"), ("POST", "/export/minutes")]), HOSTILE)
    def ask(asked: tuple[str, str], headers: list[tuple[str, bytes]]) -> None:
        form = b"ask=stage&stage=apple+full-bloom&by=x&token=x" if asked[0] == "POST" else b""
        found = answer(port, *asked, headers, form, timeout=60)
        assert complaints(found) == [], (asked, headers, found.whole[:500])

    ask()
    assert httpx.get(kept).json() == before
    assert {file.name for file in (shown.folder / "unplugged").iterdir()} == out


def test_wrong_questions_are_refused_and_cost_nothing(shown: Shown) -> None:
    """Another Host, another station, broken arguments: an answer with a code, and the next one is served."""
    api = f"{shown.url}/api/v1/stations"
    assert httpx.get(shown.url, headers={"host": "evil.example"}).status_code == 421
    assert httpx.get(f"{api}/other/now").status_code == 404
    for params in ({}, {"channel": "x"}, {"channel": "x", "from": "yesterday"}, {"channel": "\0", "from": "1e300"}):
        assert httpx.get(f"{api}/demo/series", params=params).status_code == 422, params
    assert httpx.get(f"{shown.url}/api/v1/pictures/abc").status_code == 422
    for path in (
        "/curves?span=x&channel=%00",
        "/pictures?day=0001-01-01",
        "/events?page=%00",
        "/export/minutes?from=x",
    ):
        assert httpx.get(shown.url + path, timeout=60).status_code == 200, path
    assert httpx.post(f"{shown.url}/demo/unplug/shelter", headers={"origin": "http://evil.example"}).status_code == 403
    assert httpx.get(shown.url).status_code == 200


def test_a_program_may_ask_with_a_page_and_a_camera_that_are_digits(shown: Shown) -> None:
    """The next page of events has a number, and a camera may be called 1: neither is taken for an instant."""
    for name, asked in (("events", {"page": "1"}), ("pictures", {"camera": "1"})):
        told = httpx.get(f"{shown.url}/api/v1/stations/demo/{name}", params={"from": "0", **asked}, timeout=60)
        assert told.status_code == 200 and told.json()[name] == [], told.text


def test_a_phone_with_a_wrong_clock_tells_right_ages(shown: Shown, browser: Browser) -> None:
    """An hour fast or slow, in New York: the value is as fresh as it is, and times are the station's."""
    for hours in (-1, 1):
        with looking(browser, timezone_id="America/New_York") as page:
            page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=hours))
            page.goto(shown.url)
            expect(page.locator("#values")).to_have_attribute("data-age", "fresh")
            expect(page.locator("#top .age")).to_contain_text("秒前")
            assert abs(page.evaluate("Date.now()") / 1000 - datetime.now(UTC).timestamp()) > 3000, "the clock is right"


def test_what_is_old_is_grey_though_nothing_says_so(shown: Shown, browser: Browser) -> None:
    """The daemon stands still (SIGSTOP): the browser greys its values and tells the age, until it goes on."""
    with looking(browser) as page:
        page.goto(shown.url)
        expect(page.locator("#values")).to_have_attribute("data-age", "fresh")
        expect(page.locator("#growers")).to_be_visible(timeout=120_000)  # once an hour of rain is known
        os.kill(shown.process.pid, signal.SIGSTOP)
        try:
            expect(page.locator("#values")).to_have_attribute("data-age", re.compile("old|gone"))
            expect(page.locator("#top .when-old")).to_be_visible()
            expect(page.locator("#growers")).to_be_hidden()
        finally:
            os.kill(shown.process.pid, signal.SIGCONT)
        expect(page.locator("#values")).to_have_attribute("data-age", "fresh", timeout=60_000)
