"""`minshan remote` and the hub's commands: whatever comes back, or does not, is told as what it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.clock.clock import system_utc
from edge.wire.contract import VERSION, Command, Result, Topic
from hub.command_lane import CommandLane
from hub.database.engine import opened
from hub.database.orders import Orders
from hub.database.sink import DatabaseSink
from hub.database.sqlite import SqliteEngine
from hub.rights import Account, Role
from tests.kits.broker import Broker, until
from tests.kits.command import Said, minshan
from tests.kits.postgres import Cluster
from tests.kits.uplink_kit import Box, Listener, make

DEAF = "topic read minshan/1/+/result\n"  # for whoever has no login: may send nothing to anybody
ROOT = Account("user", "root", Role.ADMIN, None)
Answers = Callable[[dict[str, Any]], list[bytes]]


def result(command: dict[str, Any], state: str, text: str = "", **data: Any) -> bytes:
    """Return a station's answer to a command."""
    return json.dumps(
        {"v": 1, "id": command["id"], "station": "s1", "state": state, "text": text, "data": data}
    ).encode()


def asked(broker: Broker, answers: Answers, *words: str) -> Said:
    """Return what `remote s1 picture` says, where the station `s1` answers that."""
    station, ended = Listener(broker, "minshan/1/s1/command"), threading.Event()

    def answer() -> None:
        while not ended.is_set():
            for message in station.on("s1", Topic.COMMAND, 0.1):
                for payload in answers(json.loads(message.payload)):
                    station.link.publish("minshan/1/s1/result", payload)
            station.messages.clear()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        return minshan("remote", "s1", "picture", "--timeout", "2", "--broker", broker.url, *words)
    finally:
        ended.set()
        thread.join()


def test_a_command_that_was_accepted_and_not_finished_is_no_silence(broker: Broker) -> None:
    """A large photo on a thin link takes longer than somebody waits: the station is not offline for that."""
    said = asked(broker, lambda command: [result(command, "accepted")] * 2)
    assert (said.code, said.out) == (1, "The station has accepted the command ...\n")
    assert "has accepted the command, but has not said within 2 s that it is done" in said.err
    assert "offline" not in said.err


@pytest.mark.parametrize("rubbish", [b"\xff\xfe", b"[]", b"{}", b"\x28\xb5\x2f\xfdjunk", b"[" * 100_000])
def test_an_answer_that_cannot_be_read_is_told(broker: Broker, rubbish: bytes) -> None:
    """It ends nothing; where no other comes, that is said beside the silence."""
    said = asked(broker, lambda _command: [rubbish])
    assert said.code == 1
    assert "No answer from the station s1 within 2 s." in said.err
    assert "What came on its topic is not understood: " in said.err
    assert asked(broker, lambda command: [rubbish, result(command, "done")]).code == 0


@pytest.mark.parametrize("why", [{"code": 5}, [1, 2], 7, {"code": "x"}, ["\x1b[2J"]])
def test_a_reason_in_another_form_gives_way_to_the_stations_own_words(broker: Broker, why: object) -> None:
    """A newer station may say why in a way that is not known here."""
    said = asked(broker, lambda command: [result(command, "failed", "the shutter is stuck", why=why)])
    assert (said.code, said.err) == (7, "Error: The station could not do it: the shutter is stuck\n")


def test_what_a_terminal_would_obey_is_shown_by_its_number(broker: Broker) -> None:
    """A station's text clears no screen and sets no title; colours, which do no harm, may stay."""
    said = asked(broker, lambda command: [result(command, "done", "\x1b[2J\x1b]0;title\x07", camera="a\rb\x9bm")])
    assert not set(said.out) & {"\x1b", "\x07", "\r", "\x9b"}
    assert "<U+001B>[2J<U+001B>]0;title<U+0007>" in said.out


@pytest.fixture(name="deaf")
def a_deaf_broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a broker whose login may read results and write nothing."""
    acl = tmp_path / "acl"
    acl.write_text(DEAF)
    acl.chmod(0o700)
    running = Broker(tmp_path, f"acl_file {acl}").start()
    yield running
    running.stop()


def test_a_broker_that_refuses_the_command_is_told_as_that(deaf: Broker) -> None:
    """The station is not offline: the login may not write its topic."""
    said = minshan("remote", "s1", "silence-horn", "--broker", deaf.url)
    assert said.code == 5
    assert 'does not let this login send commands to "s1" (not authorized)' in said.err
    assert "minshan/1/s1/command" in said.err


def test_a_broker_that_ends_the_connection_with_its_refusal_is_no_bad_link(
    deaf: Broker, boxes: list[Box], tmp_path: Path
) -> None:
    """Mosquitto 2.0 may do so: a station's sentence is that of the refusal, not of another box of its name."""
    box = make(boxes, tmp_path, deaf)
    box.backlog(5)
    box.uplink.notify()
    box.run_until(lambda: box.uplink.snapshot.trouble is not None)
    box.run(900)
    assert str(box.uplink.snapshot.trouble).startswith(f"{deaf.url} refuses what this station sends (not authorized)")


def test_a_command_that_the_broker_refuses_the_hub_has_failed(deaf: Broker, tmp_path: Path) -> None:
    """Whoever pressed the button is told why, at once, though an unforeseen error came before."""
    DatabaseSink(SqliteEngine(str(tmp_path / "hub.db")), "hub").close()
    orders = Orders(SqliteEngine(str(tmp_path / "hub.db")))
    now = system_utc()
    orders.add("s1", Command(VERSION, "c1", "picture", {}, now + 600_000_000), ROOT, now)
    errors = [ValueError("unforeseen")]

    def database() -> SqliteEngine:
        if errors:
            raise errors.pop()
        return SqliteEngine(str(tmp_path / "hub.db"))

    lane = CommandLane(deaf.section(), database, system_utc)
    lane.start()
    try:
        until(lambda: (order := orders.order("c1")) is not None and order.state == "failed")
    finally:
        lane.stop()
    found = orders.order("c1")
    assert found is not None and "not authorized" in str(found.result)


def test_what_came_of_a_command_while_the_hub_was_away_is_asked_for(broker: Broker, tmp_path: Path) -> None:
    """A station that said "done" to nobody says so again, and what was never said stays no more "accepted" for ever."""
    engine = SqliteEngine(str(tmp_path / "hub.db"))
    DatabaseSink(SqliteEngine(str(tmp_path / "hub.db")), "hub").close()
    orders, now = Orders(engine), system_utc()
    for name, asked in (("c1", now - 3_600_000_000), ("c2", now - 3_600_000_000), ("old", now - 10 * 86_400_000_000)):
        orders.add("s1", Command(VERSION, name, "picture", {}, asked + 600_000_000), ROOT, asked)
        orders.sent(name, asked, nobody=name == "c2")
    orders.answered(Result(VERSION, "c1", "s1", "accepted"), now)
    station = Listener(broker, "minshan/1/s1/command")
    lane = CommandLane(broker.section(), lambda: SqliteEngine(str(tmp_path / "hub.db")), system_utc)
    lane.start()
    try:
        until(lambda: len(station.on("s1", Topic.COMMAND)) == 2)
        said = [json.loads(message.payload) for message in station.on("s1", Topic.COMMAND)]
        assert [command["id"] for command in said] == ["c1", "c2"]
        for command, state in zip(said, ("done", "failed")):
            station.send("minshan/1/s1/result", result(command, state))
        until(lambda: all((order := orders.order(name)) and order.state in ("done", "failed") for name in ("c1", "c2")))
    finally:
        lane.stop()
    found = [orders.order(name) for name in ("c1", "c2", "old")]
    assert [(order.state, order.nobody) for order in found if order] == [
        ("done", False),
        ("failed", True),
        (None, False),
    ]


def test_an_answer_that_no_database_takes_costs_no_other(broker: Broker, cluster: Cluster) -> None:
    """A station that says U+0000 for a state has said nothing; what another one says behind it is kept."""
    url = cluster.emptied()
    DatabaseSink(opened(url)).close()
    orders, now = Orders(opened(url)), system_utc()
    for name in ("c1", "c2"):
        orders.add("s1", Command(VERSION, name, "picture", {}, now + 600_000_000), ROOT, now)
    lane = CommandLane(broker.section(), lambda: opened(url), system_utc)
    lane.start()
    try:
        until(lambda: (order := orders.order("c2")) is not None and order.sent_us is not None)
        station = Listener(broker, "minshan/1/s1/command")
        for name, state in (("c1", "\0"), ("\0", "done"), ("c2", "done")):
            station.link.publish("minshan/1/s1/result", result({"id": name}, state))
        until(lambda: (order := orders.order("c2")) is not None and order.state == "done")
    finally:
        lane.stop()
    first = orders.order("c1")
    assert first is not None and first.state is None
