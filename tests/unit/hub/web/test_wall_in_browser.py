"""The wall in a real browser: each value beside its name, and a page for which there is no stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from edge.clock.clock import system_utc
from edge.page.feed import MOST_LISTENERS
from hub.rights import Role
from tests.kits.browser import chromium
from tests.kits.office import PASSWORD, Office, entered, office
from tests.kits.wall_kit import keep_wall

STATIONS = 3
BELOW = """() => [...document.querySelectorAll(".boxes dl > div:not(:has(.word))")].filter(
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
@pytest.mark.parametrize("width", [360, 800, 1920])
def test_a_value_on_the_wall_stands_beside_its_name(browser: Browser, shared: Office, lang: str, width: int) -> None:
    """Rain of a day of which little is known too, which has a sign before it."""
    with wall(browser, shared, lang, width) as page:
        expect(page.locator(".boxes dd", has_text="≥")).not_to_have_count(0)
        assert page.evaluate(BELOW) == []


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
