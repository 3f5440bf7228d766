"""The station's local socket: whatever a caller sends, the next one is served."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.clock import Lane
from edge.budget.budget import Budget, Terms
from edge.clock.clock import SystemClock
from edge.control import commands, frames
from edge.control.arguments import LONGEST_TEXT, NoArguments
from edge.control.client import AskError, Client, ask
from edge.control.commands import (
    KNOWN,
    CommandEntry,
    Commands,
    Outcome,
    Permission,
    Principal,
    Request,
)
from edge.control.local_socket import MOST_CALLERS, Control
from edge.recorder.maintenance import Maintenance
from edge.store.store import Store
from tests.kits.broker import until
from tests.kits.hostile import Mutations
from tests.kits.store_kit import memory_folder


def answer_later(parts: Any, arguments: Any, request: Request) -> None:
    """Accept at once; the end is told by another thread, as a picture's is."""
    request.tell(Outcome("accepted"))
    threading.Timer(0.5, lambda: request.tell(Outcome("done", data={"later": True}))).start()


def answer_much(parts: Any, arguments: Any, request: Request) -> Outcome:
    """Give many bytes."""
    return Outcome("done", data={"much": True}, content=CONTENT)


def answer_never(parts: Any, arguments: Any, request: Request) -> None:
    """Accept, and never tell of an end."""
    request.tell(Outcome("accepted"))


CONTENT = bytes(range(256)) * 20_000
SLOW = (
    CommandEntry("later", NoArguments, Permission.READ, answer_later),
    CommandEntry("never", NoArguments, Permission.READ, answer_never),
    CommandEntry("much", NoArguments, Permission.READ, answer_much),
)


class Socket:
    """A served socket, without the rest of a station."""

    def __init__(self, folder: Path, kept: Store) -> None:
        self.clock = SystemClock()
        self.path = folder / "minshan.sock"
        self.inbox = self.clock.inbox(10_000)
        parts: Any = SimpleNamespace(uplink=None, pictures=None, inbox=self.inbox, clock=self.clock, kept=kept)
        parts.budget = Budget(Terms(), self.clock, lambda: None)
        self.control = Control(self.path, self.clock, Commands(parts, (*KNOWN, *SLOW)))
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


@pytest.fixture(scope="module", name="kept")
def storing() -> Iterator[Store]:
    """Give a store, which remembers who gave which command."""
    with memory_folder() as folder:
        store = Store.open(folder, epoch="a", destinations=())
        yield store
        store.close()


@pytest.fixture(name="served")
def serving(tmp_path: Path, kept: Store) -> Iterator[Socket]:
    """Give a socket that is served until the test's end."""
    served = Socket(tmp_path, kept)
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
    assert list(served.ask(line)) == ["error", "why"]
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


@pytest.mark.parametrize("question", [{"text": "\ud800"}, {"\udc80": 1}])
def test_half_a_character_is_not_called_silence(served: Socket, question: dict[str, Any]) -> None:
    """Python makes them of bytes that are no characters; no frame can have them, and the station is well."""
    with Client(served.path) as client:
        with pytest.raises(AskError, match="not UTF-8"):
            client.ask("maintenance", seconds=60, **question)
        assert client.ask("maintenance", seconds=60) == {"maintenance_s": 60}


@pytest.mark.parametrize("away", [Path.unlink, lambda path: path.rename(path.with_name("elsewhere"))])
def test_a_socket_that_was_deleted_or_moved_is_made_again(served: Socket, away: Callable[[Path], None]) -> None:
    """Whoever clears the folder up does not make the station deaf; who was being served goes on being served."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.connect(str(served.path))
        away(served.path)
        caller.sendall(b'{"ask":"maintenance","seconds":60}\n')
        until(served.path.exists)
        assert json.loads(caller.recv(65536)) == {"maintenance_s": 60}
    assert served.ask(b'{"ask":"maintenance","seconds":60}\n') == {"maintenance_s": 60}


def test_slow_and_silent_callers_keep_nobody_waiting(served: Socket) -> None:
    """While some drip bytes, say nothing or take no answer, all others are served; the slow lose their place."""
    slow = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(MOST_CALLERS - 1)]
    for caller in slow:
        caller.connect(str(served.path))
        caller.sendall(b" ")
    slow[0].sendall(frames.packed({"ask": "much"}))
    for seconds in range(20):
        assert served.ask(b'{"ask":"maintenance","seconds":%d}\n' % seconds) == {"maintenance_s": seconds}
    for caller in slow:
        caller.settimeout(10)
        data = b"x"
        while data:
            data = caller.recv(65536)
        caller.close()


def test_more_callers_than_there_is_room_for_take_the_place_of_the_oldest(served: Socket) -> None:
    """A crowd of callers that say nothing keeps no honest one out."""
    crowd = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(3 * MOST_CALLERS)]
    for caller in crowd:
        caller.connect(str(served.path))
    assert served.ask(b'{"ask":"maintenance","seconds":60}\n') == {"maintenance_s": 60}
    for caller in crowd:
        caller.close()


def test_one_that_waits_for_a_later_answer_keeps_nobody_waiting(served: Socket) -> None:
    """A picture may take its time: meanwhile others are answered, and the end comes to whoever asked."""
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(ask(served.path, "later")))
    waiting.start()
    until(lambda: threading.active_count() > 2)
    assert ask(served.path, "maintenance", seconds=5) == {"maintenance_s": 5}
    waiting.join(10)
    assert answers == [{"later": True}]
    assert served.ask(b'{"ask":"later"}\n') == {"later": True}


def test_one_that_goes_while_it_waits_leaves_nothing_behind(served: Socket) -> None:
    """Its place is free at once, and what it asked for is done though it takes no answer."""
    for question in (b'{"ask":"never"}\n', frames.packed({"ask": "never"})):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.connect(str(served.path))
            caller.sendall(question)
            until(lambda: len(served.control._callers) == 1)
        until(lambda: not served.control._callers)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.connect(str(served.path))
        caller.sendall(b'{"ask":"maintenance","seconds":60}\n')
    until(lambda: len(served.inbox) == 1)


def test_who_subscribes_gets_the_status_again_and_again(served: Socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snapshots come by themselves, and one that takes none of them loses its place."""
    counted = count(1)
    monkeypatch.setattr(commands, "plain_status", lambda parts: {"n": next(counted), "much": "x" * 100_000})
    with Client(served.path) as client, Client(served.path) as lazy:
        lazy._send({"ask": "subscribe", "every_s": 0.01})
        numbers = [answer["n"] for answer in islice(client.statuses(0.2), 4)]
        assert numbers == sorted(set(numbers))
        until(lambda: len(served.control._callers) == 1)


def test_bytes_come_whole_and_questions_may_follow_each_other(served: Socket) -> None:
    """One connection asks again and again, between bytes and refusals."""
    with Client(served.path) as client:
        for _ in range(3):
            assert client._asked("much", {}) == ({"much": True}, CONTENT)
            with pytest.raises(AskError, match='There is no command "nothing"'):
                client.ask("nothing")
            assert client.ask("maintenance", seconds=7.5) == {"maintenance_s": 7.5}


def test_junk_in_frames_is_answered_in_a_frame(served: Socket) -> None:
    """A frame that is too long, of another kind or no JSON ends that connection alone."""
    head = frames.HEAD.pack
    for junk in (head(2, 3) + b"abc", head(1, 2**32 - 1), head(1, 3) + b"abc", head(1, 0)):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(10)
            caller.connect(str(served.path))
            caller.sendall(junk)
            data = bytearray()
            while piece := caller.recv(65536):
                data += piece
        found = frames.take(data, 10_000)
        assert found is not None
        assert frames.message(found[1])["why"]["code"] == "not_a_line"
    assert ask(served.path, "maintenance", seconds=5) == {"maintenance_s": 5}


@settings(max_examples=50, deadline=None)
@given(text=st.text(max_size=3000))
def test_the_reason_of_a_maintenance_is_short(kept: Store, text: str) -> None:
    """Whatever is said about the work, no more than a line of it goes into each minute."""
    clock = SystemClock()
    inbox = clock.inbox(1)
    parts: Any = SimpleNamespace(uplink=None, inbox=inbox, clock=clock, kept=kept)
    parts.budget = Budget(Terms(), clock, lambda: None)
    told: list[Outcome] = []
    request = Request("x", Principal("socket", "uid 0"), told.append)
    Commands(parts, KNOWN).run("maintenance", {"seconds": 60, "text": text}, request)
    if told[0].state == "failed":
        assert len(text) > 2000
        return
    work = inbox.get(clock.now())
    assert isinstance(work, Maintenance)
    assert 0 < len(str(work.what)) <= LONGEST_TEXT
    assert "\n" not in str(work.what)
