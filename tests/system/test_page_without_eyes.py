"""The station's page for whoever has a keyboard alone, hears it, prints it, or pays for each byte of it."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.kits.browser import DESKTOP, PHONE, looking
from tests.kits.shown_demo import Shown
from tests.kits.weights import MOST_BYTES, weights
from tests.system.test_page import PATHS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
MOST_TABS, ROW = 80, 44  # px: what stands beside each other is not of one height
FOCUSED = """() => {
    const one = document.activeElement, style = getComputedStyle(one);
    if (one.closest("main")) (window.visited ??= []).push(one);
    const name = one === document.body ? "BODY"
        : one.getAttribute("aria-label") || one.innerText || one.name || one.getAttribute("href") || one.tagName;
    return {
        name: name.trim(),
        place: ["header", "nav.pages", "main", "footer"].findIndex(where => one.closest(where)),
        shown: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    };
}"""
TOPS = "() => (window.visited ?? []).filter(one => one.isConnected).map(one => one.getBoundingClientRect().top)"
HEARD = """() => {
    window.heard = [];
    const spoken = "[role=status], [role=alert], [aria-live]:not([aria-live=off]), output:not([aria-live])";
    new MutationObserver(changes => {
        for (const { target, addedNodes } of changes) {
            const element = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
            const region = element?.closest(spoken);
            if (region) window.heard.push(region.textContent);
            for (const one of addedNodes) if (one.matches?.(spoken)) window.heard.push(one.textContent);
        }
    }).observe(document, { subtree: true, childList: true, characterData: true });
}"""
MINUTE = "Number(document.querySelector('#top').dataset.endUs) / 6e7"
SIMULATED = 10  # minutes


def stops(page: Page) -> list[dict[str, Any]]:
    """Return each place to which the Tab key leads, from the page's begin to its end."""
    found = list[dict[str, Any]]()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if found and stop["name"] in ("BODY", found[0]["name"]):
            return found
        found.append(stop)
    pytest.fail(f"Tab does not come to an end: {found[-1]}")


def test_tab_leads_through_the_page_in_the_order_in_which_it_is_read(shown: Shown, browser: Browser) -> None:
    """First the way past all that leads elsewhere, then head, pages, content from top to bottom; each is seen."""
    with looking(browser, PHONE, "en-GB") as page:
        for path in PATHS:
            page.goto(shown.url + path)
            found = stops(page)
            assert found[0]["name"] == "Skip to content", path
            assert [stop["name"] for stop in found if not stop["shown"]] == [], path
            places = [stop["place"] for stop in found]
            assert places == sorted(places) and set(places) >= {-1, 0, 1}, path
            for before, after in itertools.pairwise(page.evaluate(TOPS)):
                assert after > before - ROW, path


def test_a_value_moves_under_the_keyboards_focus(shown: Shown, browser: Browser) -> None:
    """Whoever stands on a curve of the page keeps their place, and the values beside it go on."""
    with looking(browser, PHONE, "en-GB") as page:
        page.goto(shown.url)
        page.locator("#card-air_temperature a").focus()
        before = page.evaluate(MINUTE)
        page.wait_for_function(f"() => {MINUTE} > {before + 2}")
        assert page.evaluate("Number(document.querySelector('#values').dataset.endUs) / 6e7") > before
        expect(page.locator("#card-air_temperature a")).to_be_focused()


def test_a_curve_is_heard_value_by_value_and_left_by_escape(shown: Shown, browser: Browser) -> None:
    """A slider over the minutes: each key says another value with its time, Escape what the whole curve shows."""
    with looking(browser, DESKTOP, "en-GB") as page:
        page.goto(f"{shown.url}/curves?channel=air_temperature")
        curve = page.get_by_role("slider", name="Air temperature")
        whole = page.locator("figure.chart output").inner_text()
        curve.focus()
        heard = []
        for key in ("End", "ArrowLeft", "ArrowLeft", "ArrowRight", "Home"):
            page.keyboard.press(key)
            heard.append(" ".join((curve.get_attribute("aria-valuetext") or "").split()))
            assert heard[-1] == page.locator("figure.chart output").inner_text()
        assert heard[1] == heard[3] != heard[2]
        assert all(re.match(r"\d+-\d+ \d\d:\d\d (-?\d+\.\d °C|–)", one) for one in heard)
        page.keyboard.press("Escape")
        expect(page.locator("figure.chart output")).to_have_text(whole)


def test_nothing_is_read_aloud_while_nothing_changes_but_values(shown: Shown, browser: Browser) -> None:
    """Ten minutes of the station go by in silence; the one line that is read aloud is about the connection."""
    with looking(browser, PHONE, "en-GB") as page:
        page.goto(shown.url)
        page.evaluate(HEARD)
        begun = page.evaluate(MINUTE)
        page.wait_for_function(f"() => {MINUTE} >= {begun + SIMULATED}", timeout=120_000)
        assert page.evaluate("window.heard") == []
        page.evaluate("document.getElementById('state').textContent = 'lost'")
        page.wait_for_function("() => window.heard.join() === 'lost'")


def test_no_page_weighs_more_than_150_kb(shown: Shown, browser: Browser) -> None:
    """All of each page, with its curves' numbers, as it is sent to a browser that has never been here."""
    with looking(browser) as page:
        found = weights(page, [shown.url + path for path in (*PATHS, "/curves")])
    assert max(found.values()) < MOST_BYTES, found


@pytest.mark.parametrize("lang", ["zh-CN", "en-GB"])
def test_every_page_prints_black_on_white_without_ways(shown: Shown, browser: Browser, lang: str) -> None:
    """From a dark screen: white paper, the sentence and the curves on it, and no button, menu or form."""
    with looking(browser, DESKTOP, lang, color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        for path in PATHS:
            page.goto(shown.url + path)
            assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
            for gone in ("nav:visible", "button:visible", "form:visible"):
                expect(page.locator(gone)).to_have_count(0)
            assert page.pdf().startswith(b"%PDF"), path
        page.goto(f"{shown.url}/curves?channel=air_temperature")
        expect(page.locator("svg.still")).to_be_visible()
