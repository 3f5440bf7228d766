"""What `status` says of alerts: those that are open, and the rules that know nothing."""

from __future__ import annotations

from typing import Any

from edge.language import texts
from edge.language.texts import _


def alert_lines(found: list[dict[str, Any]]) -> list[str]:
    """Return a line for each alert that is open, and each rule that knows nothing."""
    return [line for one in found for line in alert(one)]


def alert(one: dict[str, Any]) -> list[str]:
    """Return the lines of one rule."""
    words = _(" ({crop}: {stage}, assumed)") if one["assumed"] else _(" ({crop}: {stage})")
    stage = one["stage"] and words.format(crop=texts.crop(one["crop"]), stage=texts.stage(one["stage"]))
    said = []
    if one["step"]:
        worst = one["worst"]
        amount = "–" if worst is None else f"{worst:.1f} {texts.unit(one['unit'])}".rstrip()
        words = _("{rule}: {what}, {amount} at worst, step {step} of {steps}{stage}")
        what = texts.label(one["quantity"])
        values = {"rule": one["rule"], "what": what, "amount": amount, "step": one["step"], "steps": one["steps"]}
        said.append(words.format(**values, stage=stage))
    if one["blind"]:
        said.append(_("The rule {rule} is blind: what it looks at is missing or doubtful.").format(rule=one["rule"]))
    return said
