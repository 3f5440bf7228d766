"""The wording of the station's own notifications: the hub's sentences, and a note that the station sent them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge.alerts.alerts import End, end_of, minutes
from edge.alerts.measures import SPAN, ChannelMeasure, FallMeasure, good
from edge.config.sections import Config
from edge.delivery.facts import AlertFacts, facts_of
from edge.delivery.message import Message, Recipient
from edge.delivery.short import short_of, short_word
from edge.delivery.texts import begun, sentence
from edge.delivery.urgency import URGENCIES
from edge.language.spoken import Lang, Spoken
from edge.language.texts import sentences
from edge.language.words import N_
from edge.notify.cases import Case
from edge.notify.reach import Reach
from edge.records.record import Kind
from edge.store.store import Store

LATE_S = 300.0  # after the time that the hub has
LEAST_FALL = 0.1  # K an hour
TRIAL = N_("[Test] This is a test message: nothing has happened")
HUB_SILENT = N_("Sent by the station itself: the platform has not answered.")
NO_HUB = N_("Sent by the station itself.")
AGAIN = N_("(you may have received this before)")


class NotifyWriter:
    """Writes a station's messages."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config, self._store = config, store
        self._name = config.station.title or config.station.id
        self._late_s = LATE_S + (config.notify.after_min * 60.0 if config.broker else 0.0)

    def message(
        self, name: str, cases: Sequence[Case], to: Sequence[Recipient], lang: Lang, now: int, wakes: bool, again: bool
    ) -> Message:
        """Return a message about alerts; `now`: microseconds UTC, 0 if unknown. Raise StoreError."""
        words = Spoken(lang)
        worst = sorted(cases, key=lambda one: (URGENCIES.index(one.urgency), -one.said.step, one.seq))
        facts = [self._facts(case, now) for case in worst]
        tail = words.say(HUB_SILENT if self._config.broker else NO_HUB)
        tail = sentences(tail, words.say(AGAIN) if again else "")
        lines = begun([sentence(words, one) for one in facts])
        more = words.say(N_("and {n} more"), n="{n}")
        short = short_of(facts[0], self._config.station.id)
        return Message(name, lines, tail, more, tuple(to), facts[0].what, wakes, short)

    def is_late(self, case: Case, now: int) -> bool:
        """Return whether a turn is reported long after it happened."""
        return case.utc is not None and now > 0 and now - case.utc > self._late_s * 1e6

    def trial(self, name: str, to: Sequence[Recipient], reach: Reach) -> Message:
        """Return a test message."""
        words = Spoken(reach.lang)
        lines = begun([words.say(N_("{before}, {after}"), before=words.say(TRIAL), after=self._name)])
        return Message(name, lines, words.say(NO_HUB), "", tuple(to), "test", reach.wakes, short_word("test"))

    def _facts(self, case: Case, now: int) -> AlertFacts:
        found = facts_of(case.said, self._name, case.utc, now, self._config.site.utc_offset_h)
        found = msgspec.structs.replace(found, late=self.is_late(case, now))
        if found.what != "frost" or not case.said.step:
            return found
        air, fall = air_at(self._store, case.said.minute)
        return msgspec.structs.replace(found, air=air, fall=fall)


def air_at(store: Store, seq: int) -> tuple[float | None, float | None]:
    """Return the air temperature of that minute, degC, and its fall over the half hour before, K/h; None: unknown.

    Raise StoreError.
    """
    measure, before, air, slope = FallMeasure(ChannelMeasure("air_temperature")), None, None, None
    last: End | None = before
    for record in (one for one in store.range(max(1, seq - 2 * SPAN), seq) if one.kind == Kind.MINUTE):
        for minute in minutes(record, last):
            slope = measure.see(minute).value
            air = None if minute is None else good(minute, "air_temperature")
        last = end_of(record)
    return air, slope if slope is not None and slope >= LEAST_FALL else None
