"""An hour that grows minute by minute is what all its minutes together come to, to the last digit."""

from __future__ import annotations

import hypothesis.strategies as st
import msgspec
from hypothesis import given

from edge.measure.aggregates import Measured, MeasuredMinute, counted, parted
from edge.measure.counts import Counts, ExactSums, parts_of

CHANNELS = ("air_temperature", "rainfall_amount", "wind_speed", "wind_from_direction", "a_newer_one")
VALUES = st.none() | st.floats(0, 360) | st.sampled_from([0.0, 0.1, 0.2, 1e14, 5e-324])
SAID = st.dictionaries(st.sampled_from(CHANNELS), st.tuples(VALUES, st.sampled_from([1, 1, 2, 3, 4, 9])))
Some = list[tuple[int, float, dict[str, tuple[float | None, int]]]]
MINUTES = st.lists(st.tuples(st.integers(0, 59), st.floats(0, 3600), SAID), max_size=8)
PARTS = st.lists(MINUTES, min_size=1, max_size=4)


def minutes(found: Some) -> list[MeasuredMinute]:
    """Return minutes that begin so many seconds after 1970."""
    made = []
    for start, duration, said in found:
        values, flags = ({name: pair[place] for name, pair in said.items()} for place in (0, 1))
        made.append(MeasuredMinute(start, duration, msgspec.convert({"values": values, "quality": flags}, Measured)))
    return made


@given(PARTS)
def test_minutes_that_come_one_after_the_other_come_to_the_same(deliveries: list[Some]) -> None:
    """However they are handed over, and written down between: each figure is that of all of them at once."""
    kept: dict[str, tuple[Counts, str]] = {}
    for some in deliveries:
        for name, parts in parted(minutes(some)):
            before = parts_of(*kept[name]) if name in kept else None
            grown: ExactSums = parts if before is None else before.plus(parts)
            kept[name] = grown.counts(), grown.rests()
    every = [one for some in deliveries for one in minutes(some)]
    assert {name: counts for name, (counts, _) in kept.items()} == dict(counted(every))


def test_what_is_no_rest_is_none() -> None:
    """An hour that was counted without them, or whose text is spoiled, is known as such."""
    ((_, parts),) = parted(minutes([(0, 60.0, {"air_temperature": (0.1, 1)})]))
    for text in (None, "", "[[0.5]", "[[],[],[],[]]", '[[],[],[],[],["x"]]'):
        assert parts_of(parts.counts(), text) is None
