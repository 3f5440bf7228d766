"""What kept us from a broker is told by its cause."""

from __future__ import annotations

import socket
import struct
import threading

import pytest

from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.wire.errors import LinkError
from edge.wire.mqtt_link import connect
from edge.wire.session import Session


@pytest.mark.parametrize("linger", [struct.pack("ii", 1, 0), struct.pack("ii", 0, 0)])
def test_a_port_without_tls_that_resets_is_told_as_such(linger: bytes) -> None:
    """A broker that knows no TLS may reset or close what begins with it: the sentence says which word to change."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reset() -> None:
            connection, _ = server.accept()
            connection.recv(4096)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            connection.close()

        thread = threading.Thread(target=reset)
        thread.start()
        broker = BrokerSection(url=f"mqtts://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(LinkError) as told:
            connect(broker, Session("box", ()), SystemClock())
        thread.join()
    assert told.value.reason.code == "no_tls_there"
