"""Between a station and its broker: at a PUBLISH that is larger than so many bytes it does what such brokers do."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

from tests.kits.scripted_broker import PUBLISH, packet, packets


@dataclass
class LimitingProxy:
    """`largest`: bytes of a packet's body that pass; `deed`: "reset" the connection at a larger one, "drop" it, or
    "acknowledge" and drop it.

    `ends` counts the connections that ended for that, `dropped` the messages; `cut_after` PUBLISHes any size ends it.
    """

    port_behind: int
    largest: int
    deed: str = "reset"
    cut_after: int | None = None
    ends: int = 0
    dropped: int = 0
    passed: list[int] = field(default_factory=list)  # the sizes of what passed

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self.port_behind))
                threading.Thread(target=self._down, args=(far, near), daemon=True).start()
                threading.Thread(target=self._up, args=(near, far), daemon=True).start()

    def _up(self, near: socket.socket, far: socket.socket) -> None:
        count = 0
        with suppress(OSError, IndexError):
            for kind, flags, body in packets(near):
                count += kind == PUBLISH
                if kind == PUBLISH and len(body) > self.largest:
                    if self.deed != "reset":
                        self.dropped += 1
                        if self.deed == "acknowledge":  # as MQTT 3.1.1 has it: without a code
                            name = int.from_bytes(body[:2])
                            near.sendall(packet(0x40, body[2 + name : 4 + name]))
                        continue
                    self.ends += 1
                    break
                if self.cut_after is not None and count > self.cut_after:
                    break
                if kind == PUBLISH:
                    self.passed.append(len(body))
                far.sendall(packet(kind | flags, body))
        _end(near, far)

    def _down(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                near.sendall(data)
        _end(near, far)


def _end(*both: socket.socket) -> None:
    for one in both:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
