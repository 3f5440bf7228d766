"""Growers' rules in words, as commands and pages say them."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.language.texts import _
from edge.language.words import VERDICT_INPUTS, VERDICT_RULES, VERDICT_STATES
from edge.measure.derived.hourly import FIGURES


def rule_words(rule: str) -> str:
    """Return what a rule asks."""
    return _(VERDICT_RULES[rule])


def state_words(state: str) -> str:
    """Return what a rule says."""
    return _(VERDICT_STATES[state])


def made_from(inputs: Mapping[str, float | None]) -> str:
    """Return the inputs that are known, each with its name and unit."""
    return _(", ").join(input_words(name, value) for name, value in inputs.items() if value is not None)


def input_words(name: str, value: float) -> str:
    """Return an input with its name."""
    if name in VERDICT_INPUTS:
        return _("{name} {value}").format(name=_(VERDICT_INPUTS[name]), value=f"{value:.1f}")
    known = FIGURES.get(name) or QUANTITIES[name]
    words = f"{known.rounded(value):g} {texts.unit(known.unit)}".rstrip()
    return _("{name} {value}").format(name=texts.label(name), value=words)
