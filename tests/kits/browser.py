"""Debian's Chromium, as people's phones and desktops look at a page; one that is missing fails with a sentence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

WAIT_MS = 30_000.0  # Playwright looks for 5 s, and tests run beside each other
PHONE, SMALL_PHONE, DESKTOP = (390, 844), (320, 640), (1280, 900)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser without a screen."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.fail("there is no Chromium here to look at the page with: apt-get install chromium fonts-noto-cjk")
    expect.set_options(timeout=WAIT_MS)
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # its sandbox does not work for root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=root)
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


class Seen:
    """What a page has said to its console, and how many bytes came over the network, headers too.

    `pictures`: how many of the bytes are photos and drawings.
    """

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        self.bytes = self.pictures = 0
        self._images: set[str] = set()
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", self._note)
        session.on("Network.loadingFinished", self._count)

    def _note(self, event: dict[str, Any]) -> None:
        if event["type"] == "Image":
            self._images.add(event["requestId"])

    def _count(self, event: dict[str, Any]) -> None:
        size = round(event["encodedDataLength"])
        self.bytes += size
        self.pictures += size if event["requestId"] in self._images else 0
