"""Clients that connect and then say nothing, or not all, more of them than a web server has places for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from edge.clock.clock import SystemClock
from edge.page.server import PageServer
from tests.kits.broker import Broker, free_port, until
from tests.kits.hub_process import Hub

HEAD = b"POST /api/v1/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 90\r\n"
PARTS = pytest.mark.parametrize("part", [b"", HEAD, HEAD + b"\r\n{"], ids=["nothing", "half a head", "half a body"])
AT_HUB, AT_STATION = 850, 400  # connections: more than each gives room to; this test's process has files for no more


@contextmanager
def silent(port: int, number: int, part: bytes) -> Iterator[None]:
    """Hold so many connections that have sent this much of a request."""
    with ExitStack() as held:
        for _ in range(number):
            link = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            link.sendall(part)
        yield


def is_answered(port: int, path: str) -> bool:
    """Return whether a server answers, and is not too busy."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=20).status_code != 503
    except httpx.TransportError:
        return False


@PARTS
def test_a_hub_is_open_to_people_however_many_connections_say_nothing(
    tmp_path: Path, broker: Broker, part: bytes
) -> None:
    """Each newcomer takes the place of who has kept the hub waiting longest."""
    hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db", http=free_port()).start()
    try:
        until(lambda: is_answered(hub.http, "/api/v1/health"), 60)
        with silent(hub.http, AT_HUB, part):
            assert all(is_answered(hub.http, "/api/v1/health") for _ in range(20))
    finally:
        hub.end()


@PARTS
def test_a_stations_page_is_open_however_many_phones_have_left_without_a_word(tmp_path: Path, part: bytes) -> None:
    """A browser opens connections in advance, and a phone out of reach closes none."""
    server = PageServer(f"127.0.0.1:{free_port()}", tmp_path / "none.sock", SystemClock(), frozenset({"127.0.0.1"}))
    port = int(server.url.rpartition(":")[2])
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        until(lambda: is_answered(port, "/static/none"), 20)
        with silent(port, AT_STATION, part):
            assert all(is_answered(port, "/static/none") for _ in range(20))
    finally:
        server.stop()
        serving.join(20)
