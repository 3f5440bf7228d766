"""A row of an export says what its minute says, however it is read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.measure.aggregates import said_by
from hub.minute_cells import MinuteCells
from hub.sink import SinkError

NAMES = ("air_temperature", "air_temperature.second", "wind_speed", "=1+1", 'a"b', "")  # the last is no name
VALUES = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-1000, 1000) | st.just("?")
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES)
FLAGS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1, 2, 3, 4, 9, "9", 77]))


@given(BODIES, FLAGS, st.lists(st.sampled_from(NAMES[:-1]), unique=True), st.booleans())
def test_a_row_is_what_the_minute_says(
    values: dict[str, Any], flags: dict[str, Any], channels: list[str], some: bool
) -> None:
    """Each channel's value and flag stand in its columns, as the slow reading has them; a channel that has no column
    is left out where some are wanted, and otherwise nothing is written in silence."""
    raw = json.dumps({"seq": 1, "body": {"values": values, "quality": flags}}).encode()
    said = said_by(raw)
    try:
        found = MinuteCells(channels, some).of(raw)
    except SinkError:
        assert not some
        assert said.values.keys() - set(channels)
        return
    assert some or said.values.keys() <= set(channels)
    assert found == [cell for name in channels for cell in (said.values.get(name), said.quality.get(name))]


@pytest.mark.parametrize("other", ["", ', "wind_speed": "?"'], ids=["in one pass", "slowly"])
def test_a_number_without_end_is_no_cell(other: str) -> None:
    """JSON can write one that no double holds; a spreadsheet would refuse the whole export."""
    raw = (
        f'{{"seq": 1, "body": {{"values": {{"air_temperature": 1e999{other}}}, "quality": {{"air_temperature": 1}}}}}}'
    )
    assert MinuteCells(["air_temperature"], some=True).of(raw.encode()) == [None, 1]
