"""The schedules of faults: within their model, in order, and the same for one seed."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.twins.twin import Fault
from edge.config.sections import SensorSection
from edge.sampler import by_bus
from edge.sim.faults import FAULTS, FIRST, RECOVERY, device_faults, draw
from tests.kits.stations import HOUR, configured


@pytest.fixture(name="sensors", scope="module")
def some_sensors(tmp_path_factory: pytest.TempPathFactory) -> tuple[SensorSection, ...]:
    """Return the sensors of a station with most kinds of buses."""
    folder: Path = tmp_path_factory.mktemp("faults")
    return configured(folder).sensor


@given(seed=st.integers(0, 2**32))
def test_a_bus_has_one_fault_at_a_time(sensors: tuple[SensorSection, ...], seed: int) -> None:
    """Faults come in order, within the model of their bus, and a bus is left alone for a while after each."""
    bus_of = {s.name: bus for bus, group in by_bus(sensors).items() for s in group}
    kinds = {s.name: s.info.bus for s in sensors}
    drawn = list(islice(device_faults(seed, sensors), 60))
    free: dict[str, float] = {}
    begins = [event.begin for event in drawn]
    assert begins == sorted(begins)
    assert begins[0] >= FIRST
    for event in drawn:
        assert event.begin < event.end
        assert event.fault in FAULTS[kinds[event.sensor]]
        assert event.begin >= free.get(bus_of[event.sensor], 0.0)
        free[bus_of[event.sensor]] = event.end + RECOVERY


@given(seed=st.integers(0, 2**32), hours=st.floats(1, 48))
def test_a_mixture_stays_within_its_span(sensors: tuple[SensorSection, ...], seed: int, hours: float) -> None:
    """Everything begins within the span, outages are at least one and in order, and a kill keeps the boot's time."""
    schedule = draw(seed, sensors, hours * HOUR)
    assert schedule == draw(seed, sensors, hours * HOUR)
    assert all(event.begin < hours * HOUR for event in schedule.device_faults)
    times = [outage.at for outage in schedule.outages]
    assert times and times == sorted(times) and times[-1] <= hours * HOUR
    assert all(outage.power or outage.known_after == 0.0 for outage in schedule.outages)
    assert all(0 <= gone < back for gone, back in schedule.away)


def test_seeds_differ_and_cover_the_model(sensors: tuple[SensorSection, ...]) -> None:
    """Another seed is another schedule, and a few of them hold every fault of the model."""
    seen = {event.fault for seed in range(10) for event in islice(device_faults(seed, sensors), 40)}
    assert seen == set(Fault)
    assert list(islice(device_faults(1, sensors), 5)) != list(islice(device_faults(2, sensors), 5))


def test_no_device_no_fault() -> None:
    """A station without sensors has a schedule without faults."""
    assert draw(1, (), HOUR).device_faults == ()
