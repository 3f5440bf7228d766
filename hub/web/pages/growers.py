"""Growers' rules of a station: what each says now, why, what it was made from, and whose it is."""

from __future__ import annotations

from typing import NamedTuple

from edge.language import texts
from edge.language.texts import _
from edge.language.verdicts import made_from, rule_words, state_words
from edge.measure.derived.verdict import Verdict
from hub.growers import verdicts
from hub.web.arguments import OfStation
from hub.web.handlers import station as state_of
from hub.web.pages.station import of_station
from hub.web.table import Asked, PageAnswer


class Answer(NamedTuple):
    """What a rule says: its question, its state (a code and a word), the reasons, the inputs, and the source."""

    rule: str
    code: str
    state: str
    why: list[str]
    made: str
    source: str


def show(asked: Asked, said: OfStation) -> PageAnswer:
    """Return what each rule says."""
    offset = state_of(asked, said).utc_offset_s
    answers = [answer(one) for one in verdicts(asked.engine, said.station, asked.now_us)]
    return of_station(asked, said.station, "growers.html", _("For growers"), {"answers": answers}, offset)


def answer(one: Verdict) -> Answer:
    """Return a rule's word as people read it."""
    why = [texts.render(reason) for reason in one.why]
    source = texts.render(one.source)
    return Answer(rule_words(one.rule), one.state, state_words(one.state), why, made_from(one.inputs), source)
