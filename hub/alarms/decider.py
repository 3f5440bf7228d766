"""One pass of the alarms: process new alerts, decide whom to notify, and queue the messages.

A pass is one transaction: if it is killed, the next pass, or another hub's, finds it complete or not begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import msgspec

from drivers.clock import Clock
from edge.delivery.message import Sender
from edge.delivery.urgency import is_day
from hub.alarms import digests
from hub.alarms import people as persons
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.alarms.escalation import Telling, advance
from hub.alarms.health import ChannelHealth
from hub.alarms.leaps import ClockLeaps
from hub.alarms.outbox import MessageOutbox, drafts
from hub.alarms.people import Contact, People
from hub.alarms.routing import RoutingState, channels_for, over_by, quiet_channels
from hub.alarms.watch import Watch
from hub.alarms.writing import MOST_A_NIGHT, About, AlarmWriter
from hub.config import AlarmsSection
from hub.database.engine import Engine
from hub.database.lease import holds

HEARD_US = 15 * 60 * 1_000_000  # for which a minute counts as a station's present state
OLD_US = 24 * 3_600_000_000  # of silence, after which there are no more reminders of a station's alarm


class Decider:
    """One hub's; used from one thread. `senders`: the channels of its file."""

    def __init__(
        self,
        engine: Engine,
        section: AlarmsSection,
        senders: Mapping[str, Sender],
        outbox: MessageOutbox,
        writer: AlarmWriter,
        watch: Watch,
        holder: str,
        clock: Clock,
    ) -> None:
        self._engine, self._section, self._senders = engine, section, senders
        self._outbox, self._writer, self._watch, self._holder = outbox, writer, watch, holder
        self._book, self._people, self._health = AlarmBook(engine), People(engine), ChannelHealth(engine)
        self._leaps = ClockLeaps(engine, clock)

    def step(self, now: int) -> bool:
        """Do one pass. Return whether it was this hub's to do. Raise SinkError."""
        with self._engine.transaction():
            if not holds(self._engine, self._holder):
                return False
            self._book.take()
            live = {one.id: one for one in self._book.live()}
            self._leaps.follow(live.values(), now)
            for one in self._watch.look(list(live.values()), now):
                live[one.id] = one
            self._tell(list(live.values()), now)
            self._book.keep(live.values())
            self._rounds(list(live.values()), now)
        return True

    # -- alarms --------------------------------------------------------------------------------------------

    def _tell(self, live: Sequence[Alarm], now: int) -> None:
        """Queue what is to be told now, combined by channel."""
        pass_ = Pass(self._outbox, self._people, self._health, self._watch, self._section.utc_offset_h, now)
        tellings: list[tuple[About, Sequence[str], str]] = []
        capped: set[str] = set()
        for alarm in live:
            if pass_.is_old(alarm):
                continue
            self._note_frost(alarm, now)
            told = advance(alarm, pass_.ready(alarm), now, pass_.hour.by_day, pass_.is_spared, pass_.is_heard)
            for telling in told:
                tellings += self._routed(alarm, telling, pass_)
                capped |= {name for name in telling.names if pass_.is_last(name)}
        by_id = {alarm.id: alarm for alarm in live}
        for (channel, _), said in drafts(tellings, capped, self._one_by_one()).items():
            alarms = [by_id[one.alarm] for one in said.about]
            urgent = any(alarm.urgency == "frost" for alarm in alarms)
            self._outbox.put(channel, msgspec.structs.replace(said, wakes=self._senders[channel].wakes), urgent, now)

    def _routed(self, alarm: Alarm, telling: Telling, pass_: Pass) -> list[tuple[About, Sequence[str], str]]:
        """Return the channels for a telling, each with its recipients."""
        about = About(alarm.id, telling.why)
        if telling.why == "cleared":
            reached = self._outbox.reached(alarm.id)
            if not reached:  # no message got through while it lasted
                alarm.escalation.told, alarm.escalation.over_told = 0, alarm.said is None
            ways = over_by(reached, pass_.people, self._senders, pass_.hour.by_day)
            return [(about, names, name) for name, names in ways.items()]
        found: list[tuple[About, Sequence[str], str]] = []
        for name in telling.names:
            person = pass_.people.get(name)
            if person is not None:
                channels = channels_for(person, alarm, telling, pass_.hour, self._senders)
                found += [(about, [name], channel) for channel in channels]
        return found

    def _note_frost(self, alarm: Alarm, now: int) -> None:
        """Note for a blind frost rule whether the air was near frost when it last had a value."""
        told = alarm.escalation.told
        if alarm.what == "frost" and alarm.turn == "blind" and alarm.open and not told and not alarm.near:
            alarm.near = self._watch.is_near(alarm.station, alarm.changed_us) and self._watch.in_season(now)

    # -- combined messages ---------------------------------------------------------------------------------

    def _rounds(self, live: Sequence[Alarm], now: int) -> None:
        """Queue the summary of alerts that ended unreported, and the daily message; delete what is old."""
        people = self._people.listed()
        by_day = is_day(now, self._section.utc_offset_h)
        over = [one for one in live if one.is_untold and (by_day or one.late or one.urgency == "frost")]
        if over and not any(0 <= now - one.arrived_us < digests.GATHERED_US for one in over):
            for one in over:
                one.escalation.over_told = True
            self._book.keep(over)
            recent = [one for one in over if one.changed_us > now - digests.RECENT_US]
            self._put(digests.summary(recent, people, self._writer, self._together(people), now), now)
        day = digests.day_due(self._book.note("daily"), self._section, now)
        if day is not None:
            is_first = self._book.note("daily") is None
            self._book.write("daily", day)
            digests.forget(self._engine, now)
            if self._watch.in_season(now) and not is_first:
                states = [one for one in self._health.listed() if one.name in self._senders]
                heard = self._watch.last_heard(now)
                duty = self._together([one for one in people if one.duty != "grower"] or people)
                self._put(digests.daily(heard, live, states, self._writer, duty, now), now)

    def _together(self, people: Sequence[Contact]) -> digests.Together:
        """Return these people grouped by their channels that wake nobody."""
        return digests.together(people, lambda one: quiet_channels(one, self._senders), self._one_by_one())

    def _one_by_one(self) -> list[str]:
        return [name for name, sender in self._senders.items() if sender.one_by_one]

    def _put(self, messages: digests.Round, now: int) -> None:
        for (channel, _), one in messages.items():
            self._outbox.put(channel, one, False, now)

    def concerned(self) -> tuple[list[Contact], bool]:
        """Return the people, and whether frost is open. Raise SinkError."""
        return self._people.listed(), any(one.open and one.urgency == "frost" for one in self._book.live())


class Pass:
    """State that is read at most once in a pass."""

    def __init__(
        self, outbox: MessageOutbox, people: People, health: ChannelHealth, watch: Watch, offset_h: float, now: int
    ) -> None:
        self._outbox, self._people, self._health, self._watch = outbox, people, health, watch
        self._offset, self._now = offset_h, now

    @cached_property
    def people(self) -> dict[str, Contact]:
        """The people, by name."""
        return {one.name: one for one in self._people.listed()}

    @cached_property
    def hour(self) -> RoutingState:
        """Whether it is day, and which channels fail."""
        failing = (one.name for one in self._health.listed() if one.failing_us or one.is_busy(self._now))
        return RoutingState(is_day(self._watch.by_stations(self._now), self._offset), frozenset(failing))

    @cached_property
    def _counts(self) -> Mapping[str, int]:
        return self._outbox.counts(persons.night_of(self._now, self._offset), self._now)

    @cached_property
    def _warned(self) -> frozenset[str]:
        return self._outbox.warned(persons.night_of(self._now, self._offset), self._now)

    def ready(self, alarm: Alarm) -> list[str]:
        """Return who may be notified of an alarm."""
        return persons.ready(list(self.people.values()), alarm, self._watch.by_stations(self._now), self._offset)

    def is_heard(self, station: str) -> bool:
        """Return whether a station has a minute within HEARD_US."""
        return self._watch.is_measured_since(station, self._now - HEARD_US, self._now)

    def is_old(self, alarm: Alarm) -> bool:
        """Return whether a station's alarm has been reported, and nothing has arrived from that station for OLD_US."""
        known = alarm.said is not None and alarm.open and alarm.level <= alarm.escalation.told
        since = self._now - OLD_US
        return known and alarm.arrived_us < since and not self._watch.is_heard_since(alarm.station, since)

    def is_spared(self, name: str) -> bool:
        """Return whether somebody has reached the night's limit and was told that no more reminders come."""
        return self._counts.get(name, 0) >= MOST_A_NIGHT and name in self._warned

    def is_last(self, name: str) -> bool:
        """Return whether somebody's next message is the last reminder of the night."""
        return self._counts.get(name, 0) >= MOST_A_NIGHT - 1 and name not in self._warned
