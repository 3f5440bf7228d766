"""The hub's pages in a real browser, as people have them: on a wide screen and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from edge.clock.clock import system_utc
from edge.delivery.message import MessageFate, SendResult
from edge.wire.contract import VERSION, Command, StationId
from hub.alarms.alarm import Alarm
from hub.alarms.attempts import put_test_messages
from hub.alarms.book import AlarmBook
from hub.alarms.health import ChannelHealth
from hub.alarms.links import Links
from hub.alarms.people import Contact, People
from hub.database.engine import opened
from hub.database.orders import Orders
from hub.database.sink import DatabaseSink
from hub.rights import Account, Role
from hub.web.logins import Logins
from hub.web.pages.routes import routes
from hub.web.table import PageAnswer
from tests.kits.axe import harms_of
from tests.kits.browser import Seen, chromium
from tests.kits.office import CHANNELS, PASSWORD, Office, office
from tests.kits.wall_kit import keep_station, keep_wall

STATIONS, CAMERAS, MOST_BYTES = 8, 108, 300_000
TABS = 8
GROWERS: StationId = "orchard-1"
ORDER = "0123456789abcdef"
OPEN_ALL = """addEventListener("load", () => {
    for (const one of document.querySelectorAll("details")) one.open = true;
})"""
HIDE = """hidden => {
    Object.defineProperty(document, "visibilityState", {configurable: true, get: () => hidden ? "hidden" : "visible"});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(name="shared", scope="module")
def an_office_with_a_wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give a hub with eight stations, one of them silent, and 108 cameras."""
    folder = tmp_path_factory.mktemp("office") / "pictures"
    folder.mkdir()
    with office(folder) as made:
        keep_wall(made.database, folder, system_utc(), STATIONS, CAMERAS, minutes=40)
        made.add(Role.ADMIN, name="admin")
        made.add(Role.GROWER, GROWERS, name="grower")
        keep_affairs(made)
        yield made


def keep_affairs(made: Office) -> None:
    """Keep what an office has besides measurements: alarms, people on call, a message, a command, a token."""
    now = system_utc()
    alarms = [
        Alarm("a" * 16, GROWERS, "frost", now - 3_600_000_000, now, now, True, step=2),
        Alarm("b" * 16, f"orchard-{STATIONS}", "silent", now - 3_600_000_000, now, now, True, step=1),
        Alarm("c" * 16, "orchard-2", "battery", now - 7_200_000_000, now, now, True, step=1),
    ]
    AlarmBook(made.engine).keep(alarms)
    people = [Contact("张师傅", 1, [*CHANNELS], "13800000000", hours=("22:00", "06:00")), Contact("李四", 2, ["group"])]
    for one in people:
        People(made.engine).keep(one)
    put_test_messages(made.engine, people, now)
    made.engine.query("UPDATE alarm_message SET state = 'expired'")
    ChannelHealth(made.engine).note("group", SendResult(MessageFate.REFUSED, "errcode 93000", None), now)
    made.token(Role.OPERATOR, GROWERS)
    command = Command(VERSION, ORDER, "hello", {}, now + 1)
    Orders(made.engine).add(GROWERS, command, Account("user", "admin", Role.ADMIN, None), now)


@pytest.fixture(name="browser", scope="module")
def a_browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@contextmanager
def person(browser: Browser, shared: Office, name: str, lang: str = "en-GB", width: int = 1280) -> Iterator[Page]:
    """Give somebody's page, who has logged in by the form."""
    with browser.new_context(locale=lang, viewport={"width": width, "height": 900}) as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.goto(shared.url)
        assert page.url.startswith(f"{shared.url}/login")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", PASSWORD)
        page.click("form.login button")
        page.wait_for_url(f"{shared.url}/")
        yield page


def test_the_wall_shows_all_stations_and_cameras_and_which_is_silent(browser: Browser, shared: Office) -> None:
    """Eight stations and 108 pictures in less than 300 kB; the silent one is grey with its age, doubts are said."""
    with person(browser, shared, "admin", "zh-CN") as page:
        page.goto("about:blank")
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        seen = Seen(page)
        page.goto(shared.url)
        page.evaluate("for (const image of document.images) image.loading = 'eager'")
        page.evaluate("Promise.all([...document.images].map(image => image.decode()))")
        assert page.locator(".boxes > li").count() == STATIONS
        assert page.locator(".tiles img").count() == CAMERAS
        assert seen.bytes < MOST_BYTES, seen.bytes
        assert page.locator(".boxes > li[data-age=fresh]").count() == STATIONS - 1
        silent = page.locator(f"#box-orchard-{STATIONS}")
        expect(silent).to_have_attribute("data-age", "gone")
        expect(silent.locator(".age")).to_contain_text("小时前")
        grey, black = (page.locator(f"#box-orchard-{n} .first .value").evaluate(COLOUR) for n in (STATIONS, 1))
        assert grey != black
        expect(page.locator(".tiles li", has_text="可疑")).to_have_count(1)
        expect(page.locator(".tiles li", has_text="本周无照片")).to_have_count(1)
        expect(page.locator("#box-orchard-3 dl > div", has_text="可疑")).to_have_count(1)
        assert seen.said == []


COLOUR = "element => getComputedStyle(element).color"
CUT = """() => {
    const cut = one => one.scrollWidth > one.clientWidth || one.clientWidth < 4;  // a dash is six wide
    const shown = document.querySelectorAll(".boxes li, .boxes dt, .boxes dd, .tiles .name");
    return [...shown].filter(cut).map(one => one.textContent);
}"""


@pytest.mark.parametrize(("lang", "width"), [("en-GB", 360), ("en-GB", 1280), ("zh-CN", 360)])
def test_no_name_and_no_value_on_the_wall_is_cut(browser: Browser, shared: Office, lang: str, width: int) -> None:
    """Nor where a value is doubtful, whose word takes room beside it; a camera's tile tells its station."""
    with person(browser, shared, "admin", lang, width) as page:
        expect(page.locator(".boxes .word")).to_have_count(1)
        assert page.evaluate(CUT) == []


@pytest.mark.slow  # waits for browsers
def test_a_new_minute_comes_onto_the_wall_by_itself(browser: Browser, shared: Office) -> None:
    """What a station has just measured stands there without anybody's touching the page."""
    with person(browser, shared, "admin") as page:
        box = page.locator(f"#box-orchard-{STATIONS - 1}")
        before = box.locator(".first").inner_text()
        while not shared.server.feed.listeners:  # it tells of what is new from then on
            page.wait_for_timeout(50)
        sink = DatabaseSink(opened(shared.database))
        keep_station(sink, f"orchard-{STATIONS - 1}", 1, system_utc() + 60_000_000, 3, [], seq=1000)
        sink.close()
        shared.server.feed.notify(f"orchard-{STATIONS - 1}")
        expect(box.locator(".first")).not_to_have_text(before, timeout=20_000)


@pytest.mark.slow  # waits for browsers
def test_a_value_grows_old_though_the_server_is_gone(browser: Browser, shared: Office) -> None:
    """Without any event, and without the server, a fresh value turns grey when it is three minutes old."""
    with person(browser, shared, "admin") as page:
        box = page.locator("#box-orchard-1")
        expect(box).to_have_attribute("data-age", "fresh")
        page.context.set_offline(True)
        page.evaluate(
            "() => { const real = performance.now.bind(performance); performance.now = () => real() + 240e3; }"
        )
        expect(box).to_have_attribute("data-age", "old", timeout=10_000)
        expect(box.locator(".age")).to_contain_text("min ago")


@pytest.mark.slow  # waits for browsers
def test_eight_tabs_do_not_hang(browser: Browser, shared: Office) -> None:
    """A browser has six connections to a host: tabs in the background hold none, so the next page loads."""
    with person(browser, shared, "admin") as page:
        for _ in range(TABS):
            tab = page.context.new_page()
            tab.goto(shared.url)
            expect(tab.locator(".boxes > li")).to_have_count(STATIONS)
            tab.evaluate(HIDE, True)
        page.goto(f"{shared.url}/completeness")
        expect(page.locator("table.board tbody tr")).to_have_count(STATIONS)
        tab.evaluate(HIDE, False)
        expect(tab.locator("#state")).to_be_hidden()


def test_a_grower_finds_ones_station_and_its_curve_and_nothing_of_others(browser: Browser, shared: Office) -> None:
    """On a phone: the wall has one station, its page the sentence on top, the curve is drawn; no page of people."""
    with person(browser, shared, "grower", "zh-CN", width=360) as page:
        seen = Seen(page)
        expect(page.locator(".boxes > li")).to_have_count(1)
        expect(page.get_by_role("link", name="人员")).to_have_count(0)
        page.click(f"#box-{GROWERS} h2 a")
        expect(page.locator("#top h1")).to_contain_text("℃")
        page.goto(f"{shared.url}/stations/{GROWERS}/curves?channel=air_temperature")
        expect(page.locator("figure.chart")).to_have_attribute("data-state", "drawn", timeout=20_000)
        assert seen.said == []
        answers = [page.goto(f"{shared.url}/{where}") for where in ("stations/orchard-2", "people")]
        assert [answer and answer.status for answer in answers] == [404, 403]


GAPS = {"station": GROWERS, "camera": "cam-1", "day": "2026-01-01", "id": ORDER}
PAGES = [
    route.path.format(**GAPS)
    for route in routes(Logins(), lambda: None)
    if route.method == "GET" and route.answer is PageAnswer and route.path != "/login"
]


@pytest.mark.slow  # a browser's start and many pages
@pytest.mark.parametrize(("lang", "scheme"), [("zh-CN", "light"), ("en-GB", "dark")])
def test_no_page_keeps_anybody_out(
    browser: Browser, shared: Office, lang: str, scheme: Literal["light", "dark"]
) -> None:
    """For those who hear a page, see little contrast or have no mouse, axe finds nothing serious."""
    with person(browser, shared, "admin", lang, width=390) as page:
        page.context.add_init_script(OPEN_ALL)
        found = harms_of(page, [shared.url + path for path in PAGES], scheme)
    with browser.new_context(locale=lang) as context:
        found += harms_of(context.new_page(), [f"{shared.url}/login"], scheme)
    assert not found, "\n".join(found)


@pytest.mark.slow  # a browser's start and many pages
def test_no_page_is_wider_than_a_phone_or_says_anything_to_the_console(browser: Browser, shared: Office) -> None:
    """At 320 pixels nothing is cut off sideways, in either language; nothing is refused by the page's own policy."""
    for lang in ("zh-CN", "en-GB"):
        with person(browser, shared, "admin", lang, width=320) as page:
            seen = Seen(page)
            for path in PAGES:
                page.goto(shared.url + path)
                assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
                assert seen.said == [], path


@pytest.mark.slow  # waits for browsers
def test_a_link_that_a_browser_only_loads_acknowledges_nothing(browser: Browser, shared: Office) -> None:
    """Scanners and chat clients open links in whole browsers: loaded, with scripts on, the alarm is as it was; by its
    button it is known, and a second visit says by whom."""
    name = "d" * 16
    now = system_utc()
    AlarmBook(shared.engine).keep([Alarm(name, GROWERS, "gale", now, now, now, True, step=1)])
    secret = Links(shared.engine).made([name], ["张师傅"], now)
    with browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 800}) as context:
        page = context.new_page()
        for _ in range(2):
            page.goto(f"{shared.url}/a/{secret}", wait_until="load")
            expect(page.get_by_role("button", name="知道了，我是张师傅")).to_be_visible()
        assert AlarmBook(shared.engine).load_alarms([name])[name].escalation.acked_us is None
        page.get_by_role("button").click()
        expect(page.get_by_text("张师傅 已于")).to_be_visible()
        assert AlarmBook(shared.engine).load_alarms([name])[name].escalation.acked_by == "张师傅"
        page.goto(f"{shared.url}/a/{secret}")
        expect(page.get_by_role("button")).to_have_count(0)


def test_the_monthly_sheet_prints_light_from_a_dark_screen(browser: Browser, shared: Office) -> None:
    """What is printed is black on white, without buttons and ways."""
    with person(browser, shared, "admin") as page:
        page.emulate_media(color_scheme="dark", media="print")
        page.goto(f"{shared.url}/stations/{GROWERS}/sheet")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
        expect(page.locator("nav.choices")).to_be_hidden()
        expect(page.locator("nav.ways a:visible")).to_have_count(0)
        expect(page.locator("nav.ways strong")).to_be_visible()
        expect(page.get_by_text("Arrival rate")).to_be_visible()
        assert page.pdf().startswith(b"%PDF")


def test_people_log_in_work_and_leave_without_scripts(browser: Browser, shared: Office) -> None:
    """With scripts off the forms do the same: log in, see the wall, log out."""
    context: BrowserContext
    with browser.new_context(java_script_enabled=False, locale="en-GB") as context:
        page = context.new_page()
        page.goto(f"{shared.url}/stations/{GROWERS}")
        page.fill("input[name=name]", "grower")
        page.fill("input[name=password]", PASSWORD)
        page.click("form.login button")
        assert page.url == f"{shared.url}/stations/{GROWERS}"
        expect(page.locator("#top h1")).to_contain_text("°C")
        page.click("form.out button")
        assert page.url == f"{shared.url}/login"
        page.goto(shared.url)
        assert page.url.startswith(f"{shared.url}/login")


@pytest.mark.parametrize("shown", ["light", "dark"])
def test_the_theme_on_offer_is_the_one_that_is_not_shown(
    browser: Browser, shared: Office, shown: Literal["light", "dark"]
) -> None:
    """A tap on it changes what is seen, whatever the phone prefers."""
    other = {"light": "Dark", "dark": "Light"}[shown]
    with browser.new_context(locale="en-GB", color_scheme=shown) as context:
        page = context.new_page()
        page.goto(f"{shared.url}/login")
        paper = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        expect(page.locator(".look a:visible")).to_have_text(["中文", other])
        page.click(f"text={other}")
        assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != paper
