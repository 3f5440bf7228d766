"""The station's own state on its page: alerts, and lines about the box."""

from __future__ import annotations

from collections.abc import Iterator

from edge.language import destinations, texts
from edge.language.silent_sensors import bus_of, names, silences
from edge.language.texts import _, ngettext
from edge.language.worst import worst_words
from edge.page.markup import value_text
from edge.page.station_view import AlertLine, BoxLine
from edge.snapshots import AlertNow, ClockStatus, SensorSnapshot, StationStatus

BATTERY = "battery_voltage"
FURTHER = 3  # steps of a crop's rule below its critical temperature (edge/alerts/rules.py)


def alert_lines(facts: StationStatus) -> list[AlertLine]:
    """Return a line for each open alert, and for each blind rule."""
    return [line for one in facts.alerts for line in alert(one)]


def alert(one: AlertNow) -> Iterator[AlertLine]:
    """Yield the lines of one rule."""
    if one.step:
        worst = value_text(one.quantity, one.worst, one.unit)
        sentence = _("{what}: {worst}; step {step} of {steps}. {meaning}")
        values = {"what": texts.label(one.quantity), "worst": worst_words(one, worst)}
        meant = sentence.format(**values, step=one.step, steps=one.steps, meaning=meaning(one)).strip()
        yield AlertLine(texts.rule(one.rule), meant, False)
    if one.smoke is not None:
        smoke = value_text(one.quantity, one.smoke, one.unit)
        sentence = _("{what} {amount}: the smoke of frost fires, not bad air; the rule {rule} waits.")
        what = texts.label(one.quantity)
        yield AlertLine(texts.rule(one.rule), sentence.format(what=what, amount=smoke, rule=texts.rule(one.rule)), True)
    if one.blind:
        yield AlertLine(
            texts.rule(one.rule), _("This rule cannot be judged now: its input is missing or doubtful."), True
        )


def meaning(one: AlertNow) -> str:
    """Return the meaning of a step of a crop's rule; "" for another rule."""
    if not one.crop:
        return ""
    names = {"crop": texts.crop(one.crop), "stage": texts.stage(one.stage)}
    critical = one.steps - FURTHER
    if one.step < critical:
        sentence = _("Near the temperature that hurts {crop} at {stage}.")
    elif one.step == critical:
        sentence = _("At the temperature that hurts {crop} at {stage}.")
    else:
        sentence = _("Below the temperature that hurts {crop} at {stage}.")
    assumed = _(" No stage has been set: the most sensitive one is assumed.") if one.assumed else ""
    return sentence.format(**names) + assumed


def box_lines(facts: StationStatus, offset_s: int) -> list[BoxLine]:
    """Return the lines about the box itself, those that need attention first."""
    going = sent(facts, offset_s), *passed_on(facts, offset_s)
    found = [*troubles(facts), *sensors(facts.sensors), *going, *battery(facts), time(facts.clock)]
    return sorted(found, key=lambda line: not line.trouble)


def troubles(facts: StationStatus) -> Iterator[BoxLine]:
    """Yield lines about maintenance, and about trouble with the archive."""
    if facts.maintenance is not None:
        sentence = _("Under maintenance: {text}. What is measured now is kept, but not counted as weather.")
        yield BoxLine(sentence.format(text=texts.render(facts.maintenance)), True)
    if (trouble := facts.store.trouble) is not None:
        yield BoxLine(_("Local archive: {trouble}").format(trouble=texts.render(trouble)), True)


def sensors(found: list[SensorSnapshot]) -> Iterator[BoxLine]:
    """Yield a line for each completely silent bus, one for the other silent sensors, or one that all answer."""
    groups = [group for group, _why in silences(found)]
    for dead in (group for group in groups if group[1:]):
        sentence = _("Nothing on {place} answers ({names}): look at its fuse, its surge protector and its power.")
        yield BoxLine(sentence.format(place=bus_of(dead[0]), names=names(dead)), True)
    if alone := [group[0] for group in groups if not group[1:]]:
        yield BoxLine(_("Silent sensors: {names}").format(names=names(alone)), True)
    elif not found:
        yield BoxLine(_("No sensor is configured."), True)
    elif not groups:
        yield BoxLine(_("All sensors answer."))


def sent(facts: StationStatus, offset_s: int) -> BoxLine:
    """Return the line about what is not sent yet."""
    uplink, unsent = facts.uplink, facts.store.unsent
    if uplink is None:
        return BoxLine(_("No broker is configured: everything stays in the local archive."))
    if not unsent:
        return BoxLine(_("Everything is sent."))
    sentence = ngettext("{n} record is not sent yet", "{n} records are not sent yet", unsent).format(n=unsent)
    if (since := facts.store.unsent_since) is not None:
        sentence = _("{said}, the oldest of {when}").format(said=sentence, when=texts.when(since, offset_s / 3600))
    return BoxLine(sentence, not uplink.connected)


def passed_on(facts: StationStatus, offset_s: int) -> Iterator[BoxLine]:
    """Yield a line for each other platform that gets the records."""
    for state in facts.forward:
        trouble = state.trouble is not None and state.waiting > 0
        yield BoxLine(destinations.line(state, state.trouble, offset_s / 3600), trouble)


def battery(facts: StationStatus) -> Iterator[BoxLine]:
    """Yield a line with the battery's voltage, if it is measured."""
    minute = facts.minute
    if minute is not None and BATTERY in minute.values:
        flag = minute.quality.get(BATTERY, 3)
        amount = value_text(BATTERY, None if flag == 9 else minute.values[BATTERY], "V")
        word = "" if flag == 1 else _(" ({reason})").format(reason=texts.flag_word(flag))
        yield BoxLine(_("Battery {amount}").format(amount=amount) + word, flag != 1)


def time(clock: ClockStatus) -> BoxLine:
    """Return the line about the source of the time."""
    source = texts.clock_source(clock.source)
    if clock.error is None:
        return BoxLine(_("Time: {source}").format(source=source), True)
    error = f"{max(clock.error, 0.1):.1f}"
    return BoxLine(_("Time: {source}, ±{error} s").format(source=source, error=error), clock.trouble is not None)
