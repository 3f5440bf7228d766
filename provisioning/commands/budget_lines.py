"""The month's mobile data in words: the estimate, what is used and left, and what is thinned."""

from __future__ import annotations

from edge.budget.thinning import ThinningStep
from edge.language.texts import _, ngettext
from edge.snapshots import BudgetSnapshot

MB = 1e6


def bill(budget: BudgetSnapshot) -> list[str]:
    """Return the lines about the budget of a station's status."""
    used, month = sum(budget.used.values()) / MB, budget.a_month / MB
    if budget.most is None:
        sentence = _("Mobile data: about {month} MB a month; {used} MB used since {date}.")
        if budget.first is None:
            sentence = _("Mobile data: about {month} MB a month; {used} MB used.")
        told = sentence.format(month=amount(month), used=amount(used), date=budget.first)
        return [told, _("The file has no [budget]: nothing is thinned, and each full photo is sent.")]
    sentence = _("Mobile data: about {month} MB a month; {used} of {most} MB used.")
    left = budget.days_left
    if left is not None:
        sentence = ngettext(
            "Mobile data: about {month} MB a month; {used} of {most} MB used, {n} day left.",
            "Mobile data: about {month} MB a month; {used} of {most} MB used, {n} days left.",
            round(left),
        )
    most = amount(budget.most / MB)
    found = [sentence.format(month=amount(month), used=amount(used), most=most, n=round(left or 0))]
    return [*found, *thinned(ThinningStep(budget.step), budget.live_every)]


def thinned(step: ThinningStep, live_every: int) -> list[str]:
    """Return a line about what is sent less often to stay within the budget."""
    if step is ThinningStep.NOTHING:
        return []
    parts = [_("full photos once a day")]
    if step >= ThinningStep.THUMBNAILS_HOURLY:
        parts.append(_("thumbnails once an hour"))
    if step >= ThinningStep.LIVE_5:
        parts.append(_("minutes {n} at a time").format(n=live_every))
    sentence = _("To make it last: {what}. Alerts, frost and what somebody asks for go at once; nothing is lost.")
    return [sentence.format(what=_(", ").join(parts))]


def amount(megabytes: float) -> str:
    """Return megabytes for people: without decimals from 100 on."""
    return f"{megabytes:.0f}" if megabytes >= 100 else f"{megabytes:.1f}"
