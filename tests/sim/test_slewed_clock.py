"""Something slews the system's clock, and the boot's clock with it: a minute is dated by the crystal all the same.

chrony does so where it no longer steps (Debian: `makestep 1 3`) and somebody has set the clock by hand: 20 s in 244.
"""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

import pytest

from edge.clock.anchors import LEAST_ERROR, NOTICED, Anchor, Slewed, carried
from edge.records.record import Kind, Record
from edge.sim.faults import Outage, Schedule
from edge.sim.rig import Rig
from edge.sim.times import FOREVER, Boot, BootTeller, Teller
from tests.kits.clock_days import ClockDay, codes, judged, worst
from tests.kits.stations import BEGIN, HOUR, configured, opener
from tests.kits.store_kit import memory_folder

BOOTED = 20.0  # s of the boot's clock at which a day begins
SLOW = pytest.mark.slow
NTP = 0.02  # s; the error that network time states
Life = tuple[ClockDay, list[Record]]


def slewed(
    off: float, rate: float, at: float = HOUR, silent: float | None = None, restart: float = 0.0, down: float = 30.0
) -> Life:
    """Live 2.5 hours; at `at` the clock is set `off` s ahead and then slewed back by `rate` s a second.

    `silent`: for how long the kernel calls its clock unsynchronised then, s; until it is right by default. `restart`:
    when the daemon is killed, to be started `down` s later.
    """
    gain = -rate if off > 0 else rate
    length = abs(off) / rate  # by the boot's clock
    silent = length * (1 - gain) if silent is None else silent
    sources = (Teller("ntp", NTP, ((0.0, at, 0.0), (at + silent, FOREVER, 0.0))),)
    outages = (Outage(restart, down, False),) if restart else ()
    schedule = Schedule(tellers=sources, ppm=30.0, watched=True, outages=outages)
    with memory_folder() as folder:
        day = ClockDay(folder, schedule, slews=((at + BOOTED, at + BOOTED + length, gain),))
        return day, day.live(2.5 * HOUR)


def complaints(day: ClockDay, records: list[Record]) -> list[str]:
    """Return what the checkers find but for what is too little to be noticed.

    A minute's duration is the boot's: where that runs fast, it seems to reach into the next one.
    """

    def counts(complaint: str) -> bool:
        off = re.search(r"is ([\d.]+) s off, stated ([\d.]+)", complaint)
        return float(off[1]) - float(off[2]) > NOTICED if off else "have the same time" not in complaint

    return [complaint for complaint in judged(day, records) if counts(complaint)]


@pytest.mark.parametrize(
    ("off", "rate"),
    [
        (20.0, 0.091),
        (1.0, 0.005),
        *(pytest.param(*one, marks=SLOW) for one in ((-20.0, 0.091), (3.0, 0.01), (-0.4, 0.002), (0.2, 0.001))),
    ],
)
def test_minutes_stay_true_while_the_clock_is_slewed(off: float, rate: float) -> None:
    """No source tells the time meanwhile; nothing contradicts what was said, and an hour later the error is small."""
    day, records = slewed(off, rate)
    assert complaints(day, records) == []
    assert codes(records) == []
    assert worst(records[-60:]) < 0.2


@pytest.mark.parametrize("off", [-20.0, pytest.param(20.0, marks=SLOW)])
def test_minutes_keep_their_edges_while_the_clock_is_slewed(off: float) -> None:
    """Each minute of UTC has one record, whether the box's seconds are too long or too short."""
    _day, records = slewed(off, 0.091)
    starts = [record.start for record in records if record.kind == Kind.MINUTE]
    assert len(starts) == 149  # the one in hand is not closed
    apart = {(later or 0) - (earlier or 0) for earlier, later in itertools.pairwise(starts[1:])}
    assert apart == {60_000_000}


@pytest.mark.parametrize("silent", [10.0, *(pytest.param(one, marks=SLOW) for one in (0.0, HOUR))])
def test_a_source_may_tell_the_time_again_before_the_slew_ends_or_long_after(silent: float) -> None:
    """It is believed at once, as it says what the crystal says."""
    day, records = slewed(20.0, 0.091, silent=silent)
    assert complaints(day, records) == []
    assert codes(records) == []


@pytest.mark.parametrize("at", [70.0, pytest.param(400.0, marks=SLOW)])
def test_a_clock_is_slewed_soon_after_the_start(at: float) -> None:
    """The crystal is compared from the first minute on."""
    day, records = slewed(8.0, 0.05, at=at)
    assert complaints(day, records) == []
    assert codes(records) == []


def test_what_the_crystal_carried_holds_over_a_restart() -> None:
    """The daemon starts anew later: the minutes before and after the slew keep their times."""
    day, records = slewed(20.0, 0.091, restart=2 * HOUR)
    assert complaints(day, records) == []
    assert codes(records) == []


@pytest.mark.parametrize("into", [0.3, *(pytest.param(one, marks=SLOW) for one in (0.02, 0.9, 0.99))])
@pytest.mark.parametrize("down", [30.0, *(pytest.param(one, marks=SLOW) for one in (2.0, 200.0))])
def test_a_station_may_be_started_anew_in_the_midst_of_a_slew(into: float, down: float) -> None:
    """What was slewed while it did not run is seen: both clocks were kept with the last record or the last slew."""
    off, rate = 12.0, 0.03
    day, records = slewed(off, rate, restart=HOUR + into * off / rate, down=down)
    assert complaints(day, records) == []
    assert codes(records) == []


def test_a_source_that_was_heard_after_the_last_record_says_how_much_of_a_slew_it_saw() -> None:
    """Nobody knows how much of the slew came after its word: the time is in the middle, and the error holds both."""
    heard = Anchor("b", 100.0, BEGIN, "ntp", NTP)
    begin, end = carried(Slewed(90.0, 120.0, 28.0), [heard])
    assert begin.boottime == 100.0
    assert (end.utc - BEGIN) / 1e6 == pytest.approx(19.0, abs=1e-6)
    assert end.error >= 1.0 + NOTICED + LEAST_ERROR


@SLOW
def test_minutes_stay_true_however_long_the_clock_is_slewed() -> None:
    """Somebody set it five minutes wrong: more is slewed than is worth a write a second, and stated."""
    day, records = slewed(300.0, 0.09)
    assert complaints(day, records) == []
    assert codes(records) == []
    assert 2.0 < worst(records) < 7.0


@pytest.mark.parametrize("off", [20.0, pytest.param(-20.0, marks=SLOW), pytest.param(1.0, marks=SLOW)])
def test_a_clock_is_slewed_before_anybody_tells_the_time(off: float) -> None:
    """A box boots with a wrong time and corrects it slowly: what it measured before is dated back across that."""
    rate, at = 0.05, 600.0
    length = abs(off) / rate
    sources = (Teller("ntp", NTP, ((at + 1.2 * length, FOREVER, 0.0),)),)
    with memory_folder() as folder:
        slews = ((at + BOOTED, at + BOOTED + length, -rate if off > 0 else rate),)
        day = ClockDay(folder, Schedule(tellers=sources, ppm=30.0, watched=True), slews=slews)
        records = day.live(1.5 * HOUR)
    assert complaints(day, records) == []
    assert codes(records) == []


def test_the_crystal_is_no_witness() -> None:
    """Network time is a minute wrong from then on, and the platform disagrees: what the crystal carried, restarted
    meanwhile, is no second voice for what network time had said before."""
    at, length = 2 * HOUR, 5.0 / 0.05
    ntp = Teller("ntp", NTP, ((0.0, at, 0.0), (at + 200.0, FOREVER, 0.0)))
    platform = Teller("platform", 0.05, ((3 * HOUR, FOREVER, 60.0),))
    rtc = Teller("rtc", 0.05, ((3 * HOUR, FOREVER, 60.0),))
    with memory_folder() as folder:
        schedule = Schedule(tellers=(ntp, platform, rtc), watched=True, outages=(Outage(at + 600.0, 10.0),))
        day = ClockDay(folder, schedule, slews=((at + BOOTED, at + BOOTED + length, -0.05),))
        records = day.live(4 * HOUR)
    assert codes(records)[:2] == ["time_contradicted", "time_turned"]


@SLOW
@pytest.mark.parametrize("seed", range(20))
def test_minutes_stay_true_by_chance(seed: float) -> None:
    """Slews of 0.1 to 30 s at 0.1 to 9 %, one or two, with sources that are silent or not, good or not."""
    chance = random.Random(seed)
    at, off, rate = chance.uniform(60.0, 2 * HOUR), 10 ** chance.uniform(-1.0, 1.5), 10 ** chance.uniform(-3.0, -1.05)
    first = (at + BOOTED, at + BOOTED + off / rate, chance.choice([-1, 1]) * rate)
    again = first[1] + chance.uniform(10.0, 4000.0)
    second = (again, again + chance.uniform(10.0, 1000.0), chance.choice([-0.01, 0.01]))
    silent = chance.choice([0.0, off / rate * 1.2, chance.uniform(0.0, 3000.0)])
    tellers = [Teller("ntp", 10 ** chance.uniform(-2.0, 0.0), ((0.0, at, 0.0), (at + silent, FOREVER, 0.0)))]
    if chance.random() < 0.5:
        tellers.append(Teller("platform", 0.05, every=chance.choice([660.0, HOUR, 6 * HOUR])))
    with memory_folder() as folder:
        schedule = Schedule(tellers=tuple(tellers), ppm=chance.uniform(-60.0, 60.0), watched=True)
        slews = (first, second) if chance.random() < 0.4 else (first,)
        day = ClockDay(folder, schedule, slews=slews)
        assert complaints(day, day.live(5 * HOUR)) == []


def test_a_whole_station_goes_on_over_a_slew_in_which_it_did_not_run(tmp_path: Path) -> None:
    """Its clocks are kept with its records: half a minute later it knows what was slewed, and from nobody else."""
    boot = Boot("b", BEGIN, slews=((200.0, 230.0, 0.09),))
    rig = Rig(configured(tmp_path), boot, boot.utc_at(BOOTED), 1, weather_s=10.0)
    rig.tellings = [BootTeller(Teller("ntp", NTP, ((0.0, 100.0, 0.0),)), boot, BEGIN, 1)]
    rig.watched = True
    rig.power_on(opener(1))
    rig.clock.run_until(199.0)
    rig.kill()
    rig.clock.run_until(231.0)
    station = rig.power_on(opener(2))
    utc, mark = station.recorder.time_at(231.0)
    assert utc is not None
    assert abs(utc - boot.utc_at(231.0)) / 1e6 <= (mark.error or 0.0) < 0.3
    rig.power_off()
    rig.close()
