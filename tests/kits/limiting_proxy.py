"""Between a station and its broker: at a PUBLISH that is larger than so many bytes it does what such brokers do."""

from __future__ import annotations

import socket

from tests.kits.proxy import Proxy
from tests.kits.scripted_broker import PUBLISH, packet, packets


class LimitingProxy(Proxy):
    """`largest`: bytes of a packet's body that pass; `deed`: "reset" the connection at a larger one, "drop" it, or
    "acknowledge" and drop it.

    `ends` counts the connections that ended for that, `dropped` the messages, `passed` has the sizes of what passed;
    `cut_after` PUBLISHes of any size the connection ends.
    """

    def __init__(self, port_behind: int, largest: int, deed: str = "reset", cut_after: int | None = None) -> None:
        self.largest, self.deed, self.cut_after = largest, deed, cut_after
        self.ends = self.dropped = 0
        self.passed: list[int] = []
        super().__init__(port_behind)

    def up(self, near: socket.socket, far: socket.socket) -> None:
        """Carry what the station sends packet by packet, but the PUBLISHes that are too large."""
        count = 0
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
                return
            if self.cut_after is not None and count > self.cut_after:
                return
            if kind == PUBLISH:
                self.passed.append(len(body))
            far.sendall(packet(kind | flags, body))
