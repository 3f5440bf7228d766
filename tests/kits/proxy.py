"""A proxy between a station and its broker: each test's own passes on what it likes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

Way = Callable[[socket.socket, socket.socket], None]


class Proxy:
    """Carries the bytes of each connection to the port behind it, each direction on a thread of its own."""

    def __init__(self, port_behind: int) -> None:
        self._port_behind = port_behind
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    def up(self, near: socket.socket, far: socket.socket) -> None:
        """Carry what the station sends, until it ends or is to end."""
        self._carry(near, far)

    def down(self, far: socket.socket, near: socket.socket) -> None:
        """Carry what the broker sends, until it ends or is to end."""
        self._carry(far, near)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        while data := source.recv(65536):
            target.sendall(data)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._port_behind))
                for way, ends in ((self.up, (near, far)), (self.down, (far, near))):
                    threading.Thread(target=self._run, args=(way, *ends), daemon=True).start()

    def _run(self, way: Way, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError, IndexError):
            way(source, target)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
