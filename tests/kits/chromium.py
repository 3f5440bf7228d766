"""A real browser for tests: Debian's Chromium without a window, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright


@contextmanager
def chromium() -> Iterator[Browser]:
    """Give a browser. Fails where Chromium is not installed: a page that nobody has looked at is not tested."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.fail("Chromium is not installed: apt-get install chromium")
    root = ["--no-sandbox"] if os.geteuid() == 0 else []  # its sandbox does not work for root
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=root)
        try:
            yield browser
        finally:
            browser.close()


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
