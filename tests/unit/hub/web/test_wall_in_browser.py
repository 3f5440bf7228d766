"""The wall in a real browser: rows, each value beside its name, a page without a stream, a session that is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from edge.clock.clock import system_utc
from edge.page import feed
from edge.page.feed import MOST_LISTENERS
from hub.rights import Role
from tests.kits.browser import chromium
from tests.kits.office import PASSWORD, Office, entered, office
from tests.kits.wall_kit import keep_wall

STATIONS = 8
OFFICES = (1366, 1440, 1536, 1920)  # widths of the screens that offices have
TIDY = """() => {
    const tops = [...document.querySelectorAll(".boxes > li")].map(one => Math.round(one.getBoundingClientRect().top));
    const rows = [...new Set(tops)].map(top => tops.filter(one => one === top).length);
    return rows.length < 3 && new Set(rows).size === 1;
}"""
BELOW = """() => [...document.querySelectorAll(".boxes dl > div")].filter(
    one => one.querySelector("dd").getBoundingClientRect().top >= one.querySelector("dt").getBoundingClientRect().bottom
).map(one => one.textContent)"""


@pytest.fixture(name="shared", scope="module")
def an_office_with_a_wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office") / "pictures"
    folder.mkdir()
    with office(folder) as made:
        keep_wall(made.database, folder, system_utc(), STATIONS, 2, minutes=40)
        made.add(Role.ADMIN, name="admin")
        yield made


@pytest.fixture(name="browser", scope="module")
def a_browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@contextmanager
def wall(browser: Browser, shared: Office, lang: str, width: int = 1280) -> Iterator[Page]:
    """Give the wall as somebody sees it who has logged in."""
    with browser.new_context(locale=lang, viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        page.goto(shared.url)
        page.fill("input[name=name]", "admin")
        page.fill("input[name=password]", PASSWORD)
        page.click("form.login button")
        expect(page.locator(".boxes > li")).to_have_count(STATIONS)
        yield page


@pytest.mark.parametrize("lang", ["en-GB", "zh-CN"])
def test_eight_stations_stand_in_rows_of_the_same_length(browser: Browser, shared: Office, lang: str) -> None:
    """One row, or four below four; also after the wall was brought up to date."""
    with wall(browser, shared, lang) as page:
        for width in OFFICES:
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function(TIDY)
            assert page.evaluate(BELOW) == []
        page.locator("#wall").evaluate("wall => wall.querySelector('.boxes').lastElementChild.remove()")
        shared.server.feed.notify("orchard-1")
        expect(page.locator(".boxes > li")).to_have_count(STATIONS)
        page.wait_for_function(TIDY)


@pytest.mark.parametrize("lang", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("width", [360, 800])
def test_a_value_on_the_wall_stands_beside_its_name(browser: Browser, shared: Office, lang: str, width: int) -> None:
    """Rain of a day of which little is known too, which has a sign before it."""
    with wall(browser, shared, lang, width) as page:
        expect(page.locator(".boxes dd", has_text="≥")).not_to_have_count(0)
        assert page.evaluate(BELOW) == []


@pytest.mark.slow  # ten seconds and more, of waiting for the most part
@pytest.mark.parametrize(("lang", "told"), [("en-GB", "Too many pages are open"), ("zh-CN", "打开的页面太多")])
def test_a_tab_for_which_there_is_no_stream_says_so_and_is_brought_up_to_date(
    browser: Browser, shared: Office, lang: str, told: str
) -> None:
    """The ninth of one account: not "connection lost", and what is new comes all the same; later it has its stream."""
    with ExitStack() as held:
        client = held.enter_context(entered(shared, "admin"))
        for _ in range(MOST_LISTENERS):
            held.enter_context(client.stream("GET", "/api/v1/live"))
        with wall(browser, shared, lang) as page:
            expect(page.locator("#state")).to_contain_text(told)
            page.locator("#wall").evaluate("wall => wall.replaceChildren()")
            expect(page.locator(".boxes > li")).to_have_count(STATIONS)
            held.close()
            expect(page.locator("#state")).to_have_text("")


@pytest.mark.parametrize(
    ("lang", "told", "way"), [("en-GB", "You are logged out", "Log in again"), ("zh-CN", "登录已失效", "重新登录")]
)
@pytest.mark.parametrize("how", ["ended", "refused"])
def test_whose_session_is_over_is_told_to_log_in_again(
    browser: Browser, shared: Office, monkeypatch: pytest.MonkeyPatch, lang: str, told: str, way: str, how: str
) -> None:
    """Not "connection lost", whether the stream is ended or a new one refused; and the page keeps its own time."""
    monkeypatch.setattr(feed, "LOOK_AGAIN", 0.0)
    with wall(browser, shared, lang) as page:
        made = page.locator("#made time").evaluate("made => made.textContent = 'then'")
        while not shared.server.feed.listeners:
            page.wait_for_timeout(20)
        shared.engine.query("DELETE FROM session")
        if how == "ended":
            shared.server.feed.notify("orchard-1")
        else:
            for event in ("pagehide", "online"):  # the stream is closed, and begun anew
                page.evaluate("event => window.dispatchEvent(new Event(event))", event)
        expect(page.locator("#state")).to_contain_text(told)
        expect(page.locator("#made time")).to_have_text(made)
        page.get_by_role("link", name=way).click()
        page.fill("input[name=name]", "admin")
        page.fill("input[name=password]", PASSWORD)
        page.click("form.login button")
        expect(page.locator(".boxes > li")).to_have_count(STATIONS)
        expect(page.locator("#state")).to_have_text("")
