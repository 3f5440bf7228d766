"""Numbers as a text of steps: whatever numbers there are come back, and no text is read in two ways."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.northbound import steps
from edge.northbound.steps import HoledSteps, Steps
from edge.wire.contract import MOST_RECORDS

FURTHEST = 2**52 - 1
numbers = st.none() | st.integers(-40, 40) | st.integers(-FURTHEST, FURTHEST)


def allowed(text: str, kind: Any = HoledSteps) -> bool:
    """Return whether a receiver takes such a text."""
    try:
        msgspec.convert(text, kind)
    except msgspec.ValidationError:
        return False
    return True


def test_a_column_can_be_read_by_eye() -> None:
    """Small steps are letters, the same number a point, what is far is written out, and a hole is stepped over."""
    column = [2153, 2153, 2153, 2154, 2152, 2192, None, 2193, 2166, 2192]
    assert steps.written(column) == "2153..aB+40_a-27z"
    assert steps.read("2153..aB+40_a-27z") == column
    assert steps.read("..a") == [0, 0, 1]


@given(st.lists(numbers, max_size=MOST_RECORDS))
def test_numbers_come_back(column: list[int | None]) -> None:
    """Whatever holes and steps a column has, a receiver takes its text and has the same numbers."""
    text = steps.written(column)
    assert allowed(text)
    assert allowed(text, Steps) == (None not in column)
    assert steps.read(text) == column


@pytest.mark.parametrize(
    "text",
    ["2153 a", "é", "+", "1-", "a5", "_5", "+-5", 17 * "1", "+" + 17 * "1", "1.5!", "a\n", "\u0661", "["],
)
def test_what_is_no_column_is_refused(text: str) -> None:
    """A text that could be read in another way than it was meant, or with numbers without end, is damage."""
    assert not allowed(text)


@pytest.mark.parametrize("piece", ["1", "a", "+1", "-9999999999999999", "_"])
def test_a_text_without_end_is_refused(piece: str) -> None:
    """A hostile text costs a receiver no more than its length: it is refused at once."""
    assert not allowed(piece * 8 * MOST_RECORDS * 17 + "!")
    assert not allowed((piece * MOST_RECORDS * 17)[: steps.MOST_LETTERS - 1] + "!")


def test_the_largest_column_is_taken() -> None:
    """A whole batch of the furthest steps is within the bounds."""
    column = [FURTHEST if number % 2 else -FURTHEST for number in range(MOST_RECORDS)]
    text = steps.written([*column])
    assert allowed(text)
    assert steps.read(text) == column
