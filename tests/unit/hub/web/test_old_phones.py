"""Phones of 2018, whose browser nobody has renewed: their scripts run, and names do not run into each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

import edge.page
import hub.web
from edge.clock.clock import system_utc
from hub.rights import Role
from tests.kits.browser import chromium
from tests.kits.office import Office, office
from tests.kits.wall_kit import keep_wall
from tests.unit.hub.web.test_pages_in_browser import person

PHONE = 360  # px
SCRIPTS = [
    script
    for package in (edge.page, hub.web)
    for script in sorted((Path(str(package.__file__)).parent / "static").glob("*.js"))
]
# What Chrome 64 cannot read, and the functions that it lacks: one of them ends all scripts of a page.
TOO_NEW = re.compile(
    r"\d_\d|\?\?|\?\.[\w(\[]|\bcatch \{|\|\|=|&&=|\bimport\(|\bawait import|static \{|\.#\w|\d+n\b"
    r"|\.(at|flat|flatMap|replaceAll|replaceChildren|matchAll|toSorted|findLast|hasOwn|allSettled|fromEntries)\("
    r"|\b(globalThis|structuredClone|queueMicrotask)\b|AbortSignal\.|toggleAttribute"
)
LEAST_PX = 6  # between two names of a row
TOUCHING = f"""() => [...document.querySelectorAll("nav, fieldset, .row")].flatMap(row => {{
    const boxes = [...row.children].filter(one => one.offsetWidth > 1).map(one => one.getBoundingClientRect());
    const after = (box, one) => Math.abs(box.top - one.top) < 2 && box.left - one.right < {LEAST_PX};
    return boxes.filter((box, n) => n && after(box, boxes[n - 1]));
}}).length"""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_has_no_words_that_an_old_phone_cannot_read(script: Path) -> None:
    """Where one cannot be read, no value of the page ever grows old before whoever looks at it."""
    code = re.sub(r"^\s*//.*$|\s// .*$", "", script.read_text("utf-8"), flags=re.MULTILINE)
    assert TOO_NEW.findall(code) == []


@pytest.fixture(name="shared", scope="module")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("office") / "pictures"
    folder.mkdir()
    with office(folder) as made:
        keep_wall(made.database, folder, system_utc(), 2, 2, minutes=40)
        made.add(Role.ADMIN, name="admin")
        yield made


@pytest.fixture(name="browser", scope="module")
def a_browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def without_gaps(route: Route) -> None:
    """Give a style as a browser takes it that has no gaps between flexible boxes."""
    answer = route.fetch()
    style = answer.text().replace("@supports not (inset: 0)", "@supports (inset: 0)")
    route.fulfill(response=answer, body=re.sub(r"^ *gap: .*;$", "", style, flags=re.MULTILINE))


@pytest.mark.parametrize("path", ["/", "/people", "/on-call", "/stations/orchard-1", "/stations/orchard-1/curves"])
def test_names_in_a_row_are_told_apart_without_gaps(browser: Browser, shared: Office, path: str) -> None:
    """Nor is the page wider than the phone."""
    with person(browser, shared, "admin", "zh-CN", PHONE) as page:
        page.route("**/*.css*", without_gaps)
        page.goto(shared.url + path)
        assert page.evaluate(TOUCHING) == 0
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE


def test_where_the_library_of_curves_cannot_be_read_the_drawing_stands(browser: Browser, shared: Office) -> None:
    """It is of 2020: nothing is said to have failed, and the values are not asked for again and again."""
    with person(browser, shared, "admin", "zh-CN", PHONE) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/series" in request.url else None)
        page.route("**/uPlot*.js*", lambda route: route.fulfill(body="let broken = ;", content_type="text/javascript"))
        page.goto(f"{shared.url}/stations/orchard-1/curves")
        expect(page.locator("figure.chart .still").first).to_be_visible()
        page.locator("figure.chart").first.scroll_into_view_if_needed()
        page.wait_for_function("document.body.dataset.live && document.readyState === 'complete'")
        assert asked == []
