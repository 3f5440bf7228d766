"""What pages weigh on the wire: all that a browser with an empty cache is sent for them, but for pictures."""

from __future__ import annotations

from collections.abc import Iterable

from playwright.sync_api import Page

from tests.kits.browser import Seen

MOST_BYTES = 150_000  # of one page, in the bytes that are sent
LOADED = """() => {
    const next = document.querySelector("figure.chart[data-series]:not([data-state])");
    next?.scrollIntoView();
    return !next;
}"""


def weights(page: Page, addresses: Iterable[str]) -> dict[str, int]:
    """Return what each of these addresses weighs, its curves drawn; an icon is no picture and counts."""
    found = {}
    for address in addresses:
        page.goto("about:blank")
        page.context.new_cdp_session(page).send("Network.clearBrowserCache")
        seen = Seen(page)
        page.goto(address)
        page.wait_for_function(LOADED)
        page.goto("about:blank")
        found[address] = seen.bytes - seen.pictures
    return found
