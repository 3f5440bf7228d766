"""Values and seconds as integers that restore the exact digits; ValueError if there are none."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from itertools import repeat
from operator import mul, truediv

import msgspec

from edge.northbound.columns import MICRO, TableChannel
from edge.northbound.steps import Whole
from edge.records.record import MOST

FURTHEST = MOST // 2  # from 0, so that a step from one number to any other is none too large
MOST_NUMBERS = 512  # of one channel, that are remembered
NUMBERS = msgspec.json.Decoder(list[float | None])


class Numbers(dict[bytes, int | None]):
    """The whole numbers of one channel by what stands in a body, `"name":21.4`; each is reckoned once."""

    def __init__(self, channel: TableChannel) -> None:
        self._begin = msgspec.json.encode(channel.name) + b":"
        self._scale = 10**channel.decimals

    def column(self, told: Sequence[bytes]) -> Whole:
        """Return the numbers that come to the very same texts. Raise ValueError, MsgspecError, OverflowError."""
        try:
            return [*map(self.__getitem__, told)]
        except KeyError:
            new = {*told}
        if len(self) + len(new) > MOST_NUMBERS:
            self.clear()
        self._learn([*new.difference(self)])
        return [*map(self.__getitem__, told)]

    def _learn(self, told: list[bytes]) -> None:
        """Reckon what some texts stand for, all at once."""
        joined = b",".join(told)
        texts = joined.replace(self._begin, b"")
        numbers = NUMBERS.decode(b"[%b]" % texts)
        whole = [None if number is None else round(number * self._scale) for number in numbers]
        if not are_near([number for number in whole if number is not None]):
            raise ValueError(joined)
        written = msgspec.json.encode([None if number is None else number / self._scale for number in whole])
        if written != b"[%b]" % texts or self._begin + texts.replace(b",", b"," + self._begin) != joined:
            raise ValueError(joined)
        self.update(zip(told, whole, strict=True))


def micro(seconds: Sequence[float | None]) -> Whole:
    """Return seconds as microseconds that come to the very same floats. Raise ValueError, OverflowError."""
    if len(seconds) > 1 and seconds[0] and len({*seconds}) == 1:  # as durations are; 0 and -0 would be one
        return micro(seconds[:1]) * len(seconds)
    there = array("d", [0.0 if number is None else number for number in seconds])
    whole = list(map(round, map(mul, there, repeat(float(MICRO)))))
    if not are_near(whole) or array("d", map(truediv, whole, repeat(MICRO))).tobytes() != there.tobytes():
        raise ValueError(seconds)
    return [None if old is None else new for old, new in zip(seconds, whole)] if None in seconds else [*whole]


def are_near(whole: Collection[int]) -> bool:
    """Return whether the step from each of these numbers to any other is none too large."""
    return not whole or (max(whole) <= FURTHEST and min(whole) >= -FURTHEST)
