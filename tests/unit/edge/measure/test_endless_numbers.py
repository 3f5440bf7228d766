"""JSON can write numbers that no float holds: a record with one is read as any other, without it."""

from __future__ import annotations

import math

import msgspec
import pytest

from edge.measure.aggregates import MeasuredMinute, counted, said_by, said_of
from edge.measure.derived.growers import GrowersMinutes
from edge.measure.sun import Site

BEGIN = 1.79e9  # s UTC


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 3000, "-" + "9" * 3000, '1e400,"other":NaN'])
def test_a_number_that_no_float_holds_is_no_value(number: str) -> None:
    """Growers' rules and curves are answered all the same: rounding it, or writing it as JSON again, would fail."""
    values = f'{{"air_temperature":5.0,"relative_humidity":{number}}}'
    raw = f'{{"body":{{"values":{values},"quality":{{"air_temperature":1,"relative_humidity":1}}}}}}'
    said = said_by(raw.encode())
    assert said.values["air_temperature"] == 5.0
    assert all(value is None or math.isfinite(value) for value in said.values.values())
    assert said_of(raw.encode(), "relative_humidity") == (None, 1)
    rules = GrowersMinutes(Site(31.68, 103.85, 1590.0), ["relative_humidity"])
    for minute in range(65):
        rules.take(BEGIN + 60.0 * minute, said.values, said.quality)
    for verdict in rules.verdicts(BEGIN + 65 * 60.0, None):
        msgspec.json.encode([verdict.inputs, [str(why) for why in verdict.why]])
    (_, hour) = next(pair for pair in counted([MeasuredMinute(0, 60.0, said)]) if pair[0] == "relative_humidity")
    assert (hour.good, hour.missing) == (0, 1)


def test_a_flag_without_a_meaning_is_none() -> None:
    """What it is about counts as suspect, as a value without a flag does."""
    raw = '{"body":{"values":{"a":5.0,"b":"?"},"quality":{"a":' + "7" * 3000 + "}}}"
    assert said_by(raw.encode()).quality == {}
