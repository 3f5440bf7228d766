"""Why there is a gap in a station's minutes, in words for people."""

from __future__ import annotations

from edge.language import texts
from edge.language.texts import _, ngettext
from edge.records.answers import NotGood

MOST_NAMED = 4  # channels of one doubt


def cause(kind: str, records: int, why: object, undated: int = 0) -> str:
    """Return the words for a gap's cause, with the station's own reason where it has said one.

    `undated`: minutes without a time that arrived in it; how much of it they were measured in nobody knows.
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
    """Return what is so, and behind it a station's own reason where it has said one."""
    reason = reason_of(why)
    return _("{what}: {why}").format(what=what, why=reason) if reason else what


def doubt(span: NotGood) -> str:
    """Return the words for minutes that are here and not good, with the station's own reason; the API has all names."""
    channels = _(", ").join(map(texts.label, span.channels[:MOST_NAMED]))
    if more := len(span.channels[MOST_NAMED:]):  # a bus that is lost takes some twenty with it
        channels = ngettext("{channels} and {n} more", "{channels} and {n} more", more).format(
            channels=channels, n=more
        )
    if span.missing:
        what = ngettext("{n} minute without {channels}", "{n} minutes without {channels}", span.minutes)
    else:
        what = ngettext("{n} minute of {channels} not good", "{n} minutes of {channels} not good", span.minutes)
    return because(what.format(n=span.minutes, channels=channels), span.why)


def undated(count: int) -> str:
    """Return the words for minutes that are here and whose time nobody knows."""
    told = ngettext("{n} minute arrived whose time is not known", "{n} minutes arrived whose time is not known", count)
    return told.format(n=count)


def lying_over(count: int) -> str:
    """Return the words for minutes that begin where the one before has not ended."""
    return _(
        "{n} minutes overlap others: a second box sends in this station's name (was a card copied?), "
        "or times are still to be corrected"
    ).format(n=count)


def reason_of(why: object) -> str:
    """Return what a station says of something, in words; "" where it says nothing that is known here."""
    return texts.render_known(why)
