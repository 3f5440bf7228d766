"""What an unexpected exception in the uplink's lane leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.clock import Clock
from edge.config.sections import BrokerSection
from edge.sim.clock import SimClock
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.destination import Way
from edge.uplink.uplink import Uplink
from edge.wire.session import Granted, Incoming, Session
from tests.kits.uplink_kit import BOOT, destination


class FailingLink:
    """A link that counts sent bytes and raises what no caller expects as soon as it is waited on."""

    def __init__(self) -> None:
        self.version, self.granted = 5, Granted()
        self.acks: dict[int, int] = {}
        self.incoming: list[Incoming] = []
        self.bytes_sent = self.pings = 0
        self.dropped = False

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Accept every message."""
        self.bytes_sent += len(payload)
        return 1

    def ack(self, message: Incoming) -> None:
        """Accept every acknowledgement."""

    def wait(self, until: float, wake: int | None = None) -> bool:
        """Fail."""
        raise RuntimeError("unexpected")

    def close(self) -> None:
        """Close."""
        self.dropped = True

    def drop(self) -> None:
        """Close."""
        self.dropped = True


def test_an_unexpected_exception_closes_the_connection(tmp_path: Path) -> None:
    """Until the supervisor restarts the lane, no link is left open, and the status says so; its bytes are counted."""
    link, clock = FailingLink(), SimClock()

    def connect(broker: BrokerSection, session: Session, clock: Clock, known: int | None) -> FailingLink:
        return link

    store = Store.open(tmp_path, epoch="e1", destinations=(PLATFORM,))
    there = destination(BrokerSection(url="mqtt://127.0.0.1:9"), way=Way(connect, seed=1))
    uplink = Uplink(there, store, clock, "e1", boot=BOOT, on_command=print, on_anchor=print)
    with pytest.raises(RuntimeError, match="unexpected"):
        uplink.run()
    store.close()
    assert link.dropped
    assert not uplink.snapshot.connected
    assert uplink.snapshot.bytes_sent == link.bytes_sent > 0
