"""The bytes that the budget reckons are those that go through TLS, and a topic's number stands for its name."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from pathlib import Path

from edge.budget import reckoning
from edge.clock.clock import SystemClock
from edge.config.forward import HttpJson
from edge.forward.batch import BatchItem, ForwardBatch
from edge.forward.http_sender import HttpSender
from edge.northbound.verdict import DeliveryFate
from edge.wire.mqtt_link import MqttLink, connect
from edge.wire.session import Session
from tests.kits.broker import Broker, certificates, until
from tests.kits.http_platform import Platform
from tests.kits.uplink_kit import Listener

TOPIC = "minshan/2/orchard-1/live"
PACKETS = 12  # of a handshake and what is said first, at most: a TCP header each


class CountingProxy:
    """Passes bytes between a client and a broker, and counts them by their way: "up", "down"."""

    def __init__(self, port: int) -> None:
        self.bytes: Counter[str] = Counter()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._to = port
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        client, _ = self._server.accept()
        broker = socket.create_connection(("127.0.0.1", self._to))
        self._server.close()
        for source, sink, way in ((client, broker, "up"), (broker, client, "down")):
            threading.Thread(target=self._pass, args=(source, sink, way), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, way: str) -> None:
        with source, sink, contextlib.suppress(OSError):  # the other way may end first
            while data := source.recv(65536):
                self.bytes[way] += len(data)
                sink.sendall(data)


def sent(link: MqttLink, payload: bytes) -> int:
    """Publish and wait for the acknowledgement. Return the bytes of the packet."""
    clock, before = SystemClock(), link.bytes_sent
    mid = link.publish(TOPIC, payload)
    while mid not in link.acks:
        link.wait(clock.now() + 1.0)
    return link.bytes_sent - before


def test_a_message_costs_what_is_reckoned(tmp_path: Path) -> None:
    """Packet by packet through TLS 1.3 to a real broker, the topic by its name once and by a number from then on."""
    files = certificates(tmp_path, 30)
    broker = Broker(tmp_path, tls=files).start()
    proxy = CountingProxy(broker.port)
    section = broker.section(url=f"mqtts://127.0.0.1:{proxy.port}")
    listener = Listener(broker)
    link = connect(section, Session("minshan-orchard-1", ("minshan/1/orchard-1/answer",)))
    begun = sum(proxy.bytes.values()) + PACKETS * reckoning.TCP_IP
    assert begun < reckoning.CONNECTING, begun
    named = sent(link, b"{}")
    for size in (10, 100, 1000):
        proxy.bytes.clear()
        packet = sent(link, b"x" * size)
        assert packet - size == named - 2 - len(TOPIC)
        passed = sum(proxy.bytes.values())
        # A length takes one to four bytes and is reckoned as three, and a PUBACK may leave out its code.
        assert 0 <= reckoning.message(packet) - (passed + 3 * reckoning.TCP_IP) <= 3
    assert [(m.topic, len(m.payload)) for m in listener.take()] == [(TOPIC, size) for size in (2, 10, 100, 1000)]
    link.close()
    broker.stop()


def test_a_request_to_another_platform_costs_no_more_than_is_reckoned(tmp_path: Path) -> None:
    """A POST over a connection of its own, through TLS 1.3 to a real server: the bill is never too low by it."""
    platform = Platform(tmp_path / "platform", certificates(tmp_path, 30)).start()
    proxy = CountingProxy(platform.port)
    section = HttpJson(
        name="county", kind="http-json", url=f"https://127.0.0.1:{proxy.port}/", ca_file=str(tmp_path / "ca.crt")
    )
    sender = HttpSender(section, SystemClock(), lambda: None)
    lines = [b'{"station":"s","epoch":"e","seq":1,"revision":0,"note":"' + b"x" * 1500 + b'"}']
    batch = ForwardBatch("county", 1, [BatchItem("s", "e", 1, 0, None)], lines)
    assert sender.send(batch).fate is DeliveryFate.PROVEN
    until(lambda: platform.seqs() == [1])
    platform.end()
    passed = sum(proxy.bytes.values())
    assert passed + PACKETS * reckoning.TCP_IP <= sender.link_bytes < 2 * passed, (passed, sender.link_bytes)
