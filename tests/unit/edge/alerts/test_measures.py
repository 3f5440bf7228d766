"""What rules look at, beside a second computation: numpy's line through half an hour, the psychrometer by bisection."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.reason import Reason
from edge.alerts.episode import Seen
from edge.alerts.measures import LEAST, SPAN, ChannelMeasure, FallMeasure, FrostMeasure
from edge.records.bodies import Minute

AIR = st.floats(-25.0, 30.0)


def minute(air: float | None, humidity: float | None = None, pressure: float | None = None) -> Minute:
    """Return a minute of these good values."""
    given = {"air_temperature": air, "relative_humidity": humidity, "air_pressure": pressure}
    values: dict[str, float | None] = {name: value for name, value in given.items() if value is not None}
    return Minute(values, dict.fromkeys(values, 1))


@settings(max_examples=60)
@given(st.lists(AIR | st.none(), min_size=1, max_size=2 * SPAN))
def test_a_fall_is_numpys_line_through_the_last_half_hour(air: list[float | None]) -> None:
    """Whatever is missing in between: the slope of what is known, an hour, above 0 where it falls; else not known."""
    measure = FallMeasure(ChannelMeasure("air_temperature"))
    found = [measure.see(minute(one)).value for one in air][-1]
    last = air[-SPAN:]
    known = [place for place, one in enumerate(last) if one is not None]
    if len(known) < LEAST or last[-1] is None:
        assert found is None
        return
    slope = np.polynomial.Polynomial.fit(known, [float(last[place] or 0.0) for place in known], 1).convert().coef
    assert found == pytest.approx(-60.0 * (slope[1] if len(slope) > 1 else 0.0), abs=1e-6)


@settings(max_examples=100)
@given(AIR, st.floats(5.0, 100.0), st.floats(700.0, 1020.0), st.floats(-5.0, 0.0))
def test_the_value_of_frost_solves_the_psychrometer(air: float, humid: float, pressure: float, offset: float) -> None:
    """The vapour of the air is that over a wet bulb of the value, less the psychrometer's term (WMO-No. 8), whatever
    the altitude; the block's offset is added to it."""
    found = FrostMeasure(offset, 1590.0).see(minute(air, humid, pressure))
    assert found.value is not None and found.clears
    low, high = air - 40.0, air
    for _ in range(80):
        middle = (low + high) / 2
        drier = over_water(middle) - 6.53e-4 * (1 + 9.44e-4 * middle) * pressure * (air - middle)
        low, high = (middle, high) if drier < over_water(air) * humid / 100.0 else (low, middle)
    assert found.value - offset == pytest.approx(low, abs=0.02)


def over_water(celsius: float) -> float:
    """Return the vapour pressure of saturation over water, hPa (Magnus, as WMO-No. 8 prints it)."""
    return 6.112 * math.exp(17.62 * celsius / (243.12 + celsius))


def test_a_cloudburst_over_what_gauges_are_made_for_raises_its_alert() -> None:
    """5 mm in a minute are in doubt, for gauges tell too little of it: enough to begin an alert, not to end one."""
    rain, measure = "rainfall_amount", ChannelMeasure("rainfall_amount")
    much = Reason(
        "more_than_specified",
        "{amount:g} mm in a minute, more than gauges are specified for ({most:g})",
        amount=5.0,
        most=4.0,
    )
    assert measure.see(Minute({rain: 5.0}, {rain: 3}, {rain: much})) == Seen(5.0, clears=False)
    other = Reason("melt", "melt, not snowfall: air at {temperature:g} degC", temperature=0.2)
    assert measure.see(Minute({rain: 5.0}, {rain: 3}, {rain: other})) == Seen(None)
    assert measure.see(Minute({rain: 3.0}, {rain: 1}, {})) == Seen(3.0)
