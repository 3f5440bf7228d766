"""Why a station's minutes have a gap or are not good, in words for people."""

from __future__ import annotations

from edge.language import texts
from edge.language.texts import _, ngettext
from edge.records.answers import NotGood

MOST_NAMED = 4  # channels of one doubt


def cause(kind: str, records: int, why: object, undated: int = 0) -> str:
    """Return the words for a gap's cause, with the station's own reason where it stated one.

    `undated`: minutes of unknown time that arrived in it; which part of the gap they cover is unknown.
    """
    words = {
        "off": _("the box was off"),
        "not_received": ngettext("{n} record not received", "{n} records not received", records),
        "lost": ngettext("{n} record lost", "{n} records lost", records),
        "not_measured": _("not measured"),
        "undated": ngettext(
            "only {n} minute arrived, whose time is not known",
            "only {n} minutes arrived, whose time is not known",
            undated,
        ),
        "silent": _("nothing has been heard from it"),
    }
    return because(words[kind].format(n=undated if kind == "undated" else records), why)


def because(what: str, why: object) -> str:
    """Return a statement, followed by the station's own reason where it stated one."""
    reason = reason_of(why)
    return _("{what}: {why}").format(what=what, why=reason) if reason else what


def doubt(span: NotGood) -> str:
    """Return the words for minutes that are not good, with the station's own reason; the API has all names."""
    channels = _(", ").join(map(texts.label, span.channels[:MOST_NAMED]))
    if more := len(span.channels[MOST_NAMED:]):  # a lost bus affects some twenty
        channels = ngettext("{channels} and {n} more", "{channels} and {n} more", more).format(
            channels=channels, n=more
        )
    if span.missing:
        what = ngettext("{n} minute without {channels}", "{n} minutes without {channels}", span.minutes)
    else:
        what = ngettext("{n} minute of {channels} not good", "{n} minutes of {channels} not good", span.minutes)
    return because(what.format(n=span.minutes, channels=channels), span.why)


def undated(count: int) -> str:
    """Return the words for minutes of unknown time."""
    told = ngettext("{n} minute arrived whose time is not known", "{n} minutes arrived whose time is not known", count)
    return told.format(n=count)


def overlapping(count: int) -> str:
    """Return the words for minutes that begin before the previous one has ended."""
    return _(
        "{n} minutes overlap others: a second box sends in this station's name (was a card copied?), "
        "or times are still to be corrected"
    ).format(n=count)


def reason_of(why: object) -> str:
    """Return a station's reason in words; "" where it states none that is known here."""
    return texts.render_known(why)
