"""Values and seconds as integers from which the exact digits can be restored; ValueError if there are none."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from itertools import repeat
from operator import mul, truediv
from typing import cast

import msgspec

from edge.northbound.columns import MICRO, TableChannel
from edge.northbound.steps import Whole
from edge.records.record import MOST

FURTHEST = MOST // 2  # from 0, so that no step from one number to any other is too large
MOST_NUMBERS = 2048  # cached for one channel
NUMBER = msgspec.json.Decoder(float | None)


class Numbers(dict[bytes, int | None]):
    """The integers of one channel by their JSON in a body, `"name":21.4`; each is computed once and cached."""

    def __init__(self, channel: TableChannel) -> None:
        self._begin = msgspec.json.encode(channel.name) + b":"
        self._scale = 10**channel.decimals

    def __missing__(self, pair: bytes) -> int | None:
        """Return the integer that restores exactly this text. Raise ValueError, MsgspecError, OverflowError."""
        if not pair.startswith(self._begin):
            raise ValueError(pair)
        text = pair[len(self._begin) :]
        number = NUMBER.decode(text)
        whole = None if number is None else round(number * self._scale)
        if whole is not None and abs(whole) > FURTHEST:
            raise ValueError(pair)
        if msgspec.json.encode(None if whole is None else whole / self._scale) != text:
            raise ValueError(pair)
        if len(self) >= MOST_NUMBERS:
            self.clear()
        self[pair] = whole
        return whole


def micro(seconds: Sequence[float | None]) -> Whole:
    """Return seconds as the microseconds that restore exactly the same floats. Raise ValueError, OverflowError."""
    if len(seconds) > 1 and seconds[0] and seconds[0] == seconds[-1] and len({*seconds}) == 1:
        return micro(seconds[:1]) * len(seconds)  # as durations are; 0 and -0 would be one
    try:
        there = array("d", cast(Sequence[float], seconds))
    except TypeError:  # a hole; looking for one first would take as long as everything else
        numbers = iter(micro([number for number in seconds if number is not None]))
        return [None if number is None else next(numbers) for number in seconds]
    whole = [*map(round, map(mul, there, repeat(float(MICRO))))]
    if not are_near(whole) or array("d", map(truediv, whole, repeat(MICRO))).tobytes() != there.tobytes():
        raise ValueError(seconds)
    return [*whole]


def are_near(whole: Collection[int]) -> bool:
    """Return whether no step from one of these numbers to another can be too large."""
    return not whole or (max(whole) <= FURTHEST and min(whole) >= -FURTHEST)
