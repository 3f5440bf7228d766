"""What keeps people with other eyes and hands from a page: axe-core looks at it in a real browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

HARM = ("serious", "critical")  # of axe's four: what keeps some people from using a page at all


def harms(page: Page) -> list[str]:
    """Return what axe finds serious or critical on a page as it stands: rule, what is wrong, and where."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:120]} {node['target']}"
        for one in found
        if one["impact"] in HARM
        for node in one["nodes"]
    ]


def harms_of(page: Page, addresses: Iterable[str], scheme: Literal["light", "dark"]) -> list[str]:
    """Return what is found on each of these addresses, on a light or on a dark screen.

    Nothing moves meanwhile: half way between two colours axe would judge one that stands on no screen.
    """
    found = []
    page.emulate_media(reduced_motion="reduce", color_scheme=scheme)
    for address in addresses:
        page.goto(address)
        found += [f"{address} {scheme} {harm}" for harm in harms(page)]
    return found
