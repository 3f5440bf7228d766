"""The stream of what is new, over a real server."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Route as PlaywrightRoute

from edge.page import feed
from edge.page.address import VANISHED_MS
from edge.page.address import listening as listening_socket
from hub.rights import Role
from tests.kits.broker import until
from tests.kits.browser import chromium
from tests.kits.office import FOREIGN, MINE, Office, office


@pytest.fixture(name="shared")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE, FOREIGN)
        yield made


class Listener:
    """One open stream: its lines so far."""

    def __init__(self, response: httpx.Response) -> None:
        self.lines: list[str] = []
        self.over = threading.Event()
        self._response = response
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for line in self._response.iter_lines():
                self.lines.append(line)
        except (httpx.HTTPError, httpx.StreamError):
            pass
        self.over.set()

    def told(self) -> list[tuple[str, str]]:
        """Return number and station of each event so far."""
        found = []
        for place, line in enumerate(self.lines):
            if line.startswith("data: {") and self.lines[place - 1] == "event: now":
                found.append((self.lines[place - 2].removeprefix("id: "), json.loads(line[6:])["station"]))
        return found


@contextmanager
def listening(shared: Office, token: str, last: str | None = None) -> Iterator[Listener]:
    """Give a listener that hears already."""
    headers = {} if last is None else {"last-event-id": last}
    with shared.client(token, headers) as client, client.stream("GET", "/live", timeout=60) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["x-accel-buffering"] == "no", "a proxy must not gather events"
        assert "content-encoding" not in response.headers, "nor anything of ours, which packs other answers"
        listener = Listener(response)
        until(lambda: listener.lines)
        yield listener


def test_a_new_minute_is_told_at_once_to_whoever_may_see_it(shared: Office) -> None:
    """A grower of one station hears of that one alone, an operator of both."""
    with (
        listening(shared, shared.token(Role.GROWER, MINE)) as grower,
        listening(shared, shared.token(Role.OPERATOR)) as operator,
    ):
        for station in (FOREIGN, MINE):
            shared.server.feed.notify(station)
        until(lambda: len(operator.told()) == 2 and grower.told())
        assert {station for _, station in operator.told()} == {MINE, FOREIGN}
        assert [station for _, station in grower.told()] == [MINE]


def test_who_comes_back_misses_nothing_and_hears_nothing_twice(shared: Office) -> None:
    """With the number of the last event a stream goes on behind it; with one that is not known it says: read anew."""
    token = shared.token(Role.OPERATOR)
    with listening(shared, token) as first:
        shared.server.feed.notify(MINE)
        until(first.told)
        last = first.told()[-1][0]
    shared.server.feed.notify(FOREIGN)
    with listening(shared, token, last) as again:
        until(again.told)
        assert [station for _, station in again.told()] == [FOREIGN]
    for unknown in ("deadbeef-1", "x", f"{last}999999", "-", last.replace("-", "-x")):
        with listening(shared, token, unknown) as lost:
            assert "event: resync" in lost.lines


@pytest.mark.slow  # a browser's start
def test_a_minute_between_a_page_and_its_stream_is_shown(shared: Office) -> None:
    """What comes after the page was made and before its stream stands is on the screen without a further minute."""
    name = shared.add(Role.OPERATOR)
    cookie = {"name": "minshan_session", "value": shared.browser(name).cookies["minshan_session"], "url": shared.url}
    told = shared.server.feed
    held: list[str] = []
    with chromium() as browser, browser.new_context() as context:
        context.add_cookies([cookie])  # type: ignore[list-item]  # Playwright takes a dictionary of its own kind
        page = context.new_page()

        def hold(route: PlaywrightRoute) -> None:
            before = told.position
            if not held:
                shared.keep_minutes(MINE, count=4)
                told.notify(MINE)
                until(lambda: told.position != before)
            held.append(route.request.url)
            route.continue_()

        page.route("**/api/v1/live*", hold)
        page.goto(f"{shared.url}/stations/{MINE}")
        before = page.content()
        page.wait_for_function("minute => document.querySelector('#top').dataset.endUs !== minute", arg=end_of(before))
    assert len(held) == 1


def end_of(html: str) -> str:
    """Return the end of the minute that a page shows."""
    found = re.search(r'id="top"[^>]* data-end-us="(\d+)"', html)
    assert found is not None
    return found.group(1)


def test_a_stream_ends_with_the_right_to_it(shared: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is disabled hears no more, and is told that it is over."""
    monkeypatch.setattr(feed, "LOOK_AGAIN", 0.2)
    monkeypatch.setattr(feed, "QUIET", 0.1)
    name = shared.add(Role.OPERATOR)
    cookie = shared.browser(name).cookies["minshan_session"]
    with (
        shared.client(headers={"cookie": f"minshan_session={cookie}"}) as client,
        client.stream("GET", "/live") as response,
    ):
        listener = Listener(response)
        until(lambda: "event: quiet" in listener.lines)
        shared.accounts.end("user", name, 1)
        assert listener.over.wait(10)
        assert "event: ended" in listener.lines


def test_who_reads_too_slowly_is_told_to_read_anew() -> None:
    """Nothing piles up for a listener that does not read: it is let go, and a page that comes again is whole."""

    async def slow() -> None:
        async def newest(_station: str) -> bytes:
            return b"{}"

        async def sees() -> Callable[[str], bool]:
            return lambda _station: True

        made = feed.Feed(newest)
        made.start()
        stream = made.listen("somebody", sees, None)
        await anext(stream)
        for number in range(feed.MOST_BEHIND + 1):
            made.notify(f"s{number}")
        while made.position.rpartition("-")[2] != str(feed.MOST_BEHIND + 1):
            await asyncio.sleep(0.01)
        assert [lines async for lines in stream] == [feed.RESYNC]
        assert made.listeners == 0

    asyncio.run(slow())


@pytest.mark.parametrize(("behind", "is_known"), [(3, True), (4, False)])
def test_what_was_missed_is_told_to_whom_it_concerns_as_far_back_as_is_remembered(
    monkeypatch: pytest.MonkeyPatch, behind: int, is_known: bool
) -> None:
    """A grower who comes back hears of the own station alone, and beyond the oldest event is told to read anew."""
    monkeypatch.setattr(feed, "REMEMBERED", 3)
    monkeypatch.setattr(feed, "PAUSE", 0.0)

    async def missed() -> list[bytes]:
        async def newest(station: str) -> bytes:
            return station.encode()

        async def sees() -> Callable[[str], bool]:
            return lambda station: station == MINE

        made = feed.Feed(newest)
        made.start()
        for number in range(1, 7):
            made.notify(MINE if number % 2 else FOREIGN)
            while not made.position.endswith(f"-{number}"):
                await asyncio.sleep(0.001)
        life = made.position.partition("-")[0]
        stream = made.listen("grower", sees, f"{life}-{6 - behind}")
        found = [await anext(stream)]
        made.end()
        return found + [lines async for lines in stream]

    found = asyncio.run(missed())
    assert (found[0] != feed.RESYNC) is is_known
    told = [lines.split(b"data: ")[1].strip().decode() for lines in found[1:] if b"event: now" in lines]
    assert told == ([MINE] if is_known else [])


def test_one_account_cannot_take_all_streams(shared: Office) -> None:
    """The ninth stream of one account is refused with a word; another account's first is served."""
    token = shared.token(Role.OPERATOR)
    with shared.client(token) as client:
        open_ones = [client.stream("GET", "/live") for _ in range(feed.MOST_LISTENERS)]
        for stream in open_ones:
            assert stream.__enter__().status_code == 200
        assert client.get("/live").status_code == 429
        with listening(shared, shared.token(Role.OPERATOR)):
            pass
        for stream in open_ones:
            stream.__exit__(None, None, None)


def test_a_stream_that_is_closed_makes_room_for_another(shared: Office) -> None:
    """A browser that loads a page again and again is served each time, and leaves nothing behind."""
    token = shared.token(Role.OPERATOR)
    for _ in range(3 * feed.MOST_LISTENERS):
        with shared.client(token) as client, client.stream("GET", "/live") as response:
            assert next(response.iter_lines()).startswith("retry:")
        until(lambda: not shared.server.feed.listeners, 2.0)


def open_sockets() -> int:
    """Count this process's sockets; the database's files come as the server's threads do, and stay."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # it was closed meanwhile
            found += os.readlink(link).startswith("socket:")
    return found


def test_clients_that_are_cut_off_leave_nothing_behind(shared: Office) -> None:
    """Fifty phones lose their link in the middle of a stream, without a farewell: nothing of them stays open."""
    token = shared.token(Role.OPERATOR)
    asked = f"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    with shared.client(token) as client:
        client.get("/stations").raise_for_status()
    before = open_sockets()
    for begin in range(0, 50, feed.MOST_LISTENERS):
        phones = [socket.create_connection(("127.0.0.1", shared.server.port)) for _ in range(feed.MOST_LISTENERS)]
        for phone in phones:
            phone.sendall(asked)
            assert phone.recv(100).startswith(b"HTTP/1.1 200"), begin
            phone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            phone.close()
        until(lambda: not shared.server.feed.listeners)
    until(lambda: open_sockets() <= before)


def test_who_has_vanished_is_let_go() -> None:
    """A connection whose other end acknowledges nothing for a minute ends: the kernel is told so of each."""
    with listening_socket("127.0.0.1:0") as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == VANISHED_MS


def test_the_hub_ends_though_twenty_listen(shared: Office) -> None:
    """Stopping does not wait for browsers: each is told to read anew and let go."""
    clients = [shared.client(shared.token(Role.OPERATOR)) for _ in range(20)]
    streams = [client.stream("GET", "/live", timeout=60) for client in clients]
    listeners = [Listener(stream.__enter__()) for stream in streams]
    until(lambda: all(listener.lines for listener in listeners))
    shared.server.stop()
    assert all(listener.over.wait(5) for listener in listeners)
    assert all("event: resync" in listener.lines for listener in listeners)


def test_nobody_listens_without_a_login(shared: Office) -> None:
    """Without a token or session there is no stream."""
    with shared.client() as client:
        assert client.get("/live").status_code == 401
