"""Limit what a broker sends before paho collects it: a packet that is too large is skipped, not stored.

An MQTT 5 broker is told the largest packet that we accept (Maximum Packet Size); MQTT 3.1.1 has no such limit, and a
faulty broker ignores it. A packet is skipped by reading it to its end and keeping only its topic and packet identifier,
so that it can be acknowledged: if the connection were closed instead, it would be redelivered for ever.
"""

from __future__ import annotations

from typing import Any

import paho.mqtt.client as mqtt

from drivers.reason import Reason
from edge.wire.contract import LARGEST_PACKET
from edge.wire.session import Incoming

READ = 64 * 1024  # bytes read at once
LONGEST_LENGTH = 4  # bytes of a packet's length (MQTT 5, 1.5.5)
PUBLISH = 0x30
PINGREQ = b"\xc0"  # MQTT 5, 3.12
# Kinds of packets that a server sends to whom QoS 1 is enough: CONNACK, PUBLISH, PUBACK, SUBACK, UNSUBACK, PINGRESP,
# DISCONNECT. paho takes a PUBCOMP, of QoS 2, for a PUBACK.
SENT = (0x20, PUBLISH, 0x40, 0x90, 0xB0, 0xD0, 0xE0)
NO_MQTT = Reason("no_mqtt", "it does not speak MQTT")
NOT_ASKED_FOR = Reason("packet_not_asked_for", "it sent an unexpected packet")
KEPT = 2 + 65535 + 2  # bytes of a packet's beginning: the longest topic and the packet identifier after it


class Inflow:
    """A socket whose `recv` passes on packets of at most `most` bytes; larger ones are skipped and put into `oversize`.

    `wrong`: why the stream is invalid; after that the connection counts as broken.
    """

    def __init__(self, sock: Any, oversize: list[Incoming], most: int = LARGEST_PACKET) -> None:
        self.wrong: Reason | None = None
        self.pings = 0  # PINGREQ packets sent
        self._sock, self._oversize = sock, oversize
        self._most = most
        self._fixed = bytearray()  # the fixed header of the current packet
        self._left = 0  # bytes of the current packet still to come
        self._size = 0  # size of a skipped packet
        self._skipped: bytearray | None = None  # its beginning; None: the current packet is passed on
        self._out = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def send(self, data: Any) -> Any:
        """Send as the socket does, and count PINGREQs; paho sends one packet at a time."""
        sent = self._sock.send(data)
        self.pings += bytes(data[:1]) == PINGREQ
        return sent

    def recv(self, size: int) -> bytes:
        """Receive as a non-blocking socket does. Raise ConnectionError after an invalid packet."""
        if not self._out and self.wrong is None:
            data = self._sock.recv(READ)
            if not data:
                return b""
            self._split(data)
        if self._out:
            given = bytes(self._out[:size])
            del self._out[:size]
            return given
        if self.wrong is not None:
            raise ConnectionError(str(self.wrong))
        raise BlockingIOError

    def pending(self) -> int:
        """Return the number of bytes that `recv` can return without reading the socket, plus one if it is to raise."""
        below = getattr(self._sock, "pending", None)
        return len(self._out) + (0 if below is None else below()) + (self.wrong is not None)

    def _split(self, data: bytes) -> None:
        at = 0
        while at < len(data) and self.wrong is None:
            if not self._left:
                self._fixed.append(data[at])
                at += 1
                self._begin()
                continue
            piece = data[at : at + self._left]
            at += len(piece)
            self._left -= len(piece)
            if self._skipped is None:
                self._out += piece
                continue
            self._skipped += piece[: KEPT - len(self._skipped)]
            if not self._left:
                self._end_skipped()

    def _begin(self) -> None:
        """Begin a packet if its fixed header is complete."""
        length = self._fixed[1:]
        if not length or length[-1] & 0x80:
            if len(length) == LONGEST_LENGTH:
                self.wrong = NO_MQTT
            return
        self._left = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(length))
        self._size = self._left + len(self._fixed)
        kind = self._fixed[0] & 0xF0
        is_larger = self._size > self._most
        if kind not in SENT or (self._fixed[0] & 0x06 > 0x02 if kind == PUBLISH else is_larger):
            self.wrong = NOT_ASKED_FOR
        elif is_larger:
            self._skipped = bytearray()
            return  # the header is kept until the packet's end
        else:
            self._out += self._fixed
        self._fixed.clear()

    def _end_skipped(self) -> None:
        head, first = bytes(self._skipped or b""), self._fixed[0]
        end = 2 + int.from_bytes(head[:2])
        qos = (first & 0x06) >> 1
        mid = int.from_bytes(head[end : end + 2]) if qos else 0
        why = Reason(
            "packet_passed_over",
            "{bytes} bytes exceed the limit of {most}",
            bytes=self._size,
            most=self._most,
        )
        topic = head[2:end].decode(errors="replace")
        self._oversize.append(Incoming(topic, head[end : end + 1024], mid, qos, bool(first & 1), why))
        self._skipped = None
        self._fixed.clear()


class InflowClient(mqtt.Client):
    """paho's client, reading through an `Inflow`; skipped packets are put into `oversize`."""

    inflow: Inflow | None = None
    oversize: list[Incoming]

    def _create_socket(self) -> Any:
        self.inflow = Inflow(super()._create_socket(), self.oversize)
        return self.inflow
