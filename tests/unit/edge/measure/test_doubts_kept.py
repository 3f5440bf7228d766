"""Every doubt that lasts outlives a restart of the station, and is as old as it is: none is lost, none begins anew."""

from __future__ import annotations

import msgspec
import pytest

from drivers.driver import Channel
from edge.measure.brightness import Seen
from edge.measure.closing import Closing, Doubts, Placed
from edge.measure.lasting import Wet
from edge.measure.limits import limits_for
from edge.measure.offset import Leapt
from edge.measure.pairs import Usual
from edge.measure.quality import Flag
from edge.measure.still import StillDoubt
from edge.measure.value import Value
from tests.kits.mornings import SITE

T, T2, RH, WIND, SUN, LEAF = (
    "air_temperature",
    "air_temperature.second",
    "relative_humidity",
    "wind_speed",
    "solar_irradiance",
    "leaf_wetness",
)
KEPT_AT = 1_000_000.0  # s UTC
KEPT = Doubts(
    utc=KEPT_AT,
    leapt={T: Leapt(5.0, 600.0, 10.0)},
    wet={RH: Wet(900.0, 4.0, 99.8)},
    iced=[WIND],
    still={T2: StillDoubt(9000.0, 12.0, 12.0, 12.0)},
    apart={f"{T} {T2}": 720.0},
    habits={T: (300.0, 400_000.0)},
    usual={f"{T} {T2}": Usual(0.2, 0.1, 200_000.0, 0.3)},
    dark=[SUN],
    snowed=[SUN],
    leaves={LEAF: 90_000.0},
    held=[WIND],
    dead={RH: (60.0, 61.0)},
    seen={SUN: Seen(3600.0, 0.02, 0.1)},
    void=[T],
)


def station(kept: Doubts) -> Closing:
    """Return the checks of a station that has just started."""
    places = {
        name: Placed(name, 2.0, Channel(of, -80, 2000, 0.1), limits_for(of, 1590.0))
        for name in (T, T2, RH, WIND, SUN, LEAF)
        if (of := name.partition(".")[0])
    }
    return Closing(places, SITE, kept)


@pytest.mark.parametrize(
    ("utc_offset", "older", "utc"),
    [
        (KEPT_AT - 100.0 + 3000.0, 3060.0, KEPT_AT + 3060.0),
        (None, 60.0, None),
        (KEPT_AT - 400.0, 60.0, KEPT_AT - 240.0),
    ],
    ids=["50 min later", "nobody knows when", "by a clock that went back"],
)
def test_every_doubt_is_there_after_a_restart(utc_offset: float | None, older: float, utc: float | None) -> None:
    """Also after a minute in which no sensor has answered yet; a gap that nobody can measure makes none older."""
    closing = station(KEPT)
    assert closing.keep() == KEPT
    nothing = {name: Value(None, Flag.MISSING) for name in (T, T2, RH, WIND, SUN, LEAF)}
    closing.judge(100.0, 160.0, utc_offset, nothing, {})
    expected = msgspec.structs.replace(
        KEPT,
        utc=utc,
        leapt={T: Leapt(5.0, 600.0 + older, 10.0)},
        wet={RH: Wet(900.0 + older, 4.0, 99.8)},
    )
    assert closing.keep() == expected
    assert all(msgspec.to_builtins(KEPT).get(field) for field in Doubts.__struct_fields__), "a doubt is not tried here"
