"""Messages in the hub's database, from the intent to the service's answer.

A message is committed before it is asked for, and each try of it before the request: what a killed hub was sending may
have arrived, and is sent once more, marked. How an alarm stands is read again in the transaction that begins a try:
what was acknowledged or is over meanwhile is not told. All methods raise SinkError.
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
TRIES = 5  # of what surely did not arrive, and is said again anyhow as long as it lasts
PAUSE_S, LONGEST_PAUSE_S = 2.0, 600.0  # before the second of them, then twice that; what nothing else says goes on
AGAIN_S = 5.0  # before a message that may have arrived is sent once more
BUSY_S, BLOCKED_S = 60.0, 600.0  # pause for a service that accepts no more
MAY_HAVE = "(m.state IN ('delivered', 'unknown', 'sending') OR m.repeated = 1)"


class Claimed(msgspec.Struct, frozen=True):
    """A message whose try `number` has been begun."""

    message: Message
    number: int


class MessageOutbox:
    """One hub's; `holder` is its name. `engine`: used from one thread."""

    def __init__(self, engine: Engine, writer: AlarmWriter, holder: str, seed: int | None = None) -> None:
        self._engine, self._writer, self._holder = engine, writer, holder
        self._book, self._links, self._health = AlarmBook(engine), Links(engine), ChannelHealth(engine)
        self._random = random.Random(seed)
        self.put_in = 0  # messages by this hub

    # -- intents -------------------------------------------------------------------------------------------

    def put(self, channel: str, said: OutgoingMessage, urgent: bool, now: int) -> str:
        """Keep a message that is to go out; within the transaction that says why. Return its id."""
        self.put_in += 1
        return insert(self._engine, channel, said, urgent, now)

    def counts(self, since_us: int, now: int) -> Counter[str]:
        """Return how many messages each person was sent by the channel that sent most."""
        each = Counter((name, channel) for channel, said in self._made(since_us, now) for name in said.to)
        most: Counter[str] = Counter()
        for (name, _), count in each.items():
            most[name] = max(most[name], count)
        return most

    def warned(self, since_us: int, now: int) -> frozenset[str]:
        """Return who was told since then that no more reminders come."""
        return frozenset(name for _, said in self._made(since_us, now) if said.last for name in said.to)

    def _made(self, since_us: int, now: int) -> Iterator[tuple[str, OutgoingMessage]]:
        """Return what was to go out since then, and by which channel; not what came too late to be told."""
        found = self._engine.query(
            "SELECT channel, said FROM alarm_message WHERE made >= %s AND made <= %s AND state <> 'expired'",
            (since_us, now),
        )
        return ((channel, _said(said)) for channel, said in found)

    def reached(self, alarm: str) -> dict[str, list[str]]:
        """Return by which channels an alarm has, or may have, reached whom."""
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

    # -- tries ---------------------------------------------------------------------------------------------

    def recover(self, now: int) -> None:
        """Take over what another hub, or this one before it was killed, was sending: it may have arrived."""
        with self._engine.transaction():
            self._recovered("", (), now)

    def recover_channel(self, channel: str, now: int) -> None:
        """Take over what no lane of this hub knows of any more, of a channel by which nothing is being sent."""
        with self._engine.transaction():
            if holds(self._engine, self._holder):  # else another hub may be sending it
                self._recovered(" AND channel = %s", (channel,), now)

    def _recovered(self, which: str, values: tuple[str, ...], now: int) -> None:
        under_way = f"WHERE state = 'sending'{which}"
        self._engine.query(f"UPDATE alarm_message SET state = 'unknown' {under_way} AND repeated = 1", values)
        again = f"UPDATE alarm_message SET state = 'waiting', repeated = 1, due = %s {under_way}"
        self._engine.query(again, (now, *values))

    def claim(self, channel: str, most_a_minute: int | None, now: int) -> Claimed | None:
        """Begin a try of what goes next by a channel; None where nothing may go now."""
        with self._engine.transaction():
            if not holds(self._engine, self._holder) or self._health.of(channel).is_busy(now):
                return None
            while (found := self._next(channel, most_a_minute, now)) is not None:
                claimed = self._begun(*found, now)
                if claimed is not None:
                    return claimed
        return None

    def settle(self, claimed: Claimed, channel: str, result: SendResult, now: int) -> None:
        """Note what came of a try."""
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
        """Have the next person, and what wakes people, come at once for what this message was about."""
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
        """Begin a try, of what of a message is still to be told; None, and it is over, where that is nothing."""
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
    """Keep a message that is to go out; within a transaction. Return its id. Raise SinkError."""
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
    """Return whether another message says the same later, if this one does not arrive."""
    return message.kind != "summary" and all(one.why in ("raised", "worse", "repeat") for one in message.about)


def is_due(alarm: Alarm, about: About, made: int) -> bool:
    """Return whether what was to be told of an alarm still is."""
    if about.why == "cleared":
        return not alarm.open
    if about.why == "blind":
        return alarm.open and alarm.turn == "blind"
    acked = alarm.escalation.acked_us
    return alarm.open and (acked is None or acked < made)


def drafts(
    tellings: Iterable[tuple[About, Sequence[str], str]], last: Iterable[str], one_by_one: Iterable[str]
) -> dict[tuple[str, str], OutgoingMessage]:
    """Return what is told together, by channel (and person, where a channel tells each by itself).

    A telling is what it is about, to whom, and by which channel.
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
