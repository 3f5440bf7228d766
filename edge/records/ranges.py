"""Set arithmetic on ranges of sequence numbers: what a destination has is a few ranges, never a list of numbers.

`Ranges` is a tuple of (first, last), both included, sorted, disjoint and not adjacent, so that equal sets are equal
tuples. Every function takes and returns such tuples and is pure.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Ranges = tuple[tuple[int, int], ...]
NOTHING: Ranges = ()


def ranges(pairs: Iterable[tuple[int, int]]) -> Ranges:
    """Return the set of the numbers that arbitrary pairs cover; pairs with last < first are empty."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if last < first:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def of(numbers: Iterable[int]) -> Ranges:
    """Return the set of these numbers; runs of rising or falling numbers take constant memory."""
    found: list[tuple[int, int]] = []
    first, last = 0, -1
    for number in numbers:
        if number == last + 1 and found:
            last = number
        elif number == first - 1 and found:
            first = number
        else:
            found.append((first, last))
            first = last = number
    return ranges([*found, (first, last)])


def union(a: Ranges, b: Ranges) -> Ranges:
    """Return the numbers that are in either."""
    if not a or not b:
        return a or b
    from_, to = _touching(a, b[0][0] - 1, b[-1][1] + 1)  # ranges before and after `b` are unchanged
    return a[:from_] + ranges(a[from_:to] + b) + a[to:]


def common(a: Ranges, b: Ranges) -> Ranges:
    """Return the numbers that are in both."""
    if not a or not b:
        return NOTHING
    a, b = _within(a, b), _within(b, a)
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first <= last:
            found.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(found)


def without(a: Ranges, b: Ranges) -> Ranges:
    """Return the numbers that are in `a` and not in `b`."""
    from_, to = _touching(a, b[0][0], b[-1][1]) if a and b else (0, min(len(a), 1))
    b = _within(b, a) if a and b else NOTHING
    left: list[tuple[int, int]] = []
    j = 0
    for start, last in a[from_:to]:
        first = start
        while j < len(b) and b[j][1] < first:
            j += 1
        k = j
        while k < len(b) and b[k][0] <= last:
            if first < b[k][0]:
                left.append((first, b[k][0] - 1))
            first = b[k][1] + 1
            k += 1
        if first <= last:
            left.append((first, last))
    return a[:from_] + tuple(left) + a[to:]


def _touching(a: Ranges, first: int, last: int) -> tuple[int, int]:
    """Return the slice bounds of the ranges of `a` that overlap first..last; a single range is always included."""
    if len(a) < 2:
        return 0, len(a)
    from_ = bisect_left(a, first, key=_end)
    return from_, max(from_, bisect_right(a, last, key=_begin))


def _within(a: Ranges, b: Ranges) -> Ranges:
    """Return the ranges of `a` that overlap the extent of `b`."""
    from_, to = _touching(a, b[0][0], b[-1][1])
    return a[from_:to]


def _begin(pair: tuple[int, int]) -> int:
    return pair[0]


def _end(pair: tuple[int, int]) -> int:
    return pair[1]


def count(a: Ranges) -> int:
    """Count the numbers."""
    return sum(last - first + 1 for first, last in a)


def contains(a: Ranges, number: int) -> bool:
    """Return whether the number is in it."""
    i = bisect_right(a, (number, float("inf"))) - 1
    return i >= 0 and number <= a[i][1]


def numbers(a: Ranges) -> Iterator[int]:
    """Yield each number in ascending order."""
    for first, last in a:
        yield from range(first, last + 1)
