"""Small inputs that once gave a wrong value, each with the right one: derived figures, rain, pressure, scenes."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from drivers.devices.ascii_station import AsciiStationDecoder, AsciiStationSettings, channels
from drivers.driver import Channel, Frame
from drivers.reading import Reading
from edge.measure.counter import Counter
from edge.measure.derived.et0 import HourWeather, Place, extraterrestrial_hour, hourly
from edge.measure.derived.minute_values import derive
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from edge.measure.sun import Site
from edge.records.bodies import Minute
from tests.data import shared
from tests.kits.station_day import Truth, mast, run

MIDNIGHT = 1_750_003_200.0  # 2025-06-16 00:00 at UTC+8


def cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of a file."""
    lines = shared(f"cases-truth/{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_evapotranspiration_of_dark_days() -> None:
    """Under Rs/Rso of 0.3 the clouds do not warm the ground: the day's hours come to what the whole day evaporates."""
    for case in cases("et0_dark_days"):
        hours = [evaporated(case, hour + 0.5) for hour in range(24)]
        assert sum(hours) == pytest.approx(case["right"]["et0_mm"], rel=0.15), case


def evaporated(case: dict[str, Any], middle: float) -> float:
    """Return the evapotranspiration of an hour of such a day, mm: light as the sun is high, warmest at 15 h."""
    place = Place(case["latitude"], 103.85, case["altitude_m"])
    tops = [extraterrestrial_hour(case["day_of_year"], hour + 0.5, place) for hour in range(24)]
    sun = case["radiation"] * tops[int(middle)] / sum(tops)
    swing = math.cos(2 * math.pi * (middle - 15) / 24)
    air = (case["highest"] + case["lowest"]) / 2 + (case["highest"] - case["lowest"]) / 2 * swing
    humidity = 100 * case["vapour_kpa"] / (0.6108 * math.exp(17.27 * air / (air + 237.3)))
    found = hourly(HourWeather(case["day_of_year"], middle, air, humidity, case["wind_2m"], sun, 0.1), place)
    assert found is not None
    return found.mm


def test_wet_bulb_and_delta_t_to_and_over_saturation() -> None:
    """Humidity over 100 % counts as 100: the wet bulb is never over the air, delta-T never under 0."""
    for case in cases("wet_bulb"):
        values = {name: case[name] for name in ("air_temperature", "relative_humidity", "air_pressure")}
        found = derive(values, dict.fromkeys(values, 1))
        for name, right in case["right"].items():
            assert found[name] == pytest.approx(right, abs=0.06), case


def test_rain_of_gauges_that_restart_and_stray() -> None:
    """What the readings add up to is what fell."""
    for case in cases("rain_counter"):
        counters: dict[str, Counter] = {}
        last = Counter()
        for at, boot, total, utc in case["readings"]:
            if boot not in counters:
                counters[boot] = Counter(last.state, boot)
            last = counters[boot]
            last.take(total, at, case["wraps_at"], utc)
        assert last.state.total == pytest.approx(case["right"]["total_mm"], abs=case["right"]["tolerance_mm"]), case


def test_a_barometer_of_whole_hectopascals_is_good() -> None:
    """A change by one step of the device is no leap: every minute passes."""
    for case in cases("pressure_whole_hpa"):
        channel = Channel("air_pressure", 300, 1100, case["resolution"])
        limits = limits_for("air_pressure", case["altitude_m"])
        pace, told = 60 / case["interval_s"], case["air_pressure"]
        minutes = Minutes([ChannelLine("air_pressure", "mast", channel, limits, pace)])
        for n, value in enumerate(told):
            minutes.take("mast", Reading("air_pressure", value, n * case["interval_s"]))
        count = math.floor(len(told) / pace)
        flags = [minutes.close(60.0 * n, 60.0 * n + 60, None, {}).quality["air_pressure"] for n in range(count)]
        assert set(flags) == {1}


def wave(at: float) -> dict[str, float]:
    """Return a day that warms from 12 to 22 degC in ten hours."""
    share = at / 36_000.0
    return {
        "air_temperature": round(12 + 10 * share + 0.2 * math.sin(at / 200), 1),
        "relative_humidity": round(70 - 20 * share + math.sin(at / 300), 1),
        "air_pressure": round(836 + math.sin(at / 2000), 1),
        "wind_speed": round(2.5 + math.sin(at / 70), 1),
        "illuminance": round(60_000 * share + at % 7),
    }


def scene(change: Truth, minutes: int) -> list[Minute]:
    """Return the minutes of that day with something changed."""
    return run(mast([*wave(0.0)]), lambda at: wave(at) | change(at), 0, minutes)


def light(quantity: str, value: float, hour: float) -> Minute:
    """Return a minute of a light sensor at an hour of a June day at the site."""
    channel = Channel(quantity, 0.0, 2e5, 1.0)
    line = ChannelLine(quantity, "mast", channel, limits_for(quantity, 1590), 1.0)
    minutes = Minutes([line], Site(31.68, 103.85, 1590.0))
    minutes.take("mast", Reading(quantity, value, 10.0))
    return minutes.close(0.0, 60.0, MIDNIGHT + 3600 * hour, {})


def zero_humidity() -> bool:
    """Return whether 0 % is no good humidity from its first minute on."""
    return all(m.quality["relative_humidity"] != 1 for m in scene(lambda _at: {"relative_humidity": 0.0}, 60))


def light_at_midnight() -> bool:
    """Return whether 80 klx half an hour after midnight are not good."""
    return light("illuminance", 80_000.0, 0.5).quality["illuminance"] != 1


def thermopile_by_night() -> bool:
    """Return whether -4 W/m2 by night are a value."""
    found = light("solar_irradiance", -4.0, 0.5)
    return found.quality["solar_irradiance"] == 1 and found.values["solar_irradiance"] in (-4.0, 0.0)


def wet_in_the_sun() -> bool:
    """Return whether humidity that stays at 100 % is not good after some hours."""
    return scene(lambda _at: {"relative_humidity": 100.0}, 600)[-1].quality["relative_humidity"] != 1


def leap_of_five() -> bool:
    """Return whether a leap by 5 K is doubted as long as it lasts."""

    def there(at: float) -> dict[str, float]:
        return {"air_temperature": wave(at)["air_temperature"] + (5.0 if at >= 3600 else 0.0)}

    return all(m.quality["air_temperature"] != 1 for m in scene(there, 300)[61:])


def fog_as_particles() -> bool:
    """Return whether 250 ug/m3 in fog are marked for all its hours."""
    names = ["air_temperature", "relative_humidity", "pm2p5"]
    foggy = {"air_temperature": 4.0, "relative_humidity": 100.0, "pm2p5": 250.0}
    return all(m.quality["pm2p5"] != 1 for m in run(mast(names), lambda _at: foggy, 0, 300))


SCENES = (zero_humidity, light_at_midnight, thermopile_by_night, wet_in_the_sun, leap_of_five, fog_as_particles)


@pytest.mark.parametrize("number", range(len(SCENES)))
def test_scenes(number: int) -> None:
    """Values that must not pass as good, and good ones that must."""
    told = cases("scenes")
    assert len(told) == len(SCENES)
    assert SCENES[number](), told[number]


def test_a_bucket_with_two_bad_lines_of_a_right_sum_tells_no_rain() -> None:
    """A count that leaps and is back after two lines, check sums right: through driver and minutes nothing fell."""
    settings = AsciiStationSettings(port="/dev/null")
    decoder = AsciiStationDecoder(settings)
    data = shared("cases/ascii_rain_counter_two_bad_lines_up.txt").read_bytes()
    frames = [item for item in [*decoder.feed(data), *decoder.finish()] if isinstance(item, Frame)]
    (channel,) = (c for c in channels(settings) if c.quantity == "rainfall_amount")
    line = ChannelLine("rainfall_amount", "mast", channel, limits_for("rainfall_amount", 10.0), 20.0)
    minutes, pace = Minutes([line]), 1800.0 / len(frames)
    for number, frame in enumerate(frames):
        (rain,) = (r for r in frame.readings if r.quantity == "rainfall_amount")
        minutes.take("mast", Reading("rainfall_amount", rain.value, number * pace, wraps_at=rain.wraps_at))
    closed = [minutes.close(60.0 * number, 60.0 * number + 60, None, {}) for number in range(30)]
    assert sum(minute.values["rainfall_amount"] or 0.0 for minute in closed) == 0.0
