"""Rain buckets and cups on a GPIO line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.devices.pulses import INFO, Settings, channels
from drivers.errors import Unplugged
from drivers.reading import Reading
from drivers.twins.bench import bench
from drivers.twins.twin import Fault
from edge.sim.clock import SimClock
from tests.kits.lanes import on_lane

BEFORE = 4321.0  # mm that fell before the twin was there


def minute(settings: Settings, quantity: str, *values: float, fault: Fault | None = None) -> list[Reading]:
    """Return a reading a second while the twin is given each of the values in turn."""

    def body(clock: SimClock) -> list[Reading]:
        table = bench(INFO, settings, clock, seed=3)
        table.twin.misbehave(fault)
        table.twin.set("rainfall_amount", BEFORE)
        device = table.device(table.open())
        readings: list[Reading] = []
        for number, value in enumerate(values, 1):
            table.twin.set(quantity, value + (BEFORE if quantity == "rainfall_amount" else 0.0))
            clock.sleep_until(number)
            readings += device.read()
        return readings

    return on_lane(body)


@given(st.lists(st.floats(0, 0.9), min_size=20, max_size=60), st.sampled_from([0.2, 0.2794, 0.5]))
def test_every_tip_counts_once(falls: list[float], mm_per_tip: float) -> None:
    """Whatever the rain's course, the total is the number of whole tips that fell, bounces or not."""
    totals = [sum(falls[: n + 1]) for n in range(len(falls))]
    readings = minute(
        Settings(line=5, kind="rain", mm_per_tip=mm_per_tip), "rainfall_amount", *totals, *[totals[-1]] * 40
    )
    values = [reading.value for reading in readings]
    assert values == sorted(values)
    tips = int((BEFORE + totals[-1]) / mm_per_tip + 1e-9) - int(BEFORE / mm_per_tip + 1e-9)
    assert values[-1] == pytest.approx(tips * mm_per_tip)


@pytest.mark.parametrize("speed", [1.0, 3.4, 12.0, 35.0])
def test_the_wind_is_what_turns_the_cups(speed: float) -> None:
    """Over a minute the mean of the readings is the wind's speed, and none is off by more than one turn."""
    settings = Settings(line=6, kind="wind")
    speeds = [reading.value for reading in minute(settings, "wind_speed", *[speed] * 60)][1:]
    assert sum(speeds) / len(speeds) == pytest.approx(speed, rel=0.02)
    assert max(abs(one - speed) for one in speeds) <= settings.mps_per_hz + 0.02


def test_a_gauge_that_runs_for_years_goes_on_counting() -> None:
    """What fell since the contact was opened has no end that a station reaches: 4 m are counted as any other."""
    readings = minute(
        Settings(line=5, kind="rain", mm_per_tip=10.0), "rainfall_amount", *[40.0 * n for n in range(101)]
    )
    assert readings[-1].value == pytest.approx(4000.0, abs=10.0)
    assert {reading.doubt for reading in readings} == {None}


def test_a_cut_cable_reads_as_calm() -> None:
    """No edges is a reading of 0: nothing on the line can tell a cut cable from still air."""
    readings = minute(Settings(line=6, kind="wind"), "wind_speed", *[9.0] * 5, fault=Fault.SILENT)
    assert {reading.value for reading in readings} == {0.0}
    assert {reading.doubt for reading in readings} == {None}


def test_davis_cups_are_told_by_their_factor() -> None:
    """With 1.0058 m/s a turn a second the same closures are another wind."""
    davis = Settings(line=6, kind="wind", mps_per_hz=1.0058, debounce_ms=5)
    speeds = [reading.value for reading in minute(davis, "wind_speed", *[10.0] * 40)][1:]
    assert sum(speeds) / len(speeds) == pytest.approx(10.0, rel=0.03)


def test_a_question_too_soon_is_answered_over_a_whole_second() -> None:
    """Two reads at once do not turn one closure into a storm: a speed is counted over 0.9 s at least."""

    def body(clock: SimClock) -> float:
        table = bench(INFO, Settings(line=6, kind="wind"), clock, seed=3)
        device = table.device(table.open())
        device.read()
        began = clock.now()
        device.read()
        return clock.now() - began

    assert on_lane(body) == pytest.approx(0.9)


def test_a_chip_that_goes_is_unplugged() -> None:
    """When the adapter with the lines is pulled out, the reading says so."""

    def body(clock: SimClock) -> None:
        table = bench(INFO, Settings(line=5, kind="rain"), clock, seed=3)
        device = table.device(table.open())
        table.unplug()
        with pytest.raises(Unplugged, match="GPIO chip is gone"):
            device.read()

    on_lane(body)


@pytest.mark.parametrize(
    ("debounce", "share", "per_hz", "fastest"),
    [(3, 0.2, 2.4 / 3.6, 44.4), (5, 0.2, 2.4 / 3.6, 26.7), (3, 0.2, 1.0058, 67.1)],
)
def test_the_fastest_wind_is_stated_and_doubted(debounce: float, share: float, per_hz: float, fastest: float) -> None:
    """What a debounce swallows is known: it is the channel's limit, and speeds within a tenth of it are doubted."""
    settings = Settings(line=6, kind="wind", debounce_ms=debounce, closed_share=share, mps_per_hz=per_hz)
    assert settings.fastest == pytest.approx(fastest, abs=0.1)
    assert channels(settings)[0].high == settings.fastest
    near = minute(settings, "wind_speed", *[0.95 * fastest] * 10)[2:]
    assert {reading.doubt.code if reading.doubt else "" for reading in near} == {"near_debounce"}
    far = minute(settings, "wind_speed", *[0.7 * fastest] * 10)[2:]
    assert all(reading.doubt is None for reading in far)


def test_settings_by_which_no_gale_is_told_are_refused() -> None:
    """A station must not read 0 in a storm: a debounce longer than a closure in 20 m/s stops the start."""
    with pytest.raises(ValueError, match="wind above 13 m/s is not measured"):
        Settings(line=6, kind="wind", mps_per_hz=1.0058, debounce_ms=15)
    assert Settings(line=6, kind="rain", debounce_ms=300).debounce == 0.3


def test_the_usual_kit_needs_no_numbers() -> None:
    """Without its own figures a gauge tips at 0.2794 mm, and cups give 2.4 km/h a closure a second."""
    rain, wind = Settings(line=5, kind="rain"), Settings(line=6, kind="wind")
    assert (rain.mm_per_tip, rain.debounce, rain.steady) == (0.2794, 0.1, 0.003)
    assert (wind.mps_per_hz, wind.debounce) == pytest.approx((0.66667, 0.003), rel=1e-4)
    assert wind.fastest == pytest.approx(44.4, abs=0.1)
