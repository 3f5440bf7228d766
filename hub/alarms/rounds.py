"""Combined messages: what was over before anybody was told, and each morning in season how the stations are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import msgspec

from edge.delivery.texts import clock_time
from edge.delivery.urgency import local
from edge.language.words import N_
from hub.alarms.alarm import Alarm
from hub.alarms.health import ChannelState
from hub.alarms.people import Contact, concerns
from hub.alarms.silence import LastHeard
from hub.alarms.writing import AlarmWriter, OutgoingMessage
from hub.config import AlarmsSection
from hub.database.engine import Engine
from hub.vouched import present

GATHERED_US = 60_000_000  # for which what came late is gathered into one message
RECENT_US = 7 * 86_400_000_000  # what ended before is told no more
KEPT_US = 400 * 86_400_000_000  # for which messages and answers are kept
DAILY_HOUR = 7
Channels = Callable[[Contact], list[str]]


class Round(msgspec.Struct, frozen=True):
    """What each person is told, and by which channels."""

    told: list[tuple[Contact, list[str], OutgoingMessage]]

    def grouped(self, alone: Sequence[str]) -> Mapping[tuple[str, str], OutgoingMessage]:
        """Return it by channel: one message to all whom the same is told, or to each where a channel tells each."""
        found: dict[tuple[str, str], OutgoingMessage] = {}
        for person, channels, said in self.told:
            for channel in channels:
                key = channel, person.name if channel in alone else ""
                to = [*found[key].to, person.name] if key in found else [person.name]
                lines = said.lines if key not in found or len(said.lines) > len(found[key].lines) else found[key].lines
                found[key] = msgspec.structs.replace(said, to=to, lines=lines)
        return found


def summary(
    over: Sequence[Alarm], people: Sequence[Contact], writer: AlarmWriter, channels: Channels, now: int
) -> Round:
    """Return what ended before anybody could be told, one message a person."""
    told = []
    growers_alone = all(one.duty == "grower" for one in people)
    for person in people:
        theirs = [one for one in over if concerns(person, one.station)]
        if person.duty == "grower" and not growers_alone:
            theirs = [one for one in theirs if one.urgency != "upkeep"]
        if not theirs:
            continue
        words = writer.words(person.language)
        if all(one.late for one in theirs):
            head = words.say(N_("[Late] alerts received only now, and already over: {n}"), n=len(theirs))
        else:
            head = words.say(N_("[Over] alerts that were over before anybody was told: {n}"), n=len(theirs))
        lines = [writer.episode(words, one, now) for one in sorted(theirs, key=lambda one: one.changed_us)]
        told.append((person, channels(person), OutgoingMessage([person.name], kind="summary", lines=[head, *lines])))
    return Round(told)


def day_due(last: object, section: AlarmsSection, now: int) -> str | None:
    """Return the day whose word is due; None where it was said."""
    day = f"{local(now, section.utc_offset_h) - timedelta(hours=DAILY_HOUR):%Y-%m-%d}"
    return day if day != last else None


def daily(
    heard: Sequence[LastHeard],
    live: Sequence[Alarm],
    states: Sequence[ChannelState],
    people: Sequence[Contact],
    writer: AlarmWriter,
    channels: Channels,
    now: int,
) -> Round:
    """Return the morning's word: how many stations are in order, which are not, when each channel last worked."""
    told = []
    duty = [one for one in people if one.duty != "grower"] or list(people)
    for person in duty:
        theirs = [one for one in heard if concerns(person, one.station)]
        ill = {one.station: one for one in live if one.open and one.station}
        words = writer.words(person.language)
        well = sum(one.station not in ill for one in theirs)
        lines = [words.say(N_("[Daily] {well} of {n} stations in order"), well=well, n=len(theirs))]
        lines += [writer.episode(words, ill[one.station], now) for one in theirs if one.station in ill]
        for state in states:
            at = clock_time(state.ok_us, now, writer.offset_h, words) if state.ok_us else words.say(N_("never"))
            lines.append(words.say(N_('channel "{name}" last worked: {time}'), name=state.name, time=at))
        told.append((person, channels(person), OutgoingMessage([person.name], kind="daily", lines=lines)))
    return Round(told)


def forget(engine: Engine, now: int) -> None:
    """Let go of messages, answers and alarms of long ago; within a transaction. Nothing goes while none is heard."""
    vouched = present(engine, now)
    if vouched is None:
        return
    before = (vouched - KEPT_US,)
    engine.query("DELETE FROM alarm_attempt WHERE tried < %s", before)
    engine.query("DELETE FROM alarm_about WHERE message IN (SELECT id FROM alarm_message WHERE made < %s)", before)
    engine.query("DELETE FROM alarm_message WHERE made < %s", before)
    engine.query("DELETE FROM alarm WHERE live = 0 AND changed < %s", before)
