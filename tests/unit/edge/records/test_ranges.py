"""The arithmetic of ranges, against sets of numbers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge.records import ranges
from edge.records.ranges import Ranges

pairs = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 60)), max_size=12)
some = pairs.map(ranges.ranges)


def as_set(ranges: Ranges) -> set[int]:
    """Return the numbers of the ranges, counted out."""
    return {n for first, last in ranges for n in range(first, last + 1)}


def is_canonical(ranges: Ranges) -> bool:
    """Return whether they are sorted, none empty, none touching its neighbour."""
    gaps = all(a[1] + 1 < b[0] for a, b in pairwise(ranges))
    return gaps and all(first <= last for first, last in ranges)


@given(pairs)
def test_pairs_become_the_set_that_they_cover(given_pairs: list[tuple[int, int]]) -> None:
    """Whatever pairs come, in any order and overlapping, their numbers are covered once, in one way."""
    found = ranges.ranges(given_pairs)
    assert as_set(found) == as_set(tuple(given_pairs))
    assert is_canonical(found)


@given(some, some)
def test_ranges_behave_as_sets(a: Ranges, b: Ranges) -> None:
    """Union, intersection and difference of ranges are those of the sets of numbers."""
    for found, wanted in (
        (ranges.union(a, b), as_set(a) | as_set(b)),
        (ranges.common(a, b), as_set(a) & as_set(b)),
        (ranges.without(a, b), as_set(a) - as_set(b)),
    ):
        assert as_set(found) == wanted
        assert is_canonical(found)


@given(some, st.integers(0, 61))
def test_counting_and_looking_up(a: Ranges, number: int) -> None:
    """A range set knows how many numbers it has and which."""
    assert ranges.count(a) == len(as_set(a))
    assert ranges.contains(a, number) == (number in as_set(a))
    assert list(ranges.numbers(a)) == sorted(as_set(a))


@given(st.sets(st.integers(1, 60)))
def test_equal_sets_are_equal_ranges(wanted: set[int]) -> None:
    """A set of numbers has one form, so that comparing ranges compares sets."""
    assert ranges.of(wanted) == ranges.ranges((n, n) for n in sorted(wanted, reverse=True))


def joined_by_numbers(a: Ranges, b: Ranges) -> tuple[Ranges, Ranges, Ranges]:
    """Return union, intersection and difference by counting every number out."""
    here, there = as_set(a), as_set(b)
    return ranges.of(sorted(here | there)), ranges.of(sorted(here & there)), ranges.of(sorted(here - there))


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 2)), max_size=80), st.integers(1, 300), st.integers(0, 40)
)
def test_few_among_many_are_found_without_looking_at_all(many: list[tuple[int, int]], first: int, length: int) -> None:
    """A short range against a long list, at either side: the same as by counting, wherever it begins and ends."""
    a, b = ranges.ranges((at, at + more) for at, more in many), ranges.ranges([(first, first + length)])
    assert (ranges.union(a, b), ranges.common(a, b), ranges.without(a, b)) == joined_by_numbers(a, b)
    assert (ranges.union(b, a), ranges.common(b, a), ranges.without(b, a)) == joined_by_numbers(b, a)


@given(some)
def test_a_range_that_ends_before_it_begins_is_none(a: Ranges) -> None:
    """What is asked for "from the tenth to the ninth" has no number, whichever side it stands on."""
    none = ((10, 9),)
    assert (ranges.common(a, none), ranges.common(none, a), ranges.without(none, a)) == ((), (), ())
    assert ranges.union(a or ((1, 1),), none) == (a or ((1, 1),))
