"""Snow on a light sensor, a soil probe that hangs in the air, a leaf that never dries: told, and until when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.driver import Channel
from drivers.reading import Reading
from edge.measure.closing import Doubts
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.sun import Site
from edge.records.bodies import Minute
from tests.bench.judging import recorded

ALAMOSA = Site(37.70, -105.92, 2317.0, utc_offset_h=0.0)
NEW_YEAR = 1_451_606_400.0  # 2016-01-01 UTC
RECORDED = Path(__file__).parents[3] / "recorded" / "alamosa-2016-01-01.csv"
SUN, T, RH = "solar_irradiance", "air_temperature", "relative_humidity"
LEAF, SOIL, RAIN = "leaf_wetness", "soil_moisture", "rainfall_amount"
Row = dict[str, float]


def station(names: list[str], known: Doubts | None = None) -> Minutes:
    """Return the checks of a station with such channels, one reading a minute."""
    lines = [
        ChannelLine(name, "mast", Channel(name, -1e6, 1e6, 0.1), limits_for(name, 2317.0), 1.0, heated=True)
        for name in names
    ]
    return Minutes(lines, ALAMOSA, known)


def passed(minutes: Minutes, rows: list[Row], first: int = 0) -> Iterator[Minute]:
    """Yield the minutes of such values, from the minute `first` of the day on."""
    for number, row in enumerate(rows, first):
        for name, value in row.items():
            minutes.take("mast", Reading(name, value, 60.0 * number))
        yield minutes.close(60.0 * number, 60.0 * number + 60.0, NEW_YEAR, {})


def suspects(bodies: list[Minute], name: str) -> list[int]:
    """Return the minutes in which a channel is not good."""
    return [number for number, body in enumerate(bodies) if body.quality[name] != 1]


def alamosa(light: Callable[[int, float], float]) -> list[Row]:
    """Return a recorded winter day over snow, from 2 h after its midnight, with its light changed."""
    lines = [line for line in RECORDED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = [[float(text) for text in line.split(",")] for line in lines]
    return [{SUN: light(n, watts), T: air, RH: humid} for n, (watts, air, humid) in enumerate(rows)][120:]


def test_a_clean_sensor_over_snow_is_believed() -> None:
    """A recorded day at -23 degC with snow all around, and low sun, raises no doubt of the light."""
    bodies = list(passed(station([SUN, T, RH]), alamosa(lambda _, watts: watts), 120))
    assert suspects(bodies, SUN) == []


def test_snow_on_the_sensor_is_told_until_it_slides_off() -> None:
    """The same day seen through snow that lets 5 % through: doubted in the morning, good when it is gone."""
    gone = 1200  # 13 h by the sun of the place
    bodies = list(passed(station([SUN, T, RH]), alamosa(lambda n, w: 0.05 * w if n < gone else w), 120))
    doubted = suspects(bodies, SUN)
    assert doubted, "nothing was said of the snow"
    assert {bodies[n].reasons[SUN].code for n in doubted} == {"snowed"}
    assert doubted == list(range(doubted[0], gone - 120))
    assert doubted[0] + 120 < 1080  # before noon of the place


@pytest.mark.parametrize("day", ["2021-05-04", pytest.param("2021-06-01", marks=pytest.mark.slow)])
def test_a_leaf_in_recorded_air_is_believed(day: str) -> None:
    """On a recorded day of rain and sun a leaf that is wet in rain and dew, and an hour after, raises no doubt."""
    bodies = list(passed(station([LEAF, RH, RAIN]), list(leafy(day))))
    wet = [body for body in bodies if (body.values[LEAF] or 0) > 50]
    assert wet
    assert suspects([body for body in bodies if body.values[LEAF] is not None], LEAF) == []


def leafy(day: str) -> Iterator[Row]:
    """Yield the minutes of a recorded day with a leaf that dries within an hour."""
    wet_until, fell = -1.0, 0.0
    by_minute = {int(at // 60): frame for at, frame in recorded(day)}
    for number in range(max(by_minute) + 1):
        frame = by_minute.get(number)
        if frame is None:
            yield {}
            continue
        if frame[RAIN] > fell or frame[RH] > 92:
            wet_until = number + 60.0
        fell = frame[RAIN]
        yield {LEAF: 100.0 if number <= wet_until else 0.0, RH: frame[RH], RAIN: frame[RAIN]}


def test_a_leaf_in_doubt_stays_so_over_a_restart_until_it_dries() -> None:
    """Neither moist air nor a restart makes a shorted leaf good; drying does."""
    wet: Row = {LEAF: 100.0, RH: 30.0}
    minutes = station([LEAF, RH])
    first = list(passed(minutes, [wet] * 130))
    assert suspects(first, LEAF)[0] == 119
    later = station([LEAF, RH], minutes.keep())
    bodies = list(passed(later, [{LEAF: 100.0, RH: 95.0}] * 5 + [{LEAF: 10.0, RH: 95.0}] * 2 + [wet] * 5, 200))
    assert suspects(bodies, LEAF) == [0, 1, 2, 3, 4]


def test_snow_in_doubt_stays_so_over_a_restart() -> None:
    """A station that starts anew under snow goes on doubting its light."""
    minutes = station([SUN, T, RH])
    rows = alamosa(lambda _, watts: 0.05 * watts)
    last = list(passed(minutes, rows[: 1080 - 120], 120))[-1]
    assert last.reasons[SUN].code == "snowed"
    bodies = list(passed(station([SUN, T, RH], minutes.keep()), rows[1090 - 120 : 1100 - 120], 1090))
    assert len(suspects(bodies, SUN)) == 10


def test_soil_without_water_is_no_soil() -> None:
    """0 % is the air's; what little water a desert's soil holds is believed."""
    bodies = list(passed(station([SOIL]), [{SOIL: 1.3}, {SOIL: 0.0}, {SOIL: 0.1}]))
    assert suspects(bodies, SOIL) == [1]
