"""What time a hub tells its stations: its machine's, and none at all while nobody keeps that right."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from edge.clock.anchors import Anchor
from edge.clock.clock import system_utc
from edge.clock.timekeeper import KernelTime, NotAllowedError
from edge.config.sections import BrokerSection
from edge.records.spans import Span
from edge.wire.contract import Hello, HelloAnswer, Topic, decode, encode, topic
from edge.wire.link import Link
from edge.wire.session import Granted, Incoming
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.receiver import Files, Receiver
from hub.told_time import SynchronisedTime, ToldTime, UncontradictedTime
from tests.kits.receiver_kit import UTC0


class Kernel(KernelTime):
    """A kernel whose clock is kept right, or not; or that this process may not ask."""

    def __init__(self, state: str) -> None:
        super().__init__()
        self._state = state

    def probe(self, boot: str, boottime: float) -> Anchor | None:
        """Answer as it should."""
        if self._state == "forbidden":
            raise NotAllowedError(1)
        return Anchor(boot, boottime, system_utc(), "ntp", 0.3) if self._state == "synchronised" else None


class Wire:
    """One connection that keeps what is said."""

    def __init__(self) -> None:
        self.granted, self.said = Granted(), list[bytes]()

    def publish(self, _to: str, payload: bytes) -> int:
        """Keep it."""
        self.said.append(payload)
        return 1

    def ack(self, _message: Incoming) -> None:
        """Let it go."""


@pytest.mark.parametrize(("state", "told"), [("synchronised", True), ("adrift", False), ("forbidden", False)])
def test_a_clock_that_nobody_keeps_right_is_told_to_no_station(tmp_path: Path, state: str, told: bool) -> None:
    """The answer to a hello has the time only where the machine's own is synchronised; all else in it stays true."""
    files = Files(tmp_path / "m.jsonl", tmp_path / "e.jsonl", tmp_path / "p")
    time = SynchronisedTime(Kernel(state))
    receiver = Receiver(BrokerSection(url="mqtt://127.0.0.1:9"), files, True, lambda _s, _r: None, told=time)
    hello = Hello(1, "s", "nonce", "e", [Span("e", 1, 1)], 2, [], 0, "ntp", "committed")
    wire = Wire()
    receiver.batch(cast(Link, wire), [Incoming(topic("s", Topic.HELLO), encode(hello), 1, 1, False)])
    (answer,) = (decode(payload, HelloAnswer) for payload in wire.said)
    assert (answer.nonce, answer.has) == ("nonce", [])
    assert abs(answer.utc - system_utc()) < 60_000_000 if told else answer.utc == 0
    assert answer.error == (0.3 if told else 0.0)
    receiver.close()


def test_that_no_time_is_told_is_one_line_and_so_is_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever looks at the log sees why stations get no time from this hub, once, however many of them ask."""
    url = f"sqlite://{tmp_path}/hub.db"
    DatabaseSink(opened(url)).close()
    clock = [0]
    told = UncontradictedTime(lambda: ToldTime(clock[0]), lambda: opened(url), system_utc, lambda: 0.0)
    with caplog.at_level("INFO", "minshan.hub"):
        for utc in (0, 0, UTC0, UTC0, 0, 0):
            clock[0] = utc
            assert told().utc == utc
    told.close()
    assert [(record.levelname, "not synchronised" in record.getMessage()) for record in caplog.records] == [
        ("WARNING", True),
        ("INFO", False),
        ("WARNING", True),
    ]
