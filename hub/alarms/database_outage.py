"""Notify people of an outage of the hub's database: those known last, once by each of their channels.

They are notified after PATIENCE_S, as a restart is no outage, and again when it is over. Those on duty are notified;
while frost is open, everybody, also by channels that wake. If no message gets through, the missing heartbeat tells.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence

from drivers.clock import Clock
from drivers.reason import Reason
from edge.delivery.message import Message, Sender
from edge.delivery.short import short_word
from edge.delivery.texts import BACK, HEAD, HUB_FAILS, begun
from edge.language.spoken import Spoken
from edge.language.words import N_
from hub.alarms.people import Contact

log = logging.getLogger("minshan.alarms")
PATIENCE_S = 300.0
NOBODY = Reason("nobody_notified", "nobody has been notified of alerts for {minutes} min: {why}", minutes=0, why="")
AWAY = N_(
    "the hub's database has been unavailable for {minutes} min: {why}; nobody is notified of alerts until it is back"
)
THERE = N_("the hub's database is available again")


class DatabaseOutage:
    """Watches one hub's database; used from the deciding lane."""

    def __init__(self, senders: Mapping[str, Sender], clock: Clock) -> None:
        self._senders, self._clock = senders, clock
        self._people: list[Contact] = []
        self._is_frost = self._told = False
        self._since: float | None = None

    def note_pass(self, people: Sequence[Contact], is_frost: bool, unkept: Reason | None = None) -> None:
        """Note a successful pass of this hub, and whom to notify; report the end of a reported outage.

        `unkept`: why the database stores no records nevertheless: on a full disk, existing rows can still be updated.
        """
        self._people, self._is_frost = list(people), is_frost
        if unkept is None:
            self._ended()
        else:
            self.note_failure(unkept)

    def stand_by(self) -> None:
        """Note that another hub has the lease, so the database is available; report the end of a reported outage."""
        self._ended()
        self._people = []

    def note_failure(self, why: Reason) -> None:
        """Note a failed pass; report the outage once it has lasted PATIENCE_S."""
        now = self._clock.now()
        if self._since is None:
            self._since = now
        if not self._told and now - self._since >= PATIENCE_S:
            self._told = True
            log.warning("%s", NOBODY.having(minutes=self._minutes(), why=why))
            self._tell(why)

    def _ended(self) -> None:
        if self._told:
            self._tell(None)
        self._since, self._told = None, False

    def _minutes(self) -> int:
        return round((self._clock.now() - (self._since or 0.0)) / 60.0)

    def _tell(self, why: Reason | None) -> None:
        """Notify people by their channels; `why` None: that it is over."""
        duty = [one for one in self._people if one.duty != "grower"] or self._people
        for person in self._people if self._is_frost else duty:
            words = Spoken(person.language)
            for name in person.channels:
                sender = self._senders.get(name)
                if sender is not None and (not sender.wakes or (self._is_frost and why is not None)):
                    sender.send(self._message(person, words, why, sender.wakes))

    def _message(self, person: Contact, words: Spoken, why: Reason | None, wakes: bool) -> Message:
        if why is None:
            line = words.say(HEAD, what=words.say(BACK)) + words.say(THERE)
        else:
            away = words.say(AWAY, minutes=self._minutes(), why=words.reason(why))
            line = words.say(HEAD, what=words.say(HUB_FAILS)) + away
        return Message(
            secrets.token_hex(8),
            begun([line]),
            "",
            "{n}",
            (person.recipient,),
            "hub",
            wakes,
            short_word("hub" if why is not None else "hub back"),
        )
