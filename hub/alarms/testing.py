"""Test messages, and what the services answered to all messages."""

from __future__ import annotations

import json

import msgspec

from edge.language.spoken import Spoken
from edge.language.words import N_
from hub.alarms.people import Contact, People
from hub.alarms.writing import Outgoing
from hub.database.engine import Engine

TEXT = N_("[Test] This is a test message: nothing has happened")


class TrialMessage(msgspec.Struct, frozen=True):
    """A message that was put out; `message` is its id."""

    message: str
    name: str
    channel: str


class Attempt(msgspec.Struct, frozen=True):
    """One try of a message: when (microseconds UTC), by which channel, to whom, what came of it.

    `fate` None: under way, or not known; `answer` is the service's own; `why` a reason as records carry one.
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


def told_by_all(engine: Engine, name: str | None, now: int) -> list[TrialMessage]:
    """Put out a test message to one person or all, by each of their channels. Raise SinkError."""
    from hub.alarms.outbox import insert

    people = People(engine)
    chosen: list[Contact] = people.listed() if name is None else [people.person(name)]
    found = []
    with engine.transaction():
        for person in chosen:
            for channel in person.channels:
                said = Outgoing([person.name], kind="test", lines=[Spoken(person.language).say(TEXT)])
                found.append(TrialMessage(insert(engine, channel, said, False, now), person.name, channel))
    return found


def attempts(engine: Engine, since_us: int, most: int = 200) -> list[Attempt]:
    """Return the newest tries since then. Raise SinkError."""
    found = engine.query(
        "SELECT a.message, a.number, a.channel, a.tried, m.said, a.fate, a.answer, a.why FROM alarm_attempt a "
        "JOIN alarm_message m ON m.id = a.message WHERE a.tried >= %s ORDER BY a.tried DESC, a.number DESC LIMIT %s",
        (since_us, most),
    )
    attempts_ = []
    for message, number, channel, tried, said, fate, answer, why in found:
        outgoing = msgspec.json.decode(said, type=Outgoing)
        kind = outgoing.about[0].why if outgoing.about else outgoing.kind
        told = None if why is None else json.loads(why)
        attempts_.append(Attempt(message, number, channel, tried, outgoing.to, kind, fate, answer, told))
    return attempts_
