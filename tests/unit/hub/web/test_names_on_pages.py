"""Names of stations as people give them, long, in other scripts or with signs of other languages, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from edge.clock.clock import system_utc
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.config import AlarmsSection
from hub.rights import Role
from tests.kits.browser import chromium
from tests.kits.office import Office, office
from tests.unit.hub.web.test_pages_in_browser import person

NAMES = {
    "orchard-1": "长" * 60,
    "orchard-2": "مەۋلان باغ 2",
    "orchard-3": "=1+1,<b>\"上寨\"</b> *x*_y_ 'z'",
    "orchard-4": "A" * 60,
}
PHONE = 360  # px
PAGES = ("/", "/completeness", "/alerts", "/visits", "/on-call", "/people", "/audit", "/stations/orchard-3")
ROWS = "nav => new Set([...nav.children].map(one => Math.round(one.getBoundingClientRect().top))).size"


@pytest.fixture(name="shared", scope="module")
def an_office_with_odd_names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give a hub with a station of each name, each with an alarm."""
    folder = tmp_path_factory.mktemp("office") / "pictures"
    folder.mkdir()
    with office(folder, alarms=AlarmsSection(names=NAMES)) as made:
        made.keep_minutes(*NAMES)
        made.add(Role.ADMIN, name="admin")
        now = system_utc()
        AlarmBook(made.engine).keep(
            [Alarm(name[-1] * 16, name, "battery", now, now, now, True, step=1) for name in NAMES]
        )
        yield made


@pytest.fixture(name="browser", scope="module")
def a_browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def test_a_phone_shows_whole_names_without_a_sideways_scroll(browser: Browser, shared: Office) -> None:
    """On each page, also where they stand beside a box to be ticked; and as text, whatever signs they have."""
    with person(browser, shared, "admin", "zh-CN", width=PHONE) as page:
        for path in PAGES:
            page.goto(shared.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") == PHONE, path
        page.goto(f"{shared.url}/alerts")
        for name in NAMES.values():
            expect(page.get_by_role("link", name=name)).to_be_visible()
        assert page.locator("main b").count() == 0


def test_a_name_that_is_written_from_the_right_does_not_turn_the_date_beside_it(
    browser: Browser, shared: Office
) -> None:
    """The day begins left of the hour: the other way round it reads as another date."""
    with person(browser, shared, "admin", "zh-CN", width=1280) as page:
        page.goto(f"{shared.url}/alerts")
        places = page.locator("main li", has_text="مەۋلان").evaluate(
            """item => {
                const walk = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
                while (walk.nextNode()) {
                    const found = /(\\d{4})-\\d\\d-\\d\\d (\\d\\d):/.exec(walk.currentNode.textContent);
                    if (!found) continue;
                    return [found.index, found.index + 11].map(at => {
                        const range = document.createRange();
                        range.setStart(walk.currentNode, at);
                        range.setEnd(walk.currentNode, at + 2);
                        return range.getBoundingClientRect().left;
                    });
                }
            }"""
        )
        assert places[0] < places[1]


@pytest.mark.parametrize(("lang", "rows"), [("zh-CN", 1), ("en-GB", 2)])
def test_the_ways_to_the_pages_leave_a_phone_its_screen(browser: Browser, shared: Office, lang: str, rows: int) -> None:
    """One row of them in Chinese, two at most in English, and as many on a station's pages, whose name is above."""
    with person(browser, shared, "admin", lang, width=PHONE) as page:
        page.goto(f"{shared.url}/stations/orchard-3/events")
        assert page.locator("nav.pages").evaluate(ROWS) <= rows
        assert page.locator("nav.ways").evaluate(ROWS) <= rows + 1
        page.goto(shared.url)
        names = [re.sub(r"\s+", " ", one) for one in page.locator("nav.pages a").all_inner_texts()]
        assert len(names) == 7
