"""The hub's pages for whoever has a keyboard alone, or hears a page: the whole way, and pages on which nothing is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from edge.clock.clock import system_utc
from edge.records.record import Kind
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Delivery
from tests.kits.axe import harms, harms_of
from tests.kits.browser import chromium
from tests.kits.office import PASSWORD, Office, office
from tests.kits.wall_kit import keep_wall, record

pytestmark = pytest.mark.slow  # browsers start
STATION = "orchard-1"
MOST_TABS = 80
FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    return [one.innerText || one.name || "", style.outlineStyle !== "none" || one.matches("input")];
}"""
EMPTY = ("/", "/completeness", "/alerts", "/on-call", "/on-call/sent", "/visits", "/audit")
OF_STATION = ("", "/curves", "/curves?channel=air_temperature", "/growers", "/events", "/sheet", "/commands")


@pytest.fixture(name="browser", scope="module")
def a_browser() -> Iterator[Browser]:
    """Give Chromium."""
    with chromium() as made:
        yield made


def tab_to(page: Page, text: str) -> None:
    """Press the Tab key until what bears this text is under it, and is seen to be."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        told, is_shown = page.evaluate(FOCUSED)
        if told.strip().startswith(text):
            assert is_shown, f"nobody sees that {text} is meant"
            return
    pytest.fail(f"no Tab leads to {text}")


def press_enter(page: Page) -> None:
    """Press it, and wait until the next page is there."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def enter(page: Page, shared: Office, name: str) -> None:
    """Log in by the keyboard; the wrong password first, which is said aloud."""
    page.goto(shared.url)
    for password in ("wrong", PASSWORD):
        if password == "wrong":
            page.keyboard.type(name)
            page.keyboard.press("Tab")
        page.keyboard.type(password)
        page.keyboard.press("Enter")
        if password == "wrong":
            expect(page.locator("[role=alert].said")).to_be_visible()
            assert harms(page) == []
    page.wait_for_url(f"{shared.url}/")


def test_the_whole_way_is_gone_by_the_keyboard(browser: Browser, tmp_path: Path) -> None:
    """Log in, from the wall to a station, a picture whose price stands on the button, an alert that one knows of."""
    with office(tmp_path) as shared, browser.new_context(locale="en-GB") as context:
        keep_wall(shared.database, tmp_path, system_utc(), 2, 2, minutes=5)
        now = system_utc()
        AlarmBook(shared.engine).keep([Alarm("a" * 16, STATION, "frost", now, now, now, True, step=2)])
        name, page = shared.add(Role.TECHNICIAN), context.new_page()
        enter(page, shared, name)
        for way in (STATION, "Control", "cam-1: about"):
            tab_to(page, way)
            assert way != "cam-1: about" or page.evaluate(FOCUSED)[0].strip().endswith(" MB")
            press_enter(page)
        expect(page.locator("[role=status]:visible")).to_be_visible()
        assert "/commands/" in page.url
        page.goto(shared.url)  # the page of an order reads itself anew, whatever has the focus
        for way in ("Alerts", "Acknowledge"):
            tab_to(page, way)
            press_enter(page)
        expect(page.get_by_text(f"acknowledged by {name}")).to_be_visible()
        assert AlarmBook(shared.engine).load_alarms(["a" * 16])["a" * 16].escalation.acked_by == name


def test_a_hub_on_which_nothing_is_yet_says_what_to_do(browser: Browser, tmp_path: Path) -> None:
    """A fresh hub tells who runs it how a station comes to it; no empty page keeps anybody out, nor one of a station
    that has never measured."""
    with (
        office(tmp_path) as shared,
        browser.new_context(locale="zh-CN") as context,
    ):
        page = context.new_page()
        enter(page, shared, shared.add(Role.ADMIN))
        expect(page.get_by_text("再在站上运行 minshan doctor")).to_be_visible()
        found = harms_of(page, [shared.url + path for path in EMPTY], "light")
        sink = DatabaseSink(opened(shared.database))
        setup = {"configuration": "0" * 64, "flags": "qartod", "site": {"utc_offset_h": 8.0}, "sensors": []}
        sink.commit(Delivery((record("newborn", 1, system_utc(), Kind.SETUP, setup),)))
        sink.close()
        found += harms_of(page, [f"{shared.url}/stations/newborn{path}" for path in OF_STATION], "light")
        assert not found, "\n".join(found)
        page.goto(shared.url)
        expect(page.locator("#box-newborn")).to_be_visible()
