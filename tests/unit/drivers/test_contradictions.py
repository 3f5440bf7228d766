"""What contradicts itself in one frame is never shown as good: recording, look, doctor and station hear the same."""

from __future__ import annotations

import struct
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.checksums import xor8
from drivers.contradictions import PARTICLES
from drivers.driver import Channel, Refused
from drivers.limits import DriverLimits
from drivers.reading import Reading
from edge.measure.limits import limits_for
from edge.measure.minute import ChannelLine, Minutes
from tests.unit.drivers.test_void_answers import fed, readings


def doubted(values: dict[str, float]) -> set[str]:
    """Return what of one frame is in doubt."""
    limits = DriverLimits([Channel(name, 0.0, 1000.0, 0.1) for name in values])
    return {r.quantity for r in limits.judged(tuple(Reading(n, v, 0.0) for n, v in values.items())) if r.doubt}


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=3))
def test_particles_that_rise_with_size_are_good_and_no_others(counts: list[int]) -> None:
    """Both sides of a contradiction are in doubt, and a third that contradicts nothing is not."""
    frame = dict(zip(PARTICLES, map(float, counts)))
    wrong = [(a, b) for a, b in combinations(PARTICLES, 2) if frame[a] > frame[b] * 1.05 + 2.0]
    assert doubted(frame) == {name for pair in wrong for name in pair}


@pytest.mark.parametrize(("gust", "doubts"), [(4.8, {"wind_speed", "wind_speed_of_gust"}), (5.0, set()), (9.0, set())])
def test_a_gust_is_no_weaker_than_its_mean(gust: float, doubts: set[str]) -> None:
    """A device that tells both, of whatever maker."""
    assert doubted({"wind_speed": 5.0, "wind_speed_of_gust": gust, "pm10": 5.0}) == doubts


@pytest.mark.parametrize(
    ("watts", "is_good"), [(10.27, True), (8.2, True), (12.7, True), (-10.2, True), (59.4, False), (0.0, False)]
)
def test_a_power_is_voltage_times_current(watts: float, is_good: bool) -> None:
    """Of a monitor whose words were mixed up nobody knows which one is wrong; one that averages the product is good."""
    values = {"battery_voltage": 12.84, "battery_current": -0.8, "battery_power": watts}
    found = DriverLimits([Channel(name, -100.0, 100.0, 0.01) for name in values]).judged(
        tuple(Reading(name, value, 0.0) for name, value in values.items())
    )
    assert {reading.doubt is None for reading in found} == {is_good}


def counter(*particles: int) -> bytes:
    """Return a frame of a PMS5003."""
    body = struct.pack(">14H", *particles, *particles, 1000, 300, 50, 10, 2, 1, 0, 0)[:26]
    frame = b"BM" + struct.pack(">H", 28) + body
    return frame + struct.pack(">H", sum(frame))


def test_a_recording_shows_the_doubt_and_the_station_keeps_it_as_suspect() -> None:
    """PM2.5 of 40 beside PM10 of 20: one of them is wrong, nobody knows which; those of the frame after are good."""
    first, second = (readings(fed("plantower", counter(*sizes))) for sizes in ((10, 40, 20), (6, 11, 19)))
    assert {r.quantity for r in first if r.doubt} == {"pm2p5", "pm10"}
    assert not any(r.doubt for r in second)
    minutes = Minutes(
        [ChannelLine(n, "dust", Channel(n, 0.0, 1000.0, 1.0), limits_for(n, 0.0), 60.0) for n in PARTICLES]
    )
    for at in range(60):
        for reading in first:
            minutes.take("dust", Reading(reading.quantity, reading.value, float(at), reading.doubt))
    minute = minutes.close(0.0, 60.0, None, {})
    assert minute.quality == {"pm1": 1, "pm2p5": 3, "pm10": 3}
    assert minute.values == {"pm1": 10.0, "pm2p5": 40.0, "pm10": 20.0}


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("WIXDR,S,1.0,M,0,S,5.0,M,1,S,3.0,M,2", "mean_outside"),
        ("WIXDR,S,4.0,M,0,S,2.0,M,1,S,3.0,M,2", "mean_outside"),
        ("WIXDR,S,1.0,M,0,S,2.0,M,1,S,3.0,M,2", ""),
        ("WIMDA,,,0.9131,B,12.0,C,,,50.0,,14.0,C,,,,,,,,", "dew_over_temperature"),
        ("WIMDA,,,0.9131,B,12.0,C,,,100.0,,12.4,C,,,,,,,,", ""),
        ("WIXDR,C,10.0,C,AIRTEMP,C,12.0,C,DEWPOINT,H,60,P,RH", "dew_over_temperature"),
        ("WIXDR,C,10.0,C,AIRTEMP,C,284.0,K,DEW POINT,H,60,P,RH", "dew_over_temperature"),
        ("WIXDR,C,10.0,C,AIRTEMP,C,2.0,C,DEWPOINT,H,60,P,RH", ""),
    ],
)
def test_a_weather_head_that_contradicts_itself_is_refused_with_the_reason(sentence: str, code: str) -> None:
    """Its mean wind outside its own least and highest, its dew point over its temperature."""
    (found,) = fed("nmea", f"${sentence}*{xor8(sentence.encode()):02X}\r\n".encode())
    assert (found.reason.code if isinstance(found, Refused) else "") == code
