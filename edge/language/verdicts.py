"""Growers' rules in words, as commands and pages say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from drivers.quantity import QUANTITIES
from drivers.reason import restored
from edge.language import texts
from edge.language.texts import _
from edge.language.words import VERDICT_INPUTS, VERDICT_LIMITS, VERDICT_RULES, VERDICT_STATES
from edge.measure.derived.hourly import FIGURES
from edge.measure.derived.verdict import UNKNOWN, Verdict


class VerdictWords(NamedTuple):
    """A rule's question, its answer (a code and a word), why, the inputs, the thresholds, and whose they are."""

    rule: str
    code: str
    state: str
    why: list[str]
    inputs: list[str]
    limits: list[str]
    source: str


def verdict_words(verdict: Verdict) -> VerdictWords:
    """Return all that is said of a rule; a measured input that is missing is said to be not known."""
    return VerdictWords(
        rule_words(verdict.rule),
        verdict.state,
        state_words(verdict.state),
        [texts.render(reason) for reason in verdict.why],
        [input_words(*one) for one in verdict.inputs.items() if one[1] is not None or one[0] not in VERDICT_INPUTS],
        [limit_words(name, value) for name, value in verdict.thresholds.items()],
        texts.render(verdict.source),
    )


def restored_verdict(told: Mapping[str, Any]) -> Verdict:
    """Return a verdict that was told as plain values."""
    why = [restored(reason) for reason in told["why"]]
    return Verdict(told["rule"], told["state"], why, told["inputs"], told["thresholds"], restored(told["source"]))


def brief(found: list[Verdict]) -> list[str]:
    """Return a line for each rule with its first cause, but for the season; none where nothing is known of any."""
    said = [verdict for verdict in found if verdict.rule != "season"]
    return [] if all(verdict.state == UNKNOWN for verdict in said) else [line(verdict) for verdict in said]


def line(verdict: Verdict) -> str:
    """Return a rule's word with its first cause."""
    sentence = _("{rule}: {state}").format(rule=rule_words(verdict.rule), state=state_words(verdict.state))
    if not verdict.why:
        return sentence
    return _("{before} ({why})").format(before=sentence, why=texts.render(verdict.why[0]))


def rule_words(rule: str) -> str:
    """Return what a rule asks."""
    return _(VERDICT_RULES[rule])


def state_words(state: str) -> str:
    """Return what a rule says."""
    return _(VERDICT_STATES[state])


def input_words(name: str, value: float | None) -> str:
    """Return an input with its name and unit."""
    if name in VERDICT_INPUTS:
        return _(VERDICT_INPUTS[name]).format(value=f"{value:.1f}")
    known = FIGURES.get(name) or QUANTITIES[name]
    words = (
        state_words(UNKNOWN) if value is None else f"{round(value, 1) + 0.0:g} {texts.unit_sign(known.unit)}".rstrip()
    )
    return _("{name} {value}").format(name=texts.label(name), value=words)


def limit_words(name: str, value: float) -> str:
    """Return a threshold with its name."""
    return _(VERDICT_LIMITS[name]).format(value=f"{value:.1f}".removesuffix(".0"))
