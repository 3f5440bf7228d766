"""Listeners to the stream that read nothing, or a byte now and then, beside one that reads as a browser does."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from edge.page import feed
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from tests.kits.broker import until
from tests.kits.office import MINE, Office, office
from tests.kits.sink_kit import delivery, row

READERS, EVENTS = feed.MOST_LISTENERS, 3 * feed.MOST_BEHIND
CHANNELS = {f"air_temperature.sensor-{number:0>100}": 1.5 for number in range(250)}


def slow_reader(shared: Office, token: str) -> socket.socket:
    """Return a connection on which the stream has begun, with as little room for it as the kernel gives."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    made.settimeout(60)
    made.connect(("127.0.0.1", shared.server.port))
    made.sendall(f"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    assert made.recv(12) == b"HTTP/1.1 200"
    return made


def resident() -> int:
    """Return how much memory this process has, in which the server runs too."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def is_let_go(reader: socket.socket) -> bool:
    """Return whether the stream ends with the word to read anew; the kernel ends one that took nothing for a minute."""
    found = b""
    try:
        while part := reader.recv(1 << 20):
            found = found[-1000:] + part
    except ConnectionResetError:
        return True
    return feed.RESYNC.strip() in found


@pytest.mark.slow  # megabytes over real sockets
def test_who_reads_slowly_holds_up_nobody_and_nothing_piles_up_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight connections that take a byte or nothing while megabytes of minutes come: a browser has each at once, the
    server keeps a small part of what they did not take, and whoever reads on is told to read anew."""
    monkeypatch.setattr(feed, "PAUSE", 0.0)
    with office(tmp_path) as shared:
        sink = DatabaseSink(opened(shared.database))
        sink.commit(delivery(row(1, {"values": CHANNELS, "quality": dict.fromkeys(CHANNELS, 1)}, station=MINE)))
        sink.close()
        token = shared.token(Role.OPERATOR)
        readers = [slow_reader(shared, token) for _ in range(READERS)]
        with (
            shared.client(shared.token(Role.OPERATOR)) as client,
            client.stream("GET", "/live", timeout=60) as stream,
        ):
            lines = stream.iter_lines()
            next(lines)
            size, before = 0, resident()
            for _ in range(EVENTS):
                shared.server.feed.notify(MINE)
                said = next(line for line in lines if line.startswith('data: {"station"'))
                assert json.loads(said[6:])["station"] == MINE
                size += len(said)
                for reader in readers[::2]:
                    reader.recv(1)
            grown = resident() - before
        assert size > 10_000_000
        assert grown < READERS / 2 * size, "what all are sent is kept once, and not for each who does not take it"
        for reader in readers:
            assert is_let_go(reader)
            reader.close()
        until(lambda: not shared.server.feed.listeners)
