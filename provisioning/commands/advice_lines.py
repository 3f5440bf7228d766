"""What `status` says of the growers' rules: a line each, with the first cause; `minshan advice` says all of it."""

from __future__ import annotations

from typing import Any

from edge.language import texts
from edge.language.texts import _
from edge.language.verdicts import rule_words, state_words

SEASON = "season"  # status says what it came to beside the newest hour


def brief(verdicts: list[dict[str, Any]]) -> list[str]:
    """Return a line for each rule, and where the rest is said; nothing where nothing is known of any."""
    said = [verdict for verdict in verdicts if verdict["rule"] != SEASON]
    if all(verdict["state"] == "unknown" for verdict in said):
        return []
    return ["", *map(line, said), _("More, with inputs and sources: minshan advice")]


def line(verdict: dict[str, Any]) -> str:
    """Return a rule's word with its first cause."""
    said = _("{rule}: {state}").format(rule=rule_words(verdict["rule"]), state=state_words(verdict["state"]))
    why = [texts.render_value(reason) for reason in verdict["why"][:1]]
    return _("{before} ({why})").format(before=said, why=why[0]) if why else said
