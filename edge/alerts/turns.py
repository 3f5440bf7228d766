"""A turn of an alert in words, for the journal."""

from __future__ import annotations

from drivers.reason import Reason
from edge.records.bodies import Alert

TURNS = {
    "raised": Reason("alert_raised", "{rule}: raised, step {step} of {steps}"),
    "worse": Reason("alert_worse", "{rule}: worse, step {step} of {steps}"),
    "better": Reason("alert_better", "{rule}: better, step {step} of {steps}"),
    "cleared": Reason("alert_cleared", "{rule}: cleared"),
    "blind": Reason("alert_blind", "{rule}: what it looks at is missing or doubtful"),
    "seeing": Reason("alert_seeing", "{rule}: what it looks at is there again"),
    "ended": Reason("alert_ended", "{rule}: ended, the rule is no longer in the file"),
}


def in_words(turn: Alert) -> Reason:
    """Return what a turn means."""
    return TURNS[turn.turn].having(rule=turn.rule, step=turn.step, steps=turn.steps)
