"""Combined messages: alerts that ended before anybody was notified, and the stations' state each morning in season."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

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
from hub.station_clocks import vouched_time

GATHERED_US = 60_000_000  # for which late alerts are gathered into one message
RECENT_US = 7 * 86_400_000_000  # alerts that ended earlier are not reported
KEPT_US = 400 * 86_400_000_000  # for which messages, answers and alarms are stored
DAILY_HOUR = 7
Channels = Callable[[Contact], list[str]]
Together = Mapping[tuple[str, str], Sequence[Contact]]  # by channel, and by person if sent separately
Round = Mapping[tuple[str, str], OutgoingMessage]


def together(people: Sequence[Contact], channels: Channels, alone: Collection[str]) -> Together:
    """Return the groups of recipients: all of a channel, or each person where it is one of `alone`."""
    found: dict[tuple[str, str], list[Contact]] = {}
    for person in people:
        for channel in channels(person):
            found.setdefault((channel, person.name if channel in alone else ""), []).append(person)
    return found


def summary(over: Sequence[Alarm], people: Sequence[Contact], writer: AlarmWriter, told: Together, now: int) -> Round:
    """Return the messages about alerts that ended unreported: each group is told what concerns any of its members.

    Growers are told of upkeep only where `people` are all growers.
    """
    growers_alone = all(one.duty == "grower" for one in people)

    def is_for(person: Contact, one: Alarm) -> bool:
        upkeep = one.urgency == "upkeep" and person.duty == "grower" and not growers_alone
        return concerns(person, one.station) and not upkeep

    found = {}
    for key, group in told.items():
        to = [person for person in group if any(is_for(person, one) for one in over)]
        theirs = [one for one in over if any(is_for(person, one) for person in to)]
        if not theirs:
            continue
        words = writer.words(to[0].language)
        if all(one.late for one in theirs):
            head = words.say(N_("[Late] alerts received only now, and already over: {n}"), n=len(theirs))
        else:
            head = words.say(N_("[Over] alerts that were over before anybody was told: {n}"), n=len(theirs))
        lines = [writer.episode(words, one, now) for one in sorted(theirs, key=lambda one: one.changed_us)]
        found[key] = OutgoingMessage([one.name for one in to], kind="summary", lines=[head, *lines])
    return found


def day_due(last: object, section: AlarmsSection, now: int) -> str | None:
    """Return the day whose message is due; None where it was sent."""
    day = f"{local(now, section.utc_offset_h) - timedelta(hours=DAILY_HOUR):%Y-%m-%d}"
    return day if day != last else None


def daily(
    heard: Sequence[LastHeard],
    live: Sequence[Alarm],
    states: Sequence[ChannelState],
    writer: AlarmWriter,
    told: Together,
    now: int,
) -> Round:
    """Return the daily message: how many stations are in order, which are not, and when each channel last worked."""
    ill = {one.station: one for one in live if one.open and one.station}
    found = {}
    for key, to in told.items():
        theirs = [one for one in heard if any(concerns(person, one.station) for person in to)]
        words = writer.words(to[0].language)
        well = sum(one.station not in ill for one in theirs)
        lines = [words.say(N_("[Daily] {well} of {n} stations in order"), well=well, n=len(theirs))]
        lines += [writer.episode(words, ill[one.station], now) for one in theirs if one.station in ill]
        for state in states:
            at = clock_time(state.ok_us, now, writer.offset_h, words) if state.ok_us else words.say(N_("never"))
            lines.append(words.say(N_('channel "{name}" last worked: {time}'), name=state.name, time=at))
        found[key] = OutgoingMessage([one.name for one in to], kind="daily", lines=lines)
    return found


def forget(engine: Engine, now: int) -> None:
    """Delete messages, answers and alarms older than KEPT_US, within a transaction; none while no station is heard."""
    vouched = vouched_time(engine, now)
    if vouched is None:
        return
    before = (vouched - KEPT_US,)
    engine.query("DELETE FROM alarm_attempt WHERE tried < %s", before)
    engine.query("DELETE FROM alarm_about WHERE message IN (SELECT id FROM alarm_message WHERE made < %s)", before)
    engine.query("DELETE FROM alarm_message WHERE made < %s", before)
    engine.query("DELETE FROM alarm WHERE live = 0 AND changed < %s", before)
