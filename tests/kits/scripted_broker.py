"""A broker that behaves as badly as it is told to, with a receiver behind it that keeps what it takes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from edge.config.sections import BrokerSection
from edge.records.spans import Span, of
from edge.wire.contract import VERSION, Batch, Hello, HelloAnswer, Receipt, Topic, decode, encode, topic

UTC = 1_767_225_600_000_000  # microseconds; what it answers as its time
CONNECT, PUBLISH, SUBSCRIBE, PING = 0x10, 0x30, 0x80, 0xC0
SILENT, KICK = -1, -2  # in place of a reason code


@dataclass
class Manners:
    """How it behaves. `connack` and `puback` give a reason code, or SILENT, or KICK; `keeps`: takes what it acks."""

    connack: Callable[[], int] = lambda: 0
    puback: Callable[[int], int] = lambda number: 0
    ack: int = 0x40  # the kind of packet by which it acknowledges
    properties: bytes = b""  # of the CONNACK, MQTT 5
    keeps: bool = True
    kick_after: float | None = None  # s
    before: bytes = b""  # what it sends before the SUBACK
    first: bytes = b""  # and after it
    session: bool = False  # that is of a session, and forgotten at a clean start


@dataclass
class Scripted:
    """`arrived` counts each (epoch, seq, revision) that was kept; `manners` may be changed at any time."""

    manners: Manners = field(default_factory=Manners)
    arrived: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    acked: int = 0
    connections: int = 0

    def __post_init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._published = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def section(self, **more: object) -> BrokerSection:
        """Return its section of a station's file."""
        port = self._server.getsockname()[1]
        return BrokerSection.model_validate({"url": f"mqtt://127.0.0.1:{port}", "proof": "committed", **more})

    def close(self) -> None:
        """Take no more connections."""
        self._server.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._server.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        began = time.monotonic()
        newest = True
        with sock, contextlib.suppress(OSError, ValueError):
            for kind, flags, body in packets(sock):
                manners = self.manners
                if manners.kick_after is not None and time.monotonic() - began > manners.kick_after:
                    return
                if kind == CONNECT:
                    newest = body[6] == 5
                    if manners.session and body[7] & 0x02:
                        manners.first = b""
                    if not self._connack(sock, manners, newest):
                        return
                elif kind == SUBSCRIBE:
                    suback = packet(0x90, body[:2] + (b"\x00" if newest else b"") + b"\x01" * 4)
                    sock.sendall(manners.before + suback + manners.first)
                elif kind == PUBLISH and flags & 0x06 and not self._take(sock, manners, newest, body):
                    return
                elif kind == PING:
                    sock.sendall(packet(0xD0, b""))

    def _connack(self, sock: socket.socket, manners: Manners, newest: bool) -> bool:
        code = manners.connack()
        if code == SILENT:
            return True
        old = 0 if code == 0 else 5
        extra = bytes([len(manners.properties)]) + manners.properties if newest else b""
        sock.sendall(packet(0x20, bytes([0, code if newest else old]) + extra))
        return code == 0

    def _take(self, sock: socket.socket, manners: Manners, newest: bool, body: bytes) -> bool:
        """Handle a message at QoS 1. Return False where the connection is to be broken."""
        end = 2 + int.from_bytes(body[:2])
        name, mid, payload = body[2:end].decode(), body[end : end + 2], body[end + 2 :]
        if newest:
            payload = payload[1 + payload[0] :]
        self._published += 1
        code = manners.puback(self._published)
        if code == KICK:
            return False
        if code == SILENT:
            return True
        sock.sendall(packet(manners.ack, mid + (bytes([code, 0]) if newest and code else b"")))
        if code < 0x80 and code != 0x10:
            self.acked += 1
            if manners.keeps:
                self._keep(sock, name, payload, newest)
        return True

    def _keep(self, sock: socket.socket, name: str, payload: bytes, newest: bool) -> None:
        """Play the receiver's side: keep, give receipts, answer hellos."""
        _, _, station, channel = name.split("/")
        reply: tuple[Topic, bytes] | None = None
        if channel in (Topic.LIVE, Topic.BACKFILL):
            records = decode(payload, Batch).records
            self.arrived.update((r.epoch, r.seq, r.revision) for r in records)
            reply = Topic.RECEIPT, encode(Receipt(VERSION, "ledger", 1, of(records)))
        elif channel == Topic.HELLO:
            has = [Span(epoch, seq, seq) for epoch, seq, _ in self.arrived]
            reply = Topic.ANSWER, encode(HelloAnswer(VERSION, decode(payload, Hello).nonce, UTC, "ledger", 1, has))
        if reply is not None:
            sock.sendall(publish(topic(station, reply[0]), reply[1], newest))


def publish(name: str, payload: bytes, newest: bool, mid: int = 7) -> bytes:
    """Return a PUBLISH packet at QoS 1."""
    head = len(name).to_bytes(2) + name.encode() + mid.to_bytes(2) + (b"\x00" if newest else b"")
    return packet(0x32, head + payload)


def packet(first: int, body: bytes) -> bytes:
    """Return a packet with its length."""
    length, left = b"", len(body)
    while True:
        left, low = divmod(left, 128)
        length += bytes([low | (0x80 if left else 0)])
        if not left:
            return bytes([first]) + length + body


def packets(sock: socket.socket) -> Iterator[tuple[int, int, bytes]]:
    """Yield the packets that arrive: kind, flags, body."""
    file = sock.makefile("rb")
    while first := file.read(1):
        length, shift = 0, 0
        while True:
            byte = file.read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        yield first[0] & 0xF0, first[0] & 0x0F, file.read(length)
