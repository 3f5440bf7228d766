"""A change of an alert in words, for the journal."""

from __future__ import annotations

from drivers.reason import Reason
from edge.records.bodies import Alert


def in_words(turn: Alert) -> Reason:
    """Return a turn in words."""
    gaps: dict[str, str | int] = {"rule": turn.rule, "step": turn.step, "steps": turn.steps}
    words = {
        "raised": Reason("alert_raised", "{rule}: raised, step {step} of {steps}", **gaps),
        "worse": Reason("alert_worse", "{rule}: worse, step {step} of {steps}", **gaps),
        "better": Reason("alert_better", "{rule}: better, step {step} of {steps}", **gaps),
        "cleared": Reason("alert_cleared", "{rule}: cleared", **gaps),
        "blind": Reason("alert_blind", "{rule}: its input is missing or doubtful", **gaps),
        "seeing": Reason("alert_seeing", "{rule}: its input is available again", **gaps),
        "ended": Reason("alert_ended", "{rule}: ended, the rule is no longer in the file", **gaps),
    }
    newer = Reason("alert_turned", "{rule}: {turn}, step {step} of {steps}", turn=turn.turn, **gaps)
    return words.get(turn.turn, newer)
