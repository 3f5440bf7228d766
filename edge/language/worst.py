"""How the worst value of an alert is called."""

from __future__ import annotations

from edge.language.texts import _
from edge.snapshots import AlertNow


def worst_words(alert: AlertNow, amount: str) -> str:
    """Return the worst value since an alert was raised (`amount`, as it is shown) as the lowest or the highest.

    What has no unit is a count, and is told in whole numbers.
    """
    if not alert.unit and alert.worst is not None:
        return _("at most {amount}").format(amount=f"{alert.worst:.0f}")
    words = _("lowest {amount}") if alert.below else _("highest {amount}")
    return words.format(amount=amount)
