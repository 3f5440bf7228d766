"""The channels by which somebody is notified: pure.

Waking channels are used first: at night at once for frost and weather, by day only for a repeat or where the quiet ones
fail. All-clear, upkeep, and late alerts other than frost wake nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from edge.delivery.message import Sender
from hub.alarms.alarm import Alarm
from hub.alarms.escalation import Telling
from hub.alarms.people import Contact


class RoutingState(msgspec.Struct, frozen=True):
    """What routing depends on beside the alarm: whether it is day, and which channels fail now."""

    by_day: bool
    failing: frozenset[str]


def channels_for(
    person: Contact, alarm: Alarm, telling: Telling, hour: RoutingState, senders: Mapping[str, Sender]
) -> list[str]:
    """Return the channels by which a person is notified, waking ones first."""
    there = [name for name in person.channels if name in senders and not _is_itself(alarm, name)]
    waking = [name for name in there if senders[name].wakes]
    quiet = [name for name in there if not senders[name].wakes]
    if telling.why == "cleared" or alarm.urgency == "upkeep" or (alarm.late and alarm.urgency != "frost"):
        return quiet
    fails = hour.failing >= frozenset(quiet)
    if not quiet or not hour.by_day or telling.hurry or fails or telling.why in ("repeat", "still", "worse"):
        return waking + quiet
    return quiet


def over_by(
    reached: Mapping[str, Collection[str]], people: Mapping[str, Contact], senders: Mapping[str, Sender], by_day: bool
) -> dict[str, list[str]]:
    """Return by channel whom to notify of an alarm's end: by the quiet channels that reached them.

    Somebody reached only by a waking channel gets it by another quiet one; without any, by the waking one, by day.
    """
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for names in reached.values() for name in names):
        came_by = [channel for channel, names in reached.items() if name in names and channel in senders]
        ways = [channel for channel in came_by if not senders[channel].wakes]
        ways = ways or (quiet_channels(people[name], senders) if name in people else [])
        for channel in ways or (came_by if by_day else ()):
            found.setdefault(channel, []).append(name)
    return found


def quiet_channels(person: Contact, senders: Mapping[str, Sender]) -> list[str]:
    """Return the channels of a person that wake nobody."""
    return [name for name in person.channels if name in senders and not senders[name].wakes]


def _is_itself(alarm: Alarm, channel: str) -> bool:
    """Return whether the alarm is about this very channel."""
    return alarm.what == "channel" and alarm.quiet is not None and alarm.quiet.channel == channel
