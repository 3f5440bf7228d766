"""How the worst value of an alert is called."""

from __future__ import annotations

from edge.language.texts import _
from edge.snapshots import AlertNow


def worst_words(alert: AlertNow, amount: str) -> str:
    """Return the worst value since an alert was raised (`amount`, as it is shown) as the lowest or the highest."""
    if alert.below:
        return _("lowest {amount}").format(amount=amount)
    words = _("highest {amount}") if alert.unit else _("at most {amount}")  # without a unit it is a count
    return words.format(amount=amount)
