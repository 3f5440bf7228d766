"""A weak mobile link between a station and its broker: so many bytes a second each way, and each takes its time."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from queue import SimpleQueue

from tests.kits.proxy import Proxy

PIECE = 500  # bytes
LATE = (
    0.25  # s by which a busy machine may come back to a link that has something to carry, at the full rate all the same
)
BUFFER = 4096  # bytes that the kernel may hold at each end: what is on its way waits with the sender


class ThinLink(Proxy):
    """`rate`: bytes a second each way; `delay`: seconds that each of them takes."""

    def __init__(self, port_behind: int, rate: float, delay: float) -> None:
        self._rate, self._delay = rate, delay
        super().__init__(port_behind)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        source.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        on_its_way = SimpleQueue[tuple[float, bytes]]()
        threading.Thread(target=self._arrive, args=(on_its_way, target), daemon=True).start()
        free_at = time.monotonic()
        while data := source.recv(PIECE):
            free_at = max(free_at, time.monotonic() - LATE) + len(data) / self._rate
            on_its_way.put((free_at + self._delay, data))
            time.sleep(max(0.0, free_at - time.monotonic()))
        on_its_way.put((time.monotonic() + self._delay, b""))

    @staticmethod
    def _arrive(on_its_way: SimpleQueue[tuple[float, bytes]], target: socket.socket) -> None:
        with suppress(OSError):  # its end has gone
            while True:
                at, data = on_its_way.get()
                time.sleep(max(0.0, at - time.monotonic()))
                if not data:
                    return
                target.sendall(data)
