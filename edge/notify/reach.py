"""Whom a station notifies through which channel: a robot all at once, a gateway or mail each person individually."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edge.alerts.rules import within
from edge.config.delivery import PersonSection
from edge.config.sections import Config
from edge.delivery.message import Recipient, Sender
from edge.delivery.urgency import Urgency, is_day, local
from edge.language.spoken import Lang
from edge.notify.cases import Case


class Reach(msgspec.Struct, frozen=True):
    """The people reached by one message of a channel. `key`: the channel's name, or that and a person's."""

    key: str
    channel: str
    people: tuple[PersonSection, ...]
    wakes: bool
    quiet_too: bool  # whether these people also have a channel that does not wake people
    lang: Lang

    def to(self, urgency: Urgency, now: int, offset_h: float) -> list[Recipient]:
        """Return those who may be told now (microseconds UTC; 0: unknown): of frost at any hour."""
        time = f"{local(now, offset_h):%H:%M}"
        ready = (one for one in self.people if urgency == "frost" or not now or within(one.hours, time, last_too=False))
        return [Recipient(one.name, one.phone or "", one.mail or "") for one in ready]

    def may_be_told(self, case: Case, is_late: bool, now: int, offset_h: float, has_hub: bool) -> bool:
        """Return whether they may be told of an alert now, by the hub's rules for this channel."""
        by_day = not now or is_day(now, offset_h)
        if case.urgency == "upkeep" and (has_hub or not by_day):
            return False
        if self.people and not self.to(case.urgency, now, offset_h):
            return False
        if not self.wakes or not self.quiet_too or case.urgency == "frost":
            return True
        return case.urgency == "weather" and not by_day and not is_late


def reaches(config: Config, senders: Mapping[str, Sender]) -> list[Reach]:
    """Return all reaches of a station's file, in its order."""
    found = []
    own: Lang = config.station.language or "zh"
    for name, sender in senders.items():
        people = [one for one in config.person if not one.channels or name in one.channels]
        if sender.one_by_one:
            groups: list[tuple[str, tuple[PersonSection, ...]]] = [
                (f"{name}/{one.name}", (one,)) for one in people if reached_by(one, config, name)
            ]
        else:
            groups = [(name, tuple(people))]
        for key, group in groups:
            quiet = any(not other.wakes for other in senders.values() if has(group, other.name))
            lang = group[0].language if group else own
            found.append(Reach(key, name, group, sender.wakes, quiet, lang))
    return found


def has(people: tuple[PersonSection, ...], channel: str) -> bool:
    """Return whether one of these people uses a channel."""
    return any(not one.channels or channel in one.channels for one in people)


def reached_by(person: PersonSection, config: Config, channel: str) -> bool:
    """Return whether a person has what an individual channel needs: a phone number, or a mail address."""
    kind = next(one.kind for one in config.channel if one.name == channel)
    return bool(person.mail if kind == "mail" else person.phone)
