"""Debian's Chromium, as people's phones and desktops look at a page; one that is missing fails with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
WAIT_MS = 30_000.0  # Playwright looks for 5 s, and tests run beside each other
PHONE, SMALL_PHONE, DESKTOP = (390, 844), (320, 640), (1280, 900)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser without a screen."""
    if not CHROMIUM.exists():
        pytest.fail("there is no Chromium here to look at the page with: apt-get install chromium fonts-noto-cjk")
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def looking(browser: Browser, size: tuple[int, int] = PHONE, lang: str = "zh-CN", **more: Any) -> Iterator[Page]:
    """Give a page of somebody with this screen and language; what the browser complains of fails the test."""
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, locale=lang, **more)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page
        assert complaints == []
    finally:
        context.close()
