"""Messages in the hub's database, from being queued to the service's answer.

A message is committed when it is queued, and each attempt before its request: what a killed hub was sending may have
arrived, and is sent once more, marked as a repeat. The alarms' state is read again in the transaction that begins an
attempt: what was acknowledged or is over meanwhile is not sent. All methods raise SinkError.
"""

from __future__ import annotations

import json
import random
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from edge.delivery.message import Message, MessageFate, SendResult
from edge.records.asked import DAY_US, MINUTE_US
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.alarms.health import LONGEST_US, ChannelHealth
from hub.alarms.links import Links
from hub.alarms.people import People
from hub.alarms.writing import About, AlarmWriter, OutgoingMessage
from hub.database.engine import Engine
from hub.database.lease import holds

S_US = 1_000_000
LIFE_US = {"repeat": 10 * MINUTE_US, "test": 10 * MINUTE_US}
LONG_LIFE_US = DAY_US
RESERVED = 5  # of a robot's messages per minute, reserved for frost
TRIES = 5  # attempts of a message that certainly did not arrive, if reminders repeat it anyway
PAUSE_S, LONGEST_PAUSE_S = 2.0, 600.0  # before the second attempt, then doubled; other messages have no limit
AGAIN_S = 5.0  # before a message that may have arrived is sent once more
BUSY_S, BLOCKED_S = 60.0, 600.0  # pause for a service that accepts no more
MAY_HAVE = "(m.state IN ('delivered', 'unknown', 'sending') OR m.repeated = 1)"


class Claimed(msgspec.Struct, frozen=True):
    """A message whose attempt `number` has begun."""

    message: Message
    number: int


class MessageOutbox:
    """One hub's; `holder` is its name. `engine`: used from one thread."""

    def __init__(self, engine: Engine, writer: AlarmWriter, holder: str, seed: int | None = None) -> None:
        self._engine, self._writer, self._holder = engine, writer, holder
        self._book, self._links, self._health = AlarmBook(engine), Links(engine), ChannelHealth(engine)
        self._random = random.Random(seed)
        self.put_in = 0  # messages queued by this object

    # -- intents -------------------------------------------------------------------------------------------

    def put(self, channel: str, said: OutgoingMessage, urgent: bool, now: int) -> str:
        """Queue a message, within the transaction that decides it. Return its id."""
        self.put_in += 1
        return insert(self._engine, channel, said, urgent, now)

    def counts(self, since_us: int, now: int) -> Counter[str]:
        """Return each person's number of messages, by the channel that sent most."""
        each = Counter((name, channel) for channel, said in self._made(since_us, now) for name in said.to)
        most: Counter[str] = Counter()
        for (name, _), count in each.items():
            most[name] = max(most[name], count)
        return most

    def warned(self, since_us: int, now: int) -> frozenset[str]:
        """Return who was told since then that no more reminders come."""
        return frozenset(name for _, said in self._made(since_us, now) if said.last for name in said.to)

    def _made(self, since_us: int, now: int) -> Iterator[tuple[str, OutgoingMessage]]:
        """Return the messages queued since then, with their channels, without expired ones."""
        found = self._engine.query(
            "SELECT channel, said FROM alarm_message WHERE made >= %s AND made <= %s AND state <> 'expired'",
            (since_us, now),
        )
        return ((channel, _said(said)) for channel, said in found)

    def reached(self, alarm: str) -> dict[str, list[str]]:
        """Return by channel the people whom an alarm has, or may have, reached."""
        found = self._engine.query(
            "SELECT m.channel, m.said FROM alarm_message m JOIN alarm_about a ON a.message = m.id "
            f"WHERE a.alarm = %s AND {MAY_HAVE} ORDER BY m.made",
            (alarm,),
        )
        reached: dict[str, list[str]] = {}
        for channel, said in found:
            names = reached.setdefault(channel, [])
            names += [name for name in _said(said).to if name not in names]
        return reached

    # -- attempts ------------------------------------------------------------------------------------------

    def recover(self, now: int) -> None:
        """Requeue what another hub, or this one before it was killed, was sending: it may have arrived."""
        with self._engine.transaction():
            self._recovered("", (), now)

    def recover_channel(self, channel: str, now: int) -> None:
        """Requeue a channel's messages in "sending", while its lane sends none."""
        with self._engine.transaction():
            if holds(self._engine, self._holder):  # else another hub may be sending it
                self._recovered(" AND channel = %s", (channel,), now)

    def _recovered(self, which: str, values: tuple[str, ...], now: int) -> None:
        under_way = f"WHERE state = 'sending'{which}"
        self._engine.query(f"UPDATE alarm_message SET state = 'unknown' {under_way} AND repeated = 1", values)
        again = f"UPDATE alarm_message SET state = 'waiting', repeated = 1, due = %s {under_way}"
        self._engine.query(again, (now, *values))

    def claim(self, channel: str, most_a_minute: int | None, now: int) -> Claimed | None:
        """Begin an attempt of a channel's next message; None where none may be sent now."""
        with self._engine.transaction():
            if not holds(self._engine, self._holder) or self._health.of(channel).is_busy(now):
                return None
            while (found := self._next(channel, most_a_minute, now)) is not None:
                claimed = self._begun(*found, now)
                if claimed is not None:
                    return claimed
        return None

    def settle(self, claimed: Claimed, channel: str, result: SendResult, now: int) -> None:
        """Store the result of an attempt."""
        name = claimed.message.id
        with self._engine.transaction():
            why = None if result.reason is None else json.dumps(result.reason.builtins(), ensure_ascii=False)
            self._engine.query(
                "UPDATE alarm_attempt SET fate = %s, answer = %s, why = %s WHERE message = %s AND number = %s",
                (result.fate.value, result.answer, why, name, claimed.number),
            )
            state = "state, tries, repeated, said FROM alarm_message WHERE id = %s"
            ((present, tries, repeated, said),) = self._engine.query(f"SELECT {state}", (name,))
            if present != "sending" or tries != claimed.number:
                return  # another hub has taken it over meanwhile
            last = is_said_again(_said(said)) and tries >= TRIES
            self._settled(claimed, channel, result, bool(repeated), last, now)

    def _settled(
        self, claimed: Claimed, channel: str, result: SendResult, repeated: bool, last: bool, now: int
    ) -> None:
        fate, wait, tries = result.fate, 0.0, claimed.number
        final = {MessageFate.DELIVERED: "delivered", MessageFate.REFUSED: "refused"}.get(fate)
        if fate is MessageFate.UNKNOWN:
            final, wait = ("unknown" if repeated else None), AGAIN_S
            repeated = True
        elif fate is MessageFate.FAILED:
            final = "failed" if last else None
            wait = min(LONGEST_PAUSE_S, PAUSE_S * 2.0 ** min(tries - 1, 20)) * self._random.uniform(0.5, 1.0)
        elif fate is MessageFate.BUSY:
            blocked = result.reason is not None and result.reason.code == "robot_blocked"
            wait = BLOCKED_S if blocked else BUSY_S
            self._health.busy(channel, now + round(wait * S_US))
        self._engine.query(
            "UPDATE alarm_message SET state = %s, repeated = %s, due = %s WHERE id = %s",
            (final or "waiting", int(repeated), now + round(wait * S_US), claimed.message.id),
        )
        self._health.note(channel, result, now)
        if (
            fate is MessageFate.BUSY
            or (final is not None and final != "delivered")
            or (final is None and tries == TRIES)
        ):
            self._hurry(claimed.message.id)

    def _hurry(self, message: str) -> None:
        """Make the next person and the waking channels due at once for this message's alarms."""
        found = self._engine.query("SELECT alarm FROM alarm_about WHERE message = %s", (message,))
        known = self._book.load_alarms(alarm for (alarm,) in found)
        for alarm in known.values():
            alarm.escalation.hurry = alarm.open and alarm.urgency != "upkeep"
        self._book.keep(known.values())

    def _next(
        self, channel: str, most_a_minute: int | None, now: int
    ) -> tuple[str, int, int, int, OutgoingMessage] | None:
        found = self._engine.query(
            "SELECT id, made, tries, repeated, urgent, said FROM alarm_message WHERE channel = %s "
            "AND state = 'waiting' AND (due <= %s OR due > %s) ORDER BY urgent DESC, made, id LIMIT 1",
            (channel, now, now + LONGEST_US),
        )
        if not found:
            return None
        name, made, tries, repeated, urgent, said = found[0]
        if most_a_minute is not None:
            ((count,),) = self._engine.query(
                "SELECT count(*) FROM alarm_attempt WHERE channel = %s AND tried > %s AND tried <= %s",
                (channel, now - MINUTE_US, now),
            )
            if count >= most_a_minute - (0 if urgent else RESERVED):
                return None
        return name, made, tries, repeated, _said(said)

    def _begun(
        self, name: str, made: int, tries: int, repeated: int, said: OutgoingMessage, now: int
    ) -> Claimed | None:
        """Begin an attempt with the part of a message that is still due; expire it and return None where nothing is."""
        alarms = self._book.load_alarms(one.alarm for one in said.about)
        whys: list[str] = [one.why for one in said.about]
        life = max(LIFE_US.get(why, LONG_LIFE_US) for why in (whys or [said.kind]))
        about = [one for one in said.about if one.alarm in alarms and is_due(alarms[one.alarm], one, made)]
        if now > made + life or (said.about and not about):
            self._engine.query("UPDATE alarm_message SET state = 'expired' WHERE id = %s", (name,))
            return None
        said = msgspec.structs.replace(said, about=about)
        mine = [one.alarm for one in about if one.why != "cleared"]
        link = self._links.made(mine, said.to, now) if mine else None
        people = {one.name: one for one in People(self._engine).listed()}
        message = self._writer.message(name, said, alarms, people, now, bool(repeated), link)
        self._engine.query("UPDATE alarm_message SET state = 'sending', tries = %s WHERE id = %s", (tries + 1, name))
        self._engine.query(
            "INSERT INTO alarm_attempt (message, number, channel, tried) "
            "SELECT id, tries, channel, %s FROM alarm_message WHERE id = %s",
            (now, name),
        )
        return Claimed(message, tries + 1)


def insert(engine: Engine, channel: str, message: OutgoingMessage, urgent: bool, now: int) -> str:
    """Queue a message, within a transaction. Return its id. Raise SinkError."""
    name = secrets.token_hex(8)
    engine.query(
        "INSERT INTO alarm_message (id, channel, state, urgent, made, due, tries, repeated, said) "
        "VALUES (%s, %s, 'waiting', %s, %s, %s, 0, 0, %s)",
        (name, channel, int(urgent), now, now, msgspec.json.encode(message).decode()),
    )
    for alarm in sorted({one.alarm for one in message.about}):
        engine.query("INSERT INTO alarm_about (alarm, message) VALUES (%s, %s)", (alarm, name))
    return name


def is_said_again(message: OutgoingMessage) -> bool:
    """Return whether a later reminder repeats this message if it does not arrive."""
    return message.kind != "summary" and all(one.why in ("raised", "worse", "repeat") for one in message.about)


def is_due(alarm: Alarm, about: About, made: int) -> bool:
    """Return whether a queued statement about an alarm is still due."""
    if about.why == "cleared":
        return not alarm.open
    if about.why == "blind":
        return alarm.open and alarm.turn == "blind"
    acked = alarm.escalation.acked_us
    return alarm.open and (acked is None or acked < made)


def drafts(
    tellings: Iterable[tuple[About, Sequence[str], str]], last: Iterable[str], one_by_one: Iterable[str]
) -> dict[tuple[str, str], OutgoingMessage]:
    """Return the combined messages by channel (and by person, where a channel sends to each separately).

    A telling is its alarm and why, its recipients, and its channel.
    """
    alone, capped = frozenset(one_by_one), frozenset(last)
    groups: dict[tuple[str, str], tuple[list[str], list[About]]] = {}
    for about, names, channel in tellings:
        for name in names:
            to, abouts = groups.setdefault((channel, name if channel in alone else ""), ([], []))
            to += [] if name in to else [name]
            abouts += [] if any(one.alarm == about.alarm for one in abouts) else [about]
    return {
        key: OutgoingMessage(to, abouts, last=any(name in capped for name in to))
        for key, (to, abouts) in groups.items()
    }


def _said(text: str) -> OutgoingMessage:
    return msgspec.json.decode(text, type=OutgoingMessage)
