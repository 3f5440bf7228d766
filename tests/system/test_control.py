"""The station's local socket: whatever a caller sends, the next one is served."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.clock import Lane
from edge.clock.clock import SystemClock
from edge.control.local_socket import LONGEST_TEXT, PATIENCE, Control
from edge.recorder.recorder import Maintenance
from tests.kits.broker import until
from tests.kits.hostile import Mutations


class Socket:
    """A served socket, without the rest of a station."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        self.path = folder / "minshan.sock"
        self.inbox = self.clock.inbox(10_000)
        parts: Any = SimpleNamespace(uplink=None)
        self.control = Control(self.path, self.clock, parts, self.inbox)
        self.lane: Lane = self.clock.lane("control", self.control.run)
        until(self.path.exists)

    def ask(self, line: bytes) -> Any:
        """Return the answer to a line."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(10)
            caller.connect(str(self.path))
            caller.sendall(line)
            caller.shutdown(socket.SHUT_WR)
            data = b""
            while piece := caller.recv(65536):
                data += piece
        return json.loads(data)


@pytest.fixture(name="served")
def serving(tmp_path: Path) -> Iterator[Socket]:
    """Give a socket that is served until the test's end."""
    served = Socket(tmp_path)
    yield served
    served.lane.stop()
    assert served.lane.join(5), "the lane is not there any more, or does not end"


JUNK = (
    b"",
    b"\n",
    b"\xff\xfe\n",
    b"[" * 60_000 + b"\n",
    b'{"ask":' * 9000 + b"\n",
    b'{"ask":"status"',
    b"\x00" * 100,
    b'{"ask":' + b"[" * 500 + b"]" * 500 + b"}\n",
    b'{"ask":"maintenance","seconds":1e400}\n',
    b"{" * 65_536,
    b'{"ask":"maintenance","seconds":' + b"9" * 4000 + b"}\n",
    b'{"ask":"maintenance","seconds":true}\n',
    b'{"ask":"maintenance","seconds":null,"text":"\\ud800"}\n',
    b'{"ask":"accept-ledger"}\n',
    b'{"ask":"status"}\n',
)


@pytest.mark.parametrize("line", JUNK, ids=range(len(JUNK)))
def test_junk_is_answered_with_a_sentence(served: Socket, line: bytes) -> None:
    """No line that is none ends the lane: each is answered by what is wrong with it, and the next caller is served."""
    assert list(served.ask(line)) == ["error"]
    assert served.ask(b'{"ask":"maintenance","seconds":60}\n') == {"maintenance_s": 60}


def test_hundreds_of_changed_questions_end_nothing(served: Socket) -> None:
    """Changed questions of all kinds, and then an honest one."""
    mutations, draw = Mutations(11), random.Random(11)
    asks = ({"ask": "status"}, {"ask": "maintenance", "seconds": 60, "text": "x"}, {"ask": "accept-ledger"})
    for _ in range(300):
        payload = mutations.of(draw.choice(asks))
        if len(payload) < 60_000:
            served.ask(payload.replace(b"\n", b" ") + b"\n")
    assert served.ask(b'{"ask":"maintenance","seconds":60}\n') == {"maintenance_s": 60}


def test_a_slow_caller_keeps_the_others_waiting_for_one_deadline_only(served: Socket) -> None:
    """A byte now and then does not hold the socket: the whole call has one deadline."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as slow:
        slow.connect(str(served.path))
        ended = threading.Event()

        def drip() -> None:
            try:
                while not ended.wait(PATIENCE / 4):
                    slow.send(b" ")
            except OSError:
                ended.set()

        threading.Thread(target=drip, daemon=True).start()
        time.sleep(0.1)
        assert served.ask(b'{"ask":"maintenance","seconds":60}\n') == {"maintenance_s": 60}
        until(ended.is_set)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=1000))
def test_the_reason_of_a_maintenance_is_short(text: str) -> None:
    """Whatever is said about the work, no more than a line of it goes into each minute."""
    clock = SystemClock()
    inbox = clock.inbox(1)
    parts: Any = SimpleNamespace(uplink=None)
    control = Control(Path("none"), clock, parts, inbox)
    line = json.dumps({"ask": "maintenance", "seconds": 60, "text": text * 100})
    answer = control.answer(line.encode())
    if "error" in answer:
        return
    work = inbox.get(clock.now())
    assert isinstance(work, Maintenance)
    assert 0 < len(work.text) <= LONGEST_TEXT
    assert "\n" not in work.text
