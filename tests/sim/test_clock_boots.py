"""Boots, cards and suspended boxes: whatever becomes of a box, its minutes are true within what they state."""

from __future__ import annotations

import shutil
from itertools import pairwise

import pytest

from edge.records.record import Kind, Record
from edge.sim.faults import Outage, Schedule
from edge.sim.times import FOREVER, Teller
from edge.store.times import BOUNDS
from tests.kits.clock_cases import ClockCase, listed, stands
from tests.kits.clock_days import ClockDay, judged, wrong
from tests.kits.stations import DAY, HOUR
from tests.kits.store_kit import memory_folder

NTP = Teller("ntp", 0.02)
PLATFORM = Teller("platform", 0.05, every=HOUR)
CANNOT, BEFORE = "time_cannot_be", "time_before_newest"
CONTRADICTED, TURNED, UNDISPUTED = "time_contradicted", "time_turned", "time_undisputed"
LOOP = HOUR  # s at which brown-outs begin, 20 of them


def brownouts(run: float, off: float = 25.0, boots: int = 20) -> tuple[Outage, ...]:
    """Return power cuts from LOOP on, with so many s of running and being off in turn."""
    return tuple(Outage(LOOP + n * (run + off), off, True) for n in range(boots + 1))


def over(run: float, off: float = 25.0, boots: int = 20) -> float:
    """Return when the last of the brown-outs is over."""
    return LOOP + boots * (run + off) + off


def ntp(*spans: tuple[float, float, float]) -> Teller:
    """Return network time that is heard over these (begin, end, s wrong) alone."""
    return Teller("ntp", 0.02, spans)


def reboots(*times: float, off: float = 90.0) -> tuple[Outage, ...]:
    """Return power cuts of a minute and a half."""
    return tuple(Outage(at, off, True) for at in times)


END_30, END_150 = over(30.0), over(150.0)
CASES = {
    # brown-outs
    "20 boots of 30 s without time": ClockCase(
        (ntp((0.0, LOOP, 0.0), (END_30, FOREVER, 0.0)),), 3.5, outages=brownouts(30.0)
    ),
    "20 boots of 30 s with network time": ClockCase((NTP,), 3.5, outages=brownouts(30.0)),
    "20 boots of 150 s without time": ClockCase(
        (ntp((0.0, LOOP, 0.0), (END_150, FOREVER, 0.0)),), 4.5, bounded=40, outages=brownouts(150.0)
    ),
    "20 boots of 150 s, an hour back in each": ClockCase(
        (ntp((0.0, LOOP, 0.0), (LOOP, END_150, -3600.0), (END_150, FOREVER, 0.0)),),
        4.5,
        (CONTRADICTED, BEFORE),
        bounded=40,
        outages=brownouts(150.0),
    ),
    "20 boots of 150 s, an hour ahead in each": ClockCase(
        (ntp((0.0, LOOP, 0.0), (LOOP, END_150, 3600.0), (END_150, FOREVER, 0.0)),),
        6.5,
        (CONTRADICTED, BEFORE),
        bounded=48,
        outages=brownouts(150.0),
    ),
    "20 boots of 150 s, a dead battery in each": ClockCase(
        (Teller("system", 1.0, ((LOOP, END_150, -839_500_000.0),)), ntp((0.0, LOOP, 0.0), (END_150, FOREVER, 0.0))),
        4.5,
        (CANNOT,),
        bounded=40,
        outages=brownouts(150.0),
    ),
    "boots of 11 minutes with network time in every other": ClockCase(
        (ntp(*((n * 1500.0 + 60.0, n * 1500.0 + 700.0, 0.0) for n in range(9))),),
        3.5,
        bounded=70,
        outages=reboots(*(n * 750.0 for n in range(1, 16))),
        most=0.6,
    ),
    # boots without time
    "a boot without time": ClockCase(
        (ntp((0.0, HOUR, 0.0), (2.5 * HOUR + 60, FOREVER, 0.0)),), 5, bounded=88, outages=reboots(HOUR, 2.5 * HOUR)
    ),
    "two boots without time": ClockCase(
        (ntp((0.0, HOUR, 0.0), (3 * HOUR + 60, FOREVER, 0.0)),),
        5.5,
        bounded=116,
        outages=reboots(HOUR, 2 * HOUR, 3 * HOUR),
    ),
    "a boot without time, the platform minutes away": ClockCase(
        (Teller("platform", 120.0, ((0.0, HOUR, 0.0), (2.5 * HOUR + 60, FOREVER, 0.0)), HOUR),),
        5,
        most=165.0,
        bounded=88,
        outages=reboots(HOUR, 2.5 * HOUR),
    ),
    "killed five times while nobody knows the time": ClockCase(
        (ntp((2 * HOUR, FOREVER, 0.0)),), 5, outages=tuple(Outage(n * 1000.0, 10.0) for n in range(1, 6))
    ),
    "killed five times while it is known": ClockCase(
        (NTP,), 4, outages=tuple(Outage(n * 1000.0, 10.0) for n in range(1, 6))
    ),
    "rebooted each two hours, the platform alone, 50 ppm": ClockCase(
        (PLATFORM,), 9, most=2.2, ppm=50.0, outages=reboots(*(n * 2 * HOUR for n in range(1, 5)))
    ),
    "off each night": ClockCase(
        (NTP, PLATFORM),
        50,
        most=0.4,
        ppm=-80.0,
        outages=(Outage(10 * HOUR, 14 * HOUR, True), Outage(34 * HOUR, 14 * HOUR, True)),
    ),
    "off for 40 days": ClockCase((NTP,), 40 * 24 + 4, outages=(Outage(HOUR, 40 * DAY, True),)),
    "network time an hour after each boot": ClockCase(
        (ntp(*((n * 3 * HOUR + HOUR, (n + 1) * 3 * HOUR, 0.0) for n in range(4))),),
        12,
        most=2.0,
        ppm=300.0,
        outages=reboots(*(n * 3 * HOUR for n in range(1, 4))),
    ),
    # sources that are wrong in step with boots
    "a clock chip in local time, three boots": ClockCase(
        (
            Teller("system", 1.0, tuple((n * 3 * HOUR, n * 3 * HOUR + 600.0, 8 * HOUR) for n in range(3))),
            ntp(*((n * 3 * HOUR + 600.0, (n + 1) * 3 * HOUR, 0.0) for n in range(3))),
        ),
        9,
        (CONTRADICTED, TURNED, UNDISPUTED),
        outages=reboots(3 * HOUR - 90, 6 * HOUR - 90),
    ),
    "a clock chip that is back after a power cut": ClockCase(
        (
            ntp((0.0, 2 * HOUR, 0.0), (2 * HOUR + 400, FOREVER, 0.0)),
            Teller("system", 1.0, ((2 * HOUR, 2 * HOUR + 400, -8 * HOUR),)),
        ),
        5,
        (BEFORE,),
        outages=reboots(2 * HOUR - 90),
    ),
    "1,900 s ahead after a reboot, then right": ClockCase(
        (wrong("ntp", 0.02, (2 * HOUR, 3 * HOUR, 1900.0)),),
        9,
        (CONTRADICTED, TURNED, UNDISPUTED),
        outages=reboots(2 * HOUR - 90),
    ),
    "1,900 s back after a reboot, then right": ClockCase(
        (wrong("ntp", 0.02, (2 * HOUR, 3 * HOUR, -1900.0)),), 5.5, (BEFORE,), outages=reboots(2 * HOUR - 90)
    ),
    "1,900 s ahead for one boot of an hour": ClockCase(
        (wrong("ntp", 0.02, (2 * HOUR, 3 * HOUR, 1900.0)),),
        10,
        (BEFORE,),
        bounded=59,
        outages=reboots(2 * HOUR - 90, 3 * HOUR - 90),
    ),
    "1,900 s ahead in two boots, and right in the midst of the second": ClockCase(
        (wrong("ntp", 0.02, (HOUR, 2.5 * HOUR, 1900.0)),),
        6.5,
        (CONTRADICTED, TURNED, UNDISPUTED),
        bounded=59,
        outages=reboots(HOUR - 90, 2 * HOUR - 90),
    ),
    "an hour back in every other boot": ClockCase(
        (ntp(*((n * HOUR, (n + 1) * HOUR - 90, -3600.0 * (n in (2, 4))) for n in range(7))),),
        7,
        (BEFORE,),
        most=0.4,
        bounded=116,
        outages=reboots(*(n * HOUR - 90 for n in range(2, 6))),
    ),
    # suspended
    "suspended for an hour": ClockCase((NTP,), 4.5, suspends=((HOUR + 17.0, HOUR),)),
    "suspended for eight hours before the time is known": ClockCase(
        (ntp((10 * HOUR, FOREVER, 0.0)),), 13, suspends=((HOUR + 17.0, 8 * HOUR),)
    ),
    "suspended 30 times for a minute": ClockCase(
        (NTP, PLATFORM), 4, suspends=tuple((HOUR + n * 130.0, 61.3) for n in range(30))
    ),
    "suspended while network time goes wrong for 20 minutes": ClockCase(
        (wrong("ntp", 0.02, (2 * HOUR, 2 * HOUR + 1200.0, 3600.0)),), 5, suspends=((2 * HOUR - 60, 1800.0),)
    ),
    "suspended, and an hour ahead when it wakes, for 15 minutes": ClockCase(
        (wrong("ntp", 0.02, (3 * HOUR - 60, 3 * HOUR + 900.0, 3600.0)),),
        7,
        (CONTRADICTED, UNDISPUTED),
        watched=True,
        suspends=((2 * HOUR, HOUR),),
    ),
    # a card in another box
    "a card in a box with another crystal": ClockCase(
        (NTP, PLATFORM), 7, outages=reboots(3 * HOUR, off=900.0), crystals=(30.0, -250.0)
    ),
    "a card in a box that gets no time, and back": ClockCase(
        (ntp((0.0, 2 * HOUR, 0.0), (4 * HOUR + 60, FOREVER, 0.0)),),
        7,
        bounded=118,
        outages=reboots(2 * HOUR, 4 * HOUR),
        crystals=(30.0, -400.0, 30.0),
    ),
    "a card in a box with a clock chip an hour back": ClockCase(
        (NTP, Teller("system", 1.0)), 6, outages=reboots(2 * HOUR), crystals=(30.0, 80.0)
    ),
}
FAST = (
    "20 boots of 30 s without time",
    "a boot without time",
    "suspended for an hour",
    "a card in a box with another crystal",
    "1,900 s back after a reboot, then right",
    "1,900 s ahead in two boots, and right in the midst of the second",
)


@pytest.mark.parametrize("name", listed(CASES, FAST))
def test_no_boot_makes_a_minute_wrong_beyond_its_word(name: str) -> None:
    """Each minute is true within the error or the bounds that it states, none is there twice, and none is lost."""
    stands(CASES[name])


def seconds(records: list[Record], epoch: str) -> list[int]:
    """Return the begins of the minutes of one box, microseconds UTC."""
    return [r.start or 0 for r in records if r.kind == Kind.MINUTE and r.epoch.startswith(epoch)]


def test_a_cloned_card_in_two_boxes_keeps_both_apart() -> None:
    """Both go on from the same records, each true to its own time, and no two records have one name."""
    with memory_folder() as folder:
        first = ClockDay(folder / "one", Schedule(tellers=(NTP,), ppm=20.0))
        first.live(HOUR)
        shutil.copytree(folder / "one", folder / "two")
        boxes = [
            ClockDay(folder / where, Schedule(tellers=(NTP,), ppm=ppm), list(first.runs), name=where)
            for where, ppm in (("one", 20.0), ("two", -90.0))
        ]
        found = [box.live(3 * HOUR, since=HOUR + 90.0) for box in boxes]
    for box, records in zip(boxes, found, strict=True):
        assert judged(box, records) == []
    own = [{(r.epoch, r.seq) for r in records if r.epoch.startswith(("one", "two"))} for records in found]
    assert own[0] and own[1] and not own[0] & own[1]
    assert {r.stamp.boot for r in found[0]} & {r.stamp.boot for r in found[1]} == {"boot-0"}


def test_bounds_of_boots_without_time_follow_each_other() -> None:
    """Each is after the last minute with a time and before the next; nobody says more of it than can be known."""
    case = CASES["two boots without time"]
    with memory_folder() as folder:
        records = ClockDay(folder, Schedule(tellers=case.tellers, outages=case.outages)).live(case.hours * HOUR)
    bounds = [(r.clock.not_before, r.clock.not_after) for r in records if r.clock.source == BOUNDS]
    assert all(low is not None and high is not None and low < high for low, high in bounds)
    assert all(one[1] <= after[1] for one, after in pairwise(bounds) if one[1] and after[1])
