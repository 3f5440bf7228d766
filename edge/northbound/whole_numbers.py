"""Values and seconds as integers that restore the exact digits; ValueError if there are none."""

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

FURTHEST = MOST // 2  # from 0, so that a step from one number to any other is none too large
MOST_NUMBERS = 2048  # of one channel, that are remembered
NUMBER = msgspec.json.Decoder(float | None)


class Numbers(dict[bytes, int | None]):
    """The whole numbers of one channel by what stands in a body, `"name":21.4`; each is reckoned once."""

    def __init__(self, channel: TableChannel) -> None:
        self._begin = msgspec.json.encode(channel.name) + b":"
        self._scale = 10**channel.decimals

    def __missing__(self, told: bytes) -> int | None:
        """Return the number that comes to the very same text. Raise ValueError, MsgspecError, OverflowError."""
        if not told.startswith(self._begin):
            raise ValueError(told)
        text = told[len(self._begin) :]
        number = NUMBER.decode(text)
        whole = None if number is None else round(number * self._scale)
        if whole is not None and abs(whole) > FURTHEST:
            raise ValueError(told)
        if msgspec.json.encode(None if whole is None else whole / self._scale) != text:
            raise ValueError(told)
        if len(self) >= MOST_NUMBERS:
            self.clear()
        self[told] = whole
        return whole


def micro(seconds: Sequence[float | None]) -> Whole:
    """Return seconds as microseconds that come to the very same floats. Raise ValueError, OverflowError."""
    if len(seconds) > 1 and seconds[0] and seconds[0] == seconds[-1] and len({*seconds}) == 1:
        return micro(seconds[:1]) * len(seconds)  # as durations are; 0 and -0 would be one
    try:
        there = array("d", cast(Sequence[float], seconds))
    except TypeError:  # a hole: to look for one first takes as long as all the rest
        numbers = iter(micro([number for number in seconds if number is not None]))
        return [None if number is None else next(numbers) for number in seconds]
    whole = [*map(round, map(mul, there, repeat(float(MICRO))))]
    if not are_near(whole) or array("d", map(truediv, whole, repeat(MICRO))).tobytes() != there.tobytes():
        raise ValueError(seconds)
    return [*whole]


def are_near(whole: Collection[int]) -> bool:
    """Return whether the step from each of these numbers to any other is none too large."""
    return not whole or (max(whole) <= FURTHEST and min(whole) >= -FURTHEST)
