"""Test messages, and the services' answers to all messages."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgspec

from edge.language.spoken import Spoken
from edge.language.words import N_
from hub.alarms.outbox import insert
from hub.alarms.people import Contact
from hub.alarms.writing import OutgoingMessage
from hub.database.engine import Engine

TEXT = N_("[Test] This is a test message: nothing has happened")


class TrialMessage(msgspec.Struct, frozen=True):
    """A test message that was queued; `message` is its id."""

    message: str
    name: str
    channel: str


class Attempt(msgspec.Struct, frozen=True):
    """One attempt to send a message: when (microseconds UTC), by which channel, to whom, and its result.

    `fate` None: in progress, or unknown; `answer` is the service's own; `why` a reason as in records.
    """

    message: str
    number: int
    channel: str
    tried_us: int
    to: list[str]
    kind: str
    fate: str | None
    answer: str | None
    why: object


def put_test_messages(engine: Engine, people: Iterable[Contact], now: int) -> list[TrialMessage]:
    """Queue a test message to these people, by each of their channels. Return them. Raise SinkError."""
    found = []
    with engine.transaction():
        for person in people:
            for channel in person.channels:
                message = OutgoingMessage([person.name], kind="test", lines=[Spoken(person.language).say(TEXT)])
                found.append(TrialMessage(insert(engine, channel, message, False, now), person.name, channel))
    return found


def waiting(engine: Engine, since_us: int) -> list[Attempt]:
    """Return the messages created since then that were not attempted yet, the newest first. Raise SinkError."""
    found = engine.query(
        "SELECT id, channel, made, said FROM alarm_message WHERE state = 'waiting' AND tries = 0 AND made >= %s "
        "ORDER BY made DESC",
        (since_us,),
    )
    return [Attempt(name, 0, channel, made, *_about(said), None, None, None) for name, channel, made, said in found]


def attempts(engine: Engine, since_us: int, most: int = 200) -> list[Attempt]:
    """Return the newest attempts since then. Raise SinkError."""
    found = engine.query(
        "SELECT a.message, a.number, a.channel, a.tried, m.said, a.fate, a.answer, a.why FROM alarm_attempt a "
        "JOIN alarm_message m ON m.id = a.message WHERE a.tried >= %s ORDER BY a.tried DESC, a.number DESC LIMIT %s",
        (since_us, most),
    )
    found_attempts = []
    for message, number, channel, tried, said, fate, answer, why in found:
        told = None if why is None else json.loads(why)
        found_attempts.append(Attempt(message, number, channel, tried, *_about(said), fate, answer, told))
    return found_attempts


def _about(said: str) -> tuple[list[str], str]:
    """Return a message's recipients, and its kind."""
    outgoing = msgspec.json.decode(said, type=OutgoingMessage)
    return outgoing.to, outgoing.about[0].why if outgoing.about else outgoing.kind
