"""The station's page over a month of minutes: its memory, what its requests do to the daemon's minutes, a slow phone.

A store of 30 days is filled, the station runs on it as installed (a talking sensor on a pty, a minute each minute), and
the page's process beside it. Lateness is from a minute's end until the daemon has told of it, with a hundred requests a
second and without. The phone is Chromium at 1.6 Mbit/s, 150 ms and a processor four times slower, with an empty cache.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from edge.clock.clock import system_utc
from edge.control.client import Client
from tests.bench.camera import memory
from tests.bench.figures import Row, repeated, row
from tests.bench.memory import feed, station
from tests.kits.broker import until
from tests.kits.browser import PHONE, chromium, looking
from tests.kits.history_kit import DAY, Life

MONTH_MIN = 30 * 1440
RATE, MINUTES = 100, 2  # requests a second; minutes that are watched with and without them
ROUNDS, EACH = 3, 500  # after each round of so many requests the memory is read
PATHS = ("/", "/curves?channel=air_temperature&span=week", "/last-night", "/events")
ASKED = ("now", "now", "now", "series?channel=air_temperature&from={day}&step=minute", "events?from={day}")
RUN = [sys.executable, "-m", "provisioning.main"]


def rows() -> Iterator[Row]:
    """Yield the bench's rows."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as (socket, url, pid):
        yield from phone(url)
        yield row("page, resident after its start and a phone (MB)", memory(pid, "VmRSS"), aim="< 60")
        yield from calm_and_busy(socket, url)
        yield row("page, resident after those requests (MB)", memory(pid, "VmRSS"), aim="< 60")
        for number in range(ROUNDS):
            ask(url, EACH)
            yield row(f"page, resident after {(number + 1) * EACH:,} pages more (MB)", memory(pid, "VmRSS"), aim="< 60")


@contextmanager
def running(folder: Path) -> Iterator[tuple[Path, str, int]]:
    """Give the socket of a station with a month behind it, the address of its page, and the page's process."""
    ending = threading.Event()
    config = station(folder, feed(ending), "mqtt://127.0.0.1:1")
    fill(folder / "state")
    socket, log = folder / "state/minshan.sock", folder / "page.log"
    page = [*RUN, "--lang", "en", "page", "--socket", str(socket), "--listen", "127.0.0.1:0"]
    with (
        log.open("wb") as out,
        subprocess.Popen([*RUN, "run", "--config", str(config)], stderr=out) as daemon,
        subprocess.Popen(page, stdout=out, stderr=out) as served,
    ):
        try:
            until(lambda: "http://" in log.read_text(), 60)
            url = log.read_text().partition("http://")[2].split()[0]
            until(lambda: httpx.get(f"http://{url}/api/v1/health", timeout=20).json()["answers"], 120)
            yield socket, f"http://{url}", served.pid
        finally:
            ending.set()
            served.terminate()
            daemon.terminate()


def fill(state: Path) -> None:
    """Keep thirty days of minutes, as a station would have."""
    state.mkdir(parents=True, exist_ok=True)
    life = Life(state, 1)
    life.now = system_utc() - 30 * DAY
    life.measure(MONTH_MIN)
    life.store.close()


def calm_and_busy(socket: Path, url: str) -> Iterator[Row]:
    """Yield how late minutes are, with requests and without."""
    calm = lateness(socket)
    ending = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(hundred_a_second, url, ending)
        busy = lateness(socket)
        ending.set()
        asked, took = load.result()
    yield repeated(f"daemon, a minute is told late at {asked:.0f} requests a second (s; peer: at none)", busy, calm)
    yield row("page, 95 % of those answers within (ms)", took * 1000)


def lateness(socket: Path) -> list[float]:
    """Return how late the next minutes are told, s from each one's end."""
    found: list[float] = []
    with Client(socket) as client:
        for event in itertools.islice(client.live(), 1, None):  # the first is the newest that there is
            if event["event"] == "now":
                found.append(event["now"]["age_s"])
            if len(found) == MINUTES:
                break
    return found


def hundred_a_second(url: str, ending: threading.Event) -> tuple[float, float]:
    """Ask so often until told to end. Return how often a second that was, and how long 95 % of the answers took, s."""
    day, took, began = time.time() - 86_400, list[float](), time.monotonic()
    paths = itertools.cycle(f"/api/v1/stations/bench/{one.format(day=day)}" for one in ASKED)
    limits = httpx.Limits(max_connections=20)

    def once(path: str) -> None:
        at = time.monotonic()
        with suppress(httpx.HTTPError):
            client.get(path)
            took.append(time.monotonic() - at)

    with httpx.Client(base_url=url, timeout=30, limits=limits) as client, ThreadPoolExecutor(20) as pool:
        for number in itertools.count():
            if ending.wait(max(0.0, began + number / RATE - time.monotonic())):
                break
            pool.submit(once, next(paths))
        passed = time.monotonic() - began
    return len(took) / passed, sorted(took)[int(len(took) * 0.95)]


def ask(url: str, count: int) -> None:
    """Open pages, and a stream now and then that is left at once."""
    with httpx.Client(base_url=url, timeout=60) as client:
        for path in itertools.islice(itertools.cycle(PATHS), count):
            client.get(path).raise_for_status()
            if path == "/":
                with client.stream("GET", "/api/v1/live") as stream:
                    next(stream.iter_lines())


def phone(url: str) -> Iterator[Row]:
    """Yield when a slow phone shows the sentence on top, and when its scripts run, over three visits."""
    shown, live = list[float](), list[float]()
    with chromium() as browser:
        for _ in range(3):
            with looking(browser, PHONE) as page:
                session = page.context.new_cdp_session(page)
                session.send("Network.enable")
                slow = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
                session.send("Network.emulateNetworkConditions", slow)
                session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
                page.goto(url)
                page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
                shown.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
                live.append(page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"))
    yield repeated("page on a slow phone, first seen after (s)", [one / 1000 for one in shown], aim="< 3")
    yield repeated("page on a slow phone, its scripts run after (s)", [one / 1000 for one in live], aim="< 3")
