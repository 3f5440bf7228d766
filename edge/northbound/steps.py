"""Delta encoding of integers as text: small steps take one letter each.

The first number is written out. `a` to `z` are steps of 1 to 26, `A` to `Z` of -1 to -26, `.` of 0; any other step is
written with its sign. `_` is a hole: the next step starts from the number before it. The number before the first is 0.
"2153..aB+40_a" is 2153, 2153, 2153, 2154, 2152, 2192, none, 2193.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
from operator import sub
from string import ascii_lowercase, ascii_uppercase
from typing import Annotated

from msgspec import Meta

from edge.wire.contract import MOST_RECORDS

Whole = list[int | None]
# 16 digits: the numbers that such steps lead to fit 64 bits. A digit can only follow a sign or begin the text, so that
# the encoding is unambiguous.
PATTERN = r"^([0-9]{1,16})?([A-Za-z.%s]|[+-][0-9]{1,16})*$(?!\n)"
MOST_LETTERS = 17 * MOST_RECORDS
Steps = Annotated[str, Meta(pattern=PATTERN % "", max_length=MOST_LETTERS)]
HoledSteps = Annotated[str, Meta(pattern=PATTERN % "_", max_length=MOST_LETTERS)]
HOLE = "_"
STEP = re.compile(r"[+-]?[0-9]+|.")
LETTERS: dict[int | None, str] = {
    None: HOLE,
    0: ".",
    **dict(enumerate(ascii_lowercase, 1)),
    **{-number: letter for number, letter in enumerate(ascii_uppercase, 1)},
}
NUMBERS = {letter: number for number, letter in LETTERS.items()}


class _Texts(dict[int | None, str]):
    """The text of each step; one without a letter is formatted once and cached."""

    def __missing__(self, step: int) -> str:
        text = self[step] = f"{step:+d}"
        return text


class _Numbers(dict[str, int | None]):
    """The step of each text, likewise cached."""

    def __missing__(self, text: str) -> int:
        step = self[text] = int(text)
        return step


def written(numbers: Sequence[int | None]) -> str:
    """Encode integers as text."""
    begin = str(numbers[0]) if numbers and numbers[0] is not None else ""
    steps = _between(numbers)
    return begin + "".join(map(_Texts(LETTERS).__getitem__, steps[1:] if begin else steps))


def read(text: str) -> Whole:
    """Decode a text that matches `HoledSteps`."""
    steps = [*map(_Numbers(NUMBERS).__getitem__, STEP.findall(text))]
    if HOLE not in text:
        return [*accumulate(steps)]
    numbers, before = Whole(), 0
    for step in steps:
        before += step or 0
        numbers.append(None if step is None else before)
    return numbers


def _between(numbers: Sequence[int | None]) -> Whole:
    """Return the first number and the steps between the others; a step leads over holes."""
    if None not in numbers:
        return [*numbers[:1], *map(sub, numbers[1:], numbers)]
    steps = _between([number for number in numbers if number is not None])
    at = -1
    for _ in range(len(numbers) - len(steps)):  # usually one hole: the minute in which the station started
        at = numbers.index(None, at + 1)
        steps.insert(at, None)
    return steps
