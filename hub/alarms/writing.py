"""Write messages at the moment of sending, from the present state of their alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from edge.delivery.facts import AlertFacts, Course, facts_of
from edge.delivery.message import Message, Recipient
from edge.delivery.short import short_of, short_word
from edge.delivery.texts import begun, reminder, sentence
from edge.delivery.urgency import URGENCIES
from edge.language.spoken import Lang, Spoken
from edge.language.words import N_
from edge.records.asked import MINUTE_US
from hub.alarms.air import air_at
from hub.alarms.alarm import Alarm, reason_of
from hub.alarms.course import course_of
from hub.alarms.escalation import Why
from hub.alarms.people import Contact
from hub.config import AlarmsSection
from hub.database.engine import Engine

AWHILE_US = 3 * MINUTE_US  # the newest minute is reported instead of an alert's newest turn once it is this much newer
MOST_A_NIGHT = 20  # messages by one channel to one person; mobile operators deliver 50 a day


class About(msgspec.Struct, frozen=True):
    """An alarm in a message, and why it is in it."""

    alarm: str
    why: Why


class OutgoingMessage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message before it is written: to whom, about what. `lines`: the text of one that is about no alarm.

    `kind` is "alarm", "summary", "daily" or "test"; `last`: there are no more reminders tonight.
    """

    to: list[str]
    about: list[About] = []
    kind: str = "alarm"
    wakes: bool = False
    lines: list[str] = []
    last: bool = False


class AlarmWriter:
    """Writes messages from the database. `url`: the hub's address for people, None: there is none."""

    def __init__(self, engine: Engine, section: AlarmsSection, url: str | None) -> None:
        self._engine, self._section = engine, section
        self._url = None if url is None else url.rstrip("/")
        self.offset_h = section.utc_offset_h

    def station_name(self, station: str) -> str:
        """Return a station's name for people."""
        return self._section.names.get(station, station)

    def message(
        self,
        name: str,
        said: OutgoingMessage,
        alarms: Mapping[str, Alarm],
        people: Mapping[str, Contact],
        now: int,
        again: bool,
        link: str | None,
    ) -> Message:
        """Return a message as it is sent now. `again`: it may have arrived before."""
        to = tuple(people[one].recipient if one in people else Recipient(one) for one in said.to)
        words = Spoken(next((people[one].language for one in said.to if one in people), self._section.language))
        mine = [(alarms[one.alarm], one.why) for one in said.about if one.alarm in alarms]
        mine.sort(key=lambda pair: (URGENCIES.index(pair[0].urgency), -pair[0].level, pair[0].raised_us))
        pairs = [self._told(words, alarm, why, now) for alarm, why in mine]
        told = [facts for facts, _ in pairs]
        lines = [line for _, line in pairs] or list(said.lines)
        tail = self._tail(words, said, mine, again, link)
        short = short_of(told[0], mine[0][0].station, self._section.names.values()) if told else short_word(said.kind)
        kind = told[0].what if told else said.kind
        more = words.say(N_("and {n} more"), n="{n}")
        return Message(name, begun(lines), tail, more, to, kind, said.wakes, short)

    def _told(self, words: Spoken, alarm: Alarm, why: Why, now: int) -> tuple[AlertFacts, str]:
        """Return facts and line about an alarm; if open for a while, with the worst and the present value."""
        facts, course = self.facts(alarm, why, now), self._course(alarm, now)
        if course is None:
            return facts, sentence(words, facts)
        line = reminder(words, msgspec.structs.replace(facts, at_us=alarm.raised_us), course)
        return msgspec.structs.replace(facts, at_us=course.at_us, value=course.value), line

    def _course(self, alarm: Alarm, now: int) -> Course | None:
        """Return the course of an open alarm, where there are minutes since its newest turn. Raise SinkError."""
        if alarm.said is None or not alarm.open or alarm.turn == "blind":
            return None
        found = course_of(self._engine, alarm.station, alarm.said, alarm.raised_us, now)
        return None if found is None or found.at_us < alarm.changed_us + AWHILE_US else found

    def facts(self, alarm: Alarm, why: Why, now: int) -> AlertFacts:
        """Return what is known of an alarm now. Raise SinkError."""
        offset = self.offset_h
        if alarm.said is None:
            return self._of_the_hub(alarm, alarm.turn, now)
        name = self.station_name(alarm.station)
        found = facts_of(alarm.said, name, alarm.changed_us, now, offset)
        found = msgspec.structs.replace(found, turn="still" if why == "still" else found.turn, late=alarm.late)
        if alarm.what != "frost" or not alarm.open:
            return found
        air = air_at(self._engine, alarm.station, alarm.changed_us)
        if air is None:
            return found
        is_of_it = air.start_us > alarm.changed_us - 2 * MINUTE_US
        return msgspec.structs.replace(found, air=air.air if is_of_it else None, fall=air.fall)

    def episode(self, words: Spoken, alarm: Alarm, now: int) -> str:
        """Return a line about an alarm for a summary or a page."""
        return self._told(words, alarm, "cleared", now)[1]

    def words(self, lang: Lang | None = None) -> Spoken:
        """Return the words of a language, or of the hub's own."""
        return Spoken(lang or self._section.language)

    def _of_the_hub(self, alarm: Alarm, turn: str, now: int) -> AlertFacts:
        quiet = alarm.quiet
        last = None if quiet is None else quiet.last_us
        at = alarm.changed_us if not alarm.open or last is None else last
        since = last if quiet is None or quiet.heard_us is None else quiet.heard_us
        minutes = 0 if since is None else round((now - since) / MINUTE_US)
        name = quiet.channel if quiet is not None and quiet.channel else self.station_name(alarm.station)
        found = AlertFacts(name, alarm.what, turn, at, now, self.offset_h, minutes=minutes)
        if quiet is None:
            return found
        of_last = {"air": quiet.air, "value": quiet.wet, "fall": quiet.fall, "count": quiet.count}
        return msgspec.structs.replace(found, reason=reason_of(quiet), **of_last)

    def _tail(
        self, words: Spoken, said: OutgoingMessage, mine: Sequence[tuple[Alarm, Why]], again: bool, link: str | None
    ) -> str:
        """Return the last line: the request to acknowledge, and notes about the message itself."""
        whys = {why for _, why in mine}
        acked = next(
            (alarm.escalation.acked_by for alarm, why in mine if why == "still" and alarm.escalation.acked_by), ""
        )
        parts = []
        if acked:
            parts.append(words.say(N_("{name} has acknowledged it"), name=acked))
        repeats = max((alarm.escalation.repeats for alarm, why in mine if why == "repeat"), default=0)
        if repeats:  # a repeat after a failed channel is no reminder
            parts.append(words.say(N_("reminder {n}"), n=repeats))
        if said.last:
            parts.append(words.say(N_("no more reminders before noon")))
        if again:
            parts.append(words.say(N_("(you may have received this before)")))
        if whys - {"cleared"} and link is not None and self._url is not None:
            parts.append(words.say(N_("Acknowledge: {url}"), url=f"{self._url}/a/{link}"))
        elif whys - {"cleared", "blind"}:
            parts.append(words.say(N_("Reminders go on until somebody acknowledges it at the hub")))
        return " ".join(parts)
