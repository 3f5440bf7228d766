"""Words about alarms and visits for commands and pages."""

from __future__ import annotations

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.language.texts import _
from edge.records.channel_name import ChannelName
from hub.alarms.visits import Visit


def cause_words(visit: Visit) -> str:
    """Return the cause of a visit in words, with its sensors or cameras."""
    words = {
        "silent": _("it reports nothing"),
        "battery": _("the battery is low"),
        "bus": _("a whole bus is silent: look at its surge protector and fuse"),
        "sensor_silent": _("a sensor is silent"),
        "sensor_doubtful": _("a sensor reports doubtful values"),
        "card": _("the station's card takes no records"),
        "two_boxes": _("a second box sends in this station's name (was a card copied?)"),
        "camera": _("pictures have faults"),
    }
    what = _(" ({word})").format(word=_(", ").join(map(named, visit.what))) if visit.what else ""
    return words.get(visit.cause, visit.cause) + what


def named(thing: str) -> str:
    """Return the name of a sensor or camera; a channel without a known sensor by the name of its quantity."""
    return texts.label(thing) if ChannelName.parse(thing).quantity in QUANTITIES else thing


def duty_word(duty: str) -> str:
    """Return a duty in a word."""
    words = {"grower": _("grower"), "technician": _("technician"), "operator": _("operator")}
    return words.get(duty, duty)


def fate_word(fate: str | None) -> str:
    """Return the result of an attempt in words; None: it is in progress."""
    words = {
        "delivered": _("delivered"),
        "refused": _("refused"),
        "busy": _("accepts no more for now"),
        "failed": _("not delivered"),
        "unknown": _("not known whether it arrived"),
    }
    return _("under way") if fate is None else words.get(fate, fate)
