"""A running demo with its page, for a browser to look at."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.kits.broker import until
from tests.kits.command import ENGLISH
from tests.kits.system import paths


class Shown(NamedTuple):
    """A running demo: its process, the address of its page, the token of its forms, its folder."""

    process: subprocess.Popen[bytes]
    url: str
    token: str
    folder: Path


@contextmanager
def shown_demo(folder: Path, *options: str) -> Iterator[Shown]:
    """Give a demo that has measured for a while, at 60 times the pace of life."""
    out = folder / "out"
    words = [sys.executable, "-m", "provisioning.main", "demo", "--speed", "60", "--state", str(folder), *options]
    with out.open("wb") as file:
        process = subprocess.Popen(words, stdout=file, stderr=file, env=paths() | ENGLISH)
    try:
        until(lambda: "Press Ctrl-C" in out.read_text(), 60)
        told = out.read_text()
        url, token = re.search(r"http://\S+", told), re.search(r"with the token (\S+)", told)
        assert url is not None and token is not None, told
        until(lambda: answers(url.group()), 60)
        until(lambda: 'data-channel="air_temperature"' in httpx.get(url.group(), timeout=20).text, 120)
        yield Shown(process, url.group(), token.group(1), folder)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        assert process.wait(30) == 0


def answers(url: str) -> bool:
    """Return whether a server answers there."""
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
