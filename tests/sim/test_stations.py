"""Whole simulated stations under faults: nothing lost, nothing doubled, nothing mistimed, nothing wrongly good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from drivers.twins.twin import Fault
from edge.northbound.version1 import sentence
from edge.records.record import Record
from edge.sim.faults import FOREVER, DeviceFault, Outage, Schedule, draw
from edge.sim.rig import Rig
from edge.store.times import ARRIVAL, BOUNDS
from tests.kits.stations import BEGIN, DAY, HOUR, SMALL, configured, live, without
from tests.soak import VANE, lived

FAULT_SPAN = (300.0, 780.0)  # s; eight whole minutes
AIR = ("air_temperature", "relative_humidity", "air_pressure")
FIELD = tuple(f"{name}.field" for name in AIR)
MISSING = 9


@pytest.mark.parametrize(
    ("sensor", "fault", "channels", "reason"),
    [
        ("shelter", Fault.SILENT, AIR, "no answer"),
        ("shelter", Fault.STUCK, AIR, "bus stuck"),
        ("shelter", Fault.OTHER_ADDRESS, AIR, "no answer"),
        ("shelter", Fault.NOISE, AIR, "garbled"),
        ("shelter", Fault.UNPLUGGED, (*AIR, "illuminance"), "unplugged"),
        ("light", Fault.SLOW, ("illuminance",), "bus stuck"),
        ("second", Fault.SHORT, ("air_temperature.second",), "garbled"),
        ("second", Fault.UNPLUGGED, ("air_temperature.second",), "unplugged"),
        ("vane", Fault.OTHER_ADDRESS, ("wind_from_direction",), "wrong device"),
        ("vane", Fault.NOISE, ("wind_from_direction",), "garbled"),
        ("rain485", Fault.UNPLUGGED, ("rainfall_amount", "wind_from_direction"), "unplugged"),
        ("field", Fault.SILENT, (*FIELD, "rainfall_amount.field"), "no answer"),
        ("field", Fault.NOISE, FIELD, "garbled"),
        ("field", Fault.SHORT, FIELD, "not understood"),
        ("field", Fault.SLOW, FIELD, "no answer"),
        ("field", Fault.UNPLUGGED, (*FIELD, "wind_speed"), "unplugged"),
    ],
    ids=str,
)
def test_a_device_that_fails_is_missing_and_returns(
    tmp_path: Path, sensor: str, fault: Fault, channels: tuple[str, ...], reason: str
) -> None:
    """What fails is missing with its reason and never the last value, returns, and costs no other device a minute."""
    outcome = live(configured(tmp_path), Schedule((DeviceFault(*FAULT_SPAN, sensor, fault),)), 1200.0)
    assert outcome.complaints == []
    minutes = outcome.minutes()
    within = [m for m in minutes if FAULT_SPAN[0] + 60 <= after(m) and after(m) + 60 <= FAULT_SPAN[1]]
    assert len(within) == 7
    for minute in within:
        for channel in channels:
            assert (minute.fields()["values"][channel], minute.fields()["quality"][channel]) == (None, MISSING)
            told = sentence(minute.fields()["reasons"][channel])
            assert reason in told or "samples" in told, told
    assert any(reason in sentence(minute.fields()["reasons"][channels[0]]) for minute in within) or fault is Fault.SLOW
    ailing = outcome.ailing(FAULT_SPAN, sensor, fault)
    assert ailing >= set(channels)
    others = minutes[0].fields()["quality"].keys() - ailing
    assert others and [(after(m), c) for m in minutes[1:] for c in others if m.fields()["quality"][c] != 1] == []
    assert all(minute.fields()["quality"][channel] == 1 for minute in minutes[-5:] for channel in channels)


def after(minute: Record) -> float:
    """Seconds from the simulation's begin to the minute's begin."""
    return (minute.start or 0) / 1e6 - BEGIN / 1e6


class Warmer:
    """A thermometer that hangs in warmer air."""

    def __init__(self, twin: Any, kelvin: float) -> None:
        self._twin, self._kelvin = twin, kelvin
        self.misbehave = twin.misbehave

    def set(self, quantity: str, value: float) -> None:
        """Warmer by that."""
        self._twin.set(quantity, value + self._kelvin)


def test_two_thermometers_stay_two_channels(tmp_path: Path) -> None:
    """A second thermometer has its own channel, is in no mean of the first, and does not stand in for it."""

    def setup(rig: Rig) -> None:
        rig.twins["second"] = Warmer(rig.twins["second"], 5.0)

    config = configured(tmp_path, without(SMALL, "light", "rain485", "vane", "field"))
    outcome = live(config, Schedule((DeviceFault(600.0, 1200.0, "shelter", Fault.SILENT),)), 1800.0, setup=setup)
    values = [minute.fields()["values"] for minute in outcome.minutes()]
    whole = [v["air_temperature.second"] - v["air_temperature"] for v in values if v["air_temperature"] is not None]
    assert len(whole) >= 18
    assert all(abs(difference - 5.0) < 0.1 for difference in whole)
    alone = [v for v in values if v["air_temperature"] is None]
    assert len(alone) >= 9
    assert all(v["air_temperature.second"] is not None for v in alone)


def test_a_kill_costs_the_minute_in_hand(tmp_path: Path) -> None:
    """After a SIGKILL at most the minute in hand is gone, and the start record says what is missing and why."""
    outcome = live(configured(tmp_path), Schedule(outages=(Outage(1000.5, 200.0),)), 1800.0)
    assert outcome.complaints == []
    first, second = outcome.starts()
    assert first.fields()["reason"]["code"] == "first_start"
    assert second.fields()["reason"]["code"] == "killed"
    missing = second.fields()["missing"]
    assert abs(missing["to"] - BEGIN - 1200.5e6) < 1e5
    assert 939.5e6 <= missing["from"] - BEGIN <= 1000.5e6


def test_a_power_cut_is_told_apart_from_a_kill(tmp_path: Path) -> None:
    """A new boot says that the power was gone, dates its own records, and all before and after it is there."""
    outcome = live(configured(tmp_path), Schedule(outages=(Outage(1000.5, 90.0, True),)), 1800.0)
    assert outcome.complaints == []
    assert outcome.starts()[1].fields()["reason"]["code"] == "power"
    assert len({minute.stamp.boot for minute in outcome.minutes()}) == 2


def test_a_clock_that_is_wrong_at_boot_dates_everything_later(tmp_path: Path) -> None:
    """Until the time is known only the newest minute goes, marked by arrival; then each gets its true time."""
    outcome = live(configured(tmp_path), Schedule(known_after=2428.0), HOUR)  # between a sending and its receipt
    assert outcome.complaints == []
    before = [r for r in outcome.arrived if r.start is None]
    assert before and all(record.clock.source == ARRIVAL and record.revision == 0 for record in before)
    assert all(minute.start is not None for minute in outcome.minutes())
    assert {minute.revision for minute in outcome.minutes()} == {0, 1}
    assert all(minute.start % 60_000_000 == 0 for minute in outcome.minutes()[-15:] if minute.start)


def test_a_kill_before_the_time_is_known(tmp_path: Path) -> None:
    """What an earlier start of the same boot measured without a time is dated when the time becomes known."""
    outcome = live(configured(tmp_path), Schedule(outages=(Outage(900.0, 30.0),), known_after=1800.0), 2400.0)
    assert outcome.complaints == []
    assert all(minute.start is not None and minute.revision == 1 for minute in outcome.minutes(epoch=0))


@pytest.mark.slow
def test_a_day_without_any_time(tmp_path: Path) -> None:
    """A boot that never knew the time is sent with bounds that hold the truth, as soon as a later boot knows it."""
    config = configured(tmp_path, without(SMALL, "shelter", "light", "rain485", "vane", "field"))
    schedule = Schedule(outages=(Outage(1800.0, 60.0, True, FOREVER), Outage(DAY + 1800.0, 600.0, True)))
    outcome = live(config, schedule, DAY + 2700.0)
    assert outcome.complaints == []
    lost = outcome.minutes(epoch=1)
    assert len(lost) >= 1438
    assert {minute.clock.source for minute in lost} == {BOUNDS}
    assert all((m.clock.not_after or 0) - (m.clock.not_before or 0) < (DAY + 1500) * 1e6 for m in lost)


@pytest.mark.parametrize("seed", [2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (7, 11))])
def test_hours_of_everything(tmp_path: Path, seed: int) -> None:
    """Hours in which devices fail, the daemon is killed, the power and the platform go and the time comes late."""
    config = configured(tmp_path)
    outcome = live(config, draw(seed, config.sensor, 4 * HOUR), 4 * HOUR, seed=seed)
    assert outcome.complaints == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(20, 23))
def test_days_of_everything(tmp_path: Path, seed: int) -> None:
    """The same over two days, by more seeds."""
    config = configured(tmp_path)
    outcome = live(config, draw(seed, config.sensor, 2 * DAY), 2 * DAY, seed=seed)
    assert outcome.complaints == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(500, 503))
def test_twenty_days_through_a_rough_network(seed: int) -> None:
    """A small station, four days by seed: what the network and the platform suffer breaks no promise either."""
    assert lived(seed).complaints == ()


def test_one_seed_gives_the_same_records_at_every_speed(tmp_path: Path) -> None:
    """Twice as fast as possible, and once at 600 times life's speed: the same records, but for the epoch's name."""
    runs = []
    for number, speed in enumerate((None, None, 600.0)):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = configured(folder)
        schedule = Schedule(
            (DeviceFault(150.0, 400.0, "field", Fault.NOISE), DeviceFault(200.0, 380.0, "shelter", Fault.NOISE)),
            (Outage(500.0, 7.0),),
        )
        outcome = live(config, schedule, 700.0, speed=speed)
        runs.append([nameless(record, outcome.kept) for record in outcome.kept])
    assert runs[0] == runs[1]
    assert runs[0] == runs[2]


@pytest.mark.parametrize("days", [0.1, pytest.param(0.2, marks=pytest.mark.slow)])
def test_one_seed_gives_the_same_life_before_a_rough_network(tmp_path: Path, days: float) -> None:
    """Hours of everything, twice: the same records, connections and arrivals, whatever else the machine does."""
    lives = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = configured(folder, VANE)
        outcome = live(config, draw(1000, config.sensor, days * DAY), days * DAY, seed=1000)
        lives.append((outcome, [nameless(record, outcome.kept) for record in outcome.kept]))
    (one, kept), (other, kept_again) = lives
    assert kept == kept_again
    assert (one.connections, one.topics, len(one.arrived)) == (other.connections, other.topics, len(other.arrived))


def nameless(record: Record, kept: list[Record]) -> tuple[Any, ...]:
    """Return a record without the random name of its epoch, which stands for the same start in each run.

    The bytes that the store uses go with what names the folder of the run: bodies are kept compressed, and how
    short one gets depends on the configuration's hash in it.
    """
    names = list(dict.fromkeys(other.epoch for other in kept))
    body = {
        key: value for key, value in record.fields().items() if key not in ("previous_epoch", "configuration", "disk")
    }
    if "store" in body:
        body["store"] = {key: value for key, value in body["store"].items() if key != "bytes"}
    return record.seq, record.kind, names.index(record.epoch), record.stamp, record.duration, record.start, body


def test_a_restart_at_dawn_reads_no_old_scale(tmp_path: Path) -> None:
    """A light sensor that an earlier start left at its most sensitive is not read by another setting's scale."""
    config = configured(tmp_path, without(SMALL, "shelter", "second", "rain485", "vane", "field"))
    dawn = BEGIN + round(18.4 * 3600e6)
    restarts = tuple(Outage(300.0 + 181.3 * n, 7.0) for n in range(10))
    assert live(config, Schedule(outages=restarts), 2400.0, begin=dawn).complaints == []
