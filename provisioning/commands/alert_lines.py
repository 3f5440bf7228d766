"""Alerts in `status`: those that are open, the rules that are blind, the horn, who is notified."""

from __future__ import annotations

from collections.abc import Iterable

from edge.language import texts
from edge.language.texts import _
from edge.language.worst import worst_words
from edge.snapshots import AlertNow, HornSnapshot, NotifySnapshot, StationStatus


def alarm_lines(facts: StationStatus) -> list[str]:
    """Return the lines about a station's alerts, its horn, and its own notifications."""
    alerts = [_("Alert: {what}").format(what=line) for line in alert_lines(facts.alerts)]
    return [*alerts, *horn_lines(facts.horn), *notify_lines(facts.notify)]


def alert_lines(found: Iterable[AlertNow]) -> list[str]:
    """Return a line for each open alert, and each blind rule."""
    return [line for one in found for line in alert(one)]


def alert(one: AlertNow) -> list[str]:
    """Return the lines of one rule."""
    words = _(" ({crop}: {stage}, assumed)") if one.assumed else _(" ({crop}: {stage})")
    stage = one.stage and words.format(crop=texts.crop(one.crop), stage=texts.stage(one.stage))
    lines = []
    if one.step:
        worst = one.worst
        amount = "–" if worst is None else f"{worst:.1f} {texts.unit(one.unit)}"
        words = _("{rule}: {what}, {worst}, step {step} of {steps}{stage}")
        values = {"rule": texts.rule(one.rule), "what": texts.label(one.quantity), "worst": worst_words(one, amount)}
        lines.append(words.format(**values, step=one.step, steps=one.steps, stage=stage))
    if one.smoke is not None:
        words = _("{what} {amount}: the smoke of frost fires, not bad air; the rule {rule} waits.")
        amount = f"{one.smoke:.0f} {texts.unit(one.unit)}"
        lines.append(words.format(what=texts.label(one.quantity), amount=amount, rule=texts.rule(one.rule)))
    if one.blind:
        lines.append(
            _("The rule {rule} cannot be judged: its input is missing or doubtful.").format(rule=texts.rule(one.rule))
        )
    return lines


def named(rules: Iterable[str]) -> str:
    """Return the names of rules in words."""
    return _(", ").join(texts.rule(rule) for rule in rules)


def horn_lines(found: HornSnapshot | None) -> list[str]:
    """Return the state of the horn; nothing where there is none, or it is idle."""
    if found is None:
        return []
    silenced = found.silenced
    calling = [rule for rule in found.rules if rule not in silenced]
    lines = []
    if found.trouble:
        lines.append(_("Horn: not available: {why}").format(why=texts.in_full(found.trouble)))
    if found.on:
        lines.append(_("Horn: sounds ({rules})").format(rules=named(calling)) if calling else _("Horn: sounds"))
    elif calling and found.rests_s:
        rest = texts.duration(max(found.rests_s, 1.0))
        lines.append(_("Horn: pauses for {time}, then sounds again ({rules})").format(time=rest, rules=named(calling)))
    if silenced:
        lines.append(_("Horn: silenced ({rules})").format(rules=named(silenced)))
    return lines


def notify_lines(found: NotifySnapshot | None) -> list[str]:
    """Return what a station itself notifies people of now, and which of its channels fail."""
    if found is None:
        return []
    lines = []
    if found.rules:
        lines.append(_("The station itself notifies people: {rules}").format(rules=named(found.rules)))
    for one in found.channels:
        if one.trouble:
            words = _('Channel "{name}" does not accept messages: {why}')
            lines.append(words.format(name=one.name, why=texts.render(one.trouble)))
    return lines
