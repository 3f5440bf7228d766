"""What is live reaches a receiver before a backlog that the broker has held for it all the while."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock.clock import SystemClock
from edge.wire.contract import MOST_RECORDS, Topic, topic
from edge.wire.session import Incoming
from hub.live_first import LIGHT, MOST_NAME, RECORD_BYTES, LiveFirst, at_once, connect_both, sessions
from tests.kits.broker import Broker
from tests.kits.receiver_kit import Desk
from tests.kits.uplink_kit import Listener

BACKLOG = 30  # messages, more than are handed on at once
OLD = topic("orchard-1", Topic.BACKFILL, 2)
NEW = topic("orchard-1", Topic.LIVE, 2)
WHOLE = RECORD_BYTES * MOST_RECORDS  # bytes of a message of as many records as there may be


def old(number: int) -> bytes:
    """Return a message of a backlog that is as long as they usually are."""
    return b"%d" % number + b" " * WHOLE


def taken(link: LiveFirst) -> list[Incoming]:
    """Return what is handed on next, acknowledged."""
    clock = SystemClock()
    while not link.wait(clock.now() + 5.0):
        link.acks.clear()
    found, link.incoming[:] = list(link.incoming), []
    for message in found:
        link.ack(message)
    return found


@pytest.mark.parametrize("office", ["office", "office-of-the-orchards-above-the-river-min.maoxian.aba.sichuan.example"])
def test_two_machines_that_share_files_are_two_clients(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, office: str
) -> None:
    """The host stands in the name at the broker: two receivers with one ledger do not throw each other out."""
    names = []
    for host in (f"{office}-1", f"{office}-2"):
        monkeypatch.setattr(socket, "gethostname", lambda host=host: host)
        desk = Desk(tmp_path)
        names += [session.client_id for session in sessions("ledger", desk.receiver._name)]
        desk.receiver.close()
    assert len(set(names)) == 4 and "office" in names[-1]
    assert max(map(len, names)) <= MOST_NAME + len("-live")


def test_a_minute_of_now_comes_before_a_backlog(tmp_path: Path) -> None:
    """While a backlog is worked through, a minute is handed on after the next few messages, and none is lost."""
    broker = Broker(tmp_path).start()
    sender = Listener(broker)
    connect_both(broker.section(), "ledger", "hub-{}-a").close()  # the broker keeps what comes for it
    for number in range(BACKLOG):
        sender.send(OLD, old(number))
    link = connect_both(broker.section(), "ledger", "hub-{}-a")
    first = taken(link)
    assert len(first) == 1
    sender.send(NEW, b"now")
    began = SystemClock().now()
    while not link._live.incoming:
        link._live.wait(began + 5.0)
    assert [message.payload for message in taken(link)] == [b"now"]
    sender.send(NEW, b"later")
    while not link._live.incoming:
        link._live.wait(began + 10.0)
    rest = taken(link)
    assert rest[0].payload == old(1), "a stream of live minutes does not hold the backlog up"
    seen = {message.payload for message in [*first, *rest]}
    while len(seen) < BACKLOG + 1:
        seen |= {message.payload for message in taken(link)}
    assert seen == {b"later", *map(old, range(BACKLOG))}
    link.close()
    again = connect_both(broker.section(), "ledger", "hub-{}-a")
    assert not again.wait(SystemClock().now()), "what was acknowledged does not come again"
    again.close()
    broker.stop()


def test_a_backlog_begins_with_little(tmp_path: Path) -> None:
    """Nobody knows yet how fast it goes: one message is handed on first, on a new connection as after many small ones,
    however quickly those were dealt with."""
    broker = Broker(tmp_path).start()
    sender = Listener(broker)
    link = connect_both(broker.section(), "ledger", "hub-{}-a")
    for number in range(10):
        sender.send(topic("orchard-1", Topic.HELLO), b"%d" % number)
        taken(link)
    for number in range(BACKLOG):
        sender.send(OLD, old(number))
    while len(link._rest.incoming) < BACKLOG / 2:
        link._rest.wait(SystemClock().now() + 1.0)
    assert len(taken(link)) == 1
    link.drop()
    again = connect_both(broker.section(), "ledger", "hub-{}-a")
    while len(again._rest.incoming) < BACKLOG / 2:
        again._rest.wait(SystemClock().now() + 1.0)
    assert len(taken(again)) == 1
    again.close()
    broker.stop()


@given(
    st.lists(st.tuples(st.sampled_from((Topic.BACKFILL, Topic.PICTURE, Topic.HELLO)), st.integers(0, 4 * WHOLE))),
    st.floats(1, 20 * MOST_RECORDS),
)
def test_what_is_handed_on_at_once_has_an_end(told: list[tuple[Topic, int]], room: float) -> None:
    """At least one message is handed on, never more than there is room for but for the last. Of a station that sends
    again in small batches many are one commit."""
    messages = [Incoming(topic("orchard-1", channel), bytes(size), 1, 1, False) for channel, size in told]
    count = at_once(messages, room)
    sizes = [
        min(MOST_RECORDS, max(LIGHT, size // RECORD_BYTES)) if channel is Topic.BACKFILL else LIGHT
        for channel, size in told
    ]
    assert count >= bool(told)
    assert sum(sizes[: count - 1]) < room or not told
    assert count == len(told) or sum(sizes[:count]) >= room
