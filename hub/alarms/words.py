"""Words about alarms and visits that both commands and pages use."""

from __future__ import annotations

from drivers.quantity import QUANTITIES
from edge.language import texts
from edge.language.texts import _
from edge.records.channel_name import ChannelName
from hub.alarms.visits import Visit


def cause_words(visit: Visit) -> str:
    """Return why a station is to be visited, with what it is about."""
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
    """Return a sensor or camera by its own name, and a channel that is no known sensor's by that of its quantity."""
    return texts.label(thing) if ChannelName.parse(thing).quantity in QUANTITIES else thing


def duty_word(duty: str) -> str:
    """Return what somebody does at the stations."""
    words = {"grower": _("grower"), "technician": _("technician"), "operator": _("operator")}
    return words.get(duty, duty)


def fate_word(fate: str | None) -> str:
    """Return what became of a try of a message; None: nothing is known yet."""
    words = {
        "delivered": _("delivered"),
        "refused": _("refused"),
        "busy": _("accepts no more for now"),
        "failed": _("not delivered"),
        "unknown": _("not known whether it arrived"),
    }
    return _("under way") if fate is None else words.get(fate, fate)
