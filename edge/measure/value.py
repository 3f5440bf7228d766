"""The value of a channel in one minute, and how a check at the end of the minute raises its flag."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from drivers.reason import Reason
from edge.measure.quality import Flag
from edge.records.channel_name import ChannelName


class Value(msgspec.Struct, frozen=True, gc=False):
    """A number at reporting resolution or None, its flag, and the reason if that is not 1."""

    value: float | None
    flag: Flag
    reason: Reason | None = None


def raised(values: Mapping[str, Value], doubts: Mapping[str, Reason]) -> dict[str, Value]:
    """Return the values, with doubted ones that had passed now suspect; no number changes, no flag is lowered."""
    return {
        name: Value(value.value, Flag.SUSPECT, doubts[name])
        if name in doubts and value.value is not None and value.flag in (Flag.PASS, Flag.NOT_EVALUATED)
        else value
        for name, value in values.items()
    }


def beside(channel: ChannelName, of: str, values: Mapping[str, Value]) -> float | None:
    """Return a good value of another quantity: the same sensor's, or the primary one's; None if there is none."""
    for name in (channel.beside(of), of):
        value = values.get(name)
        if value is not None and value.value is not None and value.flag is Flag.PASS:
            return value.value
    return None
