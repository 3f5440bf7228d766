"""One channel of a minute, read past the others, is what the whole minute says of it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from edge.measure.aggregates import SUSPECT, said_by, said_of

CHANNELS = ("air_temperature", "air_temperature.hedge", "一", 'a"b\\')
ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([1]) | st.just({"a": 1})
NUMBER = st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-99, 99)
TABLES = st.dictionaries(st.sampled_from(CHANNELS), NUMBER) | st.dictionaries(st.sampled_from(CHANNELS), ODD)
FLAGS = st.dictionaries(st.sampled_from(CHANNELS), st.integers(1, 9) | ODD) | ODD
BODIES = st.fixed_dictionaries({"values": TABLES | ODD}, optional={"quality": FLAGS}) | ODD


@given(st.fixed_dictionaries({}, optional={"body": BODIES}) | ODD, st.sampled_from(CHANNELS))
def test_it_is_what_the_whole_minute_says(record: object, channel: str) -> None:
    """Whatever a newer station writes, a curve and an hour agree about a value and its flag."""
    raw = json.dumps(record).encode()
    whole = said_by(raw)
    expected = (whole.values[channel], whole.quality.get(channel, SUSPECT)) if channel in whole.values else None
    assert said_of(raw, channel) == expected
