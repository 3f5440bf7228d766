"""What sources of time do to a box: true within the stated error in every minute, and no minute twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.records.record import Kind
from edge.sim.faults import BOOTING, Outage, Schedule
from edge.sim.times import FOREVER, Teller
from tests.kits.clock_days import ClockDay, codes, judged, worst, wrong
from tests.kits.stations import BEGIN, DAY, HOUR, SMALL, configured, live, without
from tests.kits.store_kit import memory_folder

FEW = without(SMALL, "shelter", "second", "rain485", "vane", "field")
MINUTES = 60.0  # s
YEARS = 365 * DAY
NTP = Teller("ntp", 0.02)


def turning(off: float, every: float) -> Teller:
    """Return network time that is `off` s wrong in every other span of so many s."""
    spans = [(n * every, (n + 1) * every, off * (n % 2)) for n in range(round(DAY / every))]
    return Teller("ntp", 0.02, tuple(spans))


LATE = Teller("ntp", 0.02, ((20 * HOUR, FOREVER, 0.0),))
BACK_2_YEARS = -730 * DAY
# name: schedule, events that must be told, largest error that the last two hours may state
SCENARIOS: dict[str, tuple[Schedule, list[str], float]] = {
    "honest network time": (Schedule(tellers=(NTP,)), [], 0.2),
    "no clock for a day": (Schedule(tellers=(LATE,)), [], 0.2),
    "no clock for a day, 200 ppm": (Schedule(tellers=(LATE,), ppm=200.0), [], 0.3),
    "network time, 200 ppm": (Schedule(tellers=(NTP,), ppm=200.0), [], 0.3),
    "network time, -400 ppm": (Schedule(tellers=(NTP,), ppm=-400.0), [], 0.3),
    "platform hourly, 20 ppm": (Schedule(tellers=(Teller("platform", 0.05, every=HOUR),), ppm=20.0), [], 0.4),
    "platform hourly, -50 ppm": (Schedule(tellers=(Teller("platform", 0.05, every=HOUR),), ppm=-50.0), [], 0.4),
    "a second back": (
        Schedule(tellers=(wrong("ntp", 0.02, (14 * HOUR, FOREVER, -1.0)),), watched=True),
        ["time_contradicted"],
        2.1,
    ),
    "a second on for ten hours, then corrected": (
        Schedule(tellers=(wrong("ntp", 0.02, (0.0, 10 * HOUR, 1.0)),), watched=True),
        ["time_contradicted", "time_turned"],
        4.0,  # the former story is open for a day
    ),
    "an hour on for two hours, then right": (
        Schedule(tellers=(wrong("ntp", 0.02, (0.0, 2 * HOUR, 3600.0)),), watched=True),
        ["time_contradicted", "time_turned"],
        0.2,
    ),
    "an hour back for two hours, then right": (
        Schedule(tellers=(wrong("ntp", 0.02, (0.0, 2 * HOUR, -3600.0)),), watched=True),
        ["time_contradicted", "time_turned"],
        0.2,
    ),
    "steps an hour back for 30 minutes": (
        Schedule(tellers=(wrong("ntp", 0.02, (10 * HOUR, 10.5 * HOUR, -3600.0)),), watched=True),
        ["time_contradicted", "time_undisputed"],
        0.2,
    ),
    "steps an hour on for 30 minutes": (
        Schedule(tellers=(wrong("ntp", 0.02, (10 * HOUR, 10.5 * HOUR, 3600.0)),), watched=True),
        ["time_contradicted", "time_undisputed"],
        0.2,
    ),
    "steps on soon after the start and back": (
        Schedule(tellers=(wrong("ntp", 0.02, (15 * MINUTES, 3 * HOUR, 3600.0)),), watched=True),
        ["time_contradicted", "time_turned", "time_contradicted", "time_turned"],
        0.2,
    ),
    "platform an hour on, network time right": (
        Schedule(tellers=(wrong("platform", 0.05, (0.0, FOREVER, 3600.0), every=HOUR), Teller("ntp", 0.1))),
        ["time_contradicted"],
        3601.0,
    ),
    "network time an hour back, platform right": (
        Schedule(tellers=(wrong("ntp", 0.03, (0.0, FOREVER, -3600.0)), Teller("platform", 0.1, every=HOUR))),
        ["time_contradicted"],
        3601.0,
    ),
    "platform alone first, an hour on, then network time": (
        Schedule(
            tellers=(
                wrong("platform", 0.05, (0.0, FOREVER, 3600.0), every=HOUR),
                Teller("ntp", 0.1, ((5 * HOUR, FOREVER, 0.0),)),
            )
        ),
        ["time_contradicted"],
        3601.0,
    ),
    "one of three an hour on": (
        Schedule(tellers=(wrong("gnss", 0.01, (0.0, FOREVER, 3600.0)), NTP, Teller("platform", 0.1, every=HOUR))),
        ["time_contradicted", "time_turned"],
        0.2,
    ),
    "an outlier against two": (
        Schedule(tellers=(NTP, Teller("platform", 0.1, every=HOUR), wrong("gnss", 0.01, (HOUR, FOREVER, 7200.0)))),
        ["time_contradicted"],
        0.2,
    ),
    "one wrong answer of the platform": (
        Schedule(tellers=(NTP, wrong("platform", 0.1, (9 * HOUR, 10 * HOUR, -5000.0), every=HOUR))),
        ["time_contradicted", "time_undisputed"],
        0.2,
    ),
    "1970 for ten minutes": (
        Schedule(tellers=(wrong("gnss", 0.001, (0.0, 10 * MINUTES, -BEGIN / 1e6)),)),
        ["time_cannot_be"],
        0.2,
    ),
    "GPS rollover for 20 minutes": (
        Schedule(tellers=(wrong("gnss", 0.001, (HOUR, 80 * MINUTES, -1024 * 7 * DAY)),)),
        ["time_cannot_be"],
        0.2,
    ),
    "2038 for a while": (
        Schedule(tellers=(wrong("ntp", 0.02, (0.0, 2 * HOUR, 12 * YEARS)),)),
        ["time_contradicted", "time_turned"],
        0.2,
    ),
    "network time states no error": (Schedule(tellers=(Teller("ntp", 0.000001),)), [], 0.2),
    "an hour on, then a reboot, then right": (
        Schedule(tellers=(wrong("ntp", 0.02, (0.0, 2 * HOUR, 3600.0)),), outages=(Outage(2 * HOUR - 30, 90.0, True),)),
        ["time_before_newest"],
        0.2,
    ),
    "a reboot while two contradict each other": (
        Schedule(
            tellers=(Teller("ntp", 0.02), wrong("platform", 0.1, (HOUR, FOREVER, 3600.0), every=HOUR)),
            outages=(Outage(5 * HOUR + 10, 90.0, True), Outage(9 * HOUR + 20, 30.0)),
        ),
        ["time_contradicted"],
        3601.0,
    ),
    "an hour back after a reboot": (
        Schedule(
            tellers=(wrong("ntp", 0.02, (2 * HOUR, 3.5 * HOUR, -3600.0)),), outages=(Outage(2 * HOUR - 30, 90.0, True),)
        ),
        ["time_before_newest"],
        0.2,
    ),
    "ten minutes back after nine without power": (
        Schedule(
            tellers=(wrong("ntp", 0.02, (2 * HOUR, 3.5 * HOUR, -600.0)),), outages=(Outage(2 * HOUR - 30, 540.0, True),)
        ),
        ["time_before_newest"],
        0.2,
    ),
    "an hour back after a reboot, until another source says so": (
        Schedule(
            tellers=(
                wrong("ntp", 0.02, (2 * HOUR, FOREVER, -3600.0)),
                Teller("platform", 0.1, ((0.0, 2 * HOUR, 0.0), (3.5 * HOUR, FOREVER, 0.0)), HOUR),
            ),
            outages=(Outage(2 * HOUR - 30, 90.0, True),),
        ),
        ["time_before_newest", "time_contradicted"],
        3601.0,
    ),
    "an hour back through boots of an hour": (
        Schedule(
            tellers=(wrong("ntp", 0.02, (2 * HOUR, 3.8 * HOUR, -3600.0)),),
            outages=tuple(Outage(n * HOUR - 30, 90.0, True) for n in range(1, 5)),
        ),
        ["time_before_newest"],
        0.2,
    ),
    "an hour on for an hour, boots of 20 minutes": (
        Schedule(
            tellers=(wrong("ntp", 0.02, (3 * HOUR, 4 * HOUR, 3600.0)),),
            outages=tuple(Outage(n * 20 * MINUTES, 60.0, True) for n in range(1, 30)),
        ),
        ["time_before_newest"],
        0.2,
    ),
    "a boot without time, then an hour back for a while": (
        Schedule(
            tellers=(Teller("ntp", 0.02, ((HOUR, 1.3 * HOUR, -3600.0), (1.3 * HOUR, FOREVER, 0.0))),),
            outages=(Outage(0.9 * HOUR, 60.0, True),),
            watched=True,
        ),
        ["time_contradicted", "time_turned", "time_undisputed"],
        0.2,
    ),
    "turns each ten minutes": (
        Schedule(tellers=(turning(3600.0, 600.0),), watched=True),
        ["time_contradicted"],
        3601.0,
    ),
    "turns each ten minutes, unwatched": (Schedule(tellers=(turning(-3600.0, 600.0),)), ["time_contradicted"], 3601.0),
    "turns each eleven minutes": (
        Schedule(tellers=(turning(-60.0, 660.0),), watched=True),
        ["time_contradicted", "time_turned"],
        61.0,
    ),
    "turns each 20 minutes": (
        Schedule(tellers=(turning(-3600.0, 1200.0),), watched=True),
        ["time_contradicted", "time_turned"],
        3601.0,
    ),
    "turns each two hours": (
        Schedule(tellers=(turning(3600.0, 2 * HOUR),), watched=True),
        ["time_contradicted", "time_turned"],
        3601.0,
    ),
    "killed while it contradicts itself": (
        Schedule(
            tellers=(wrong("ntp", 0.02, (0.0, 2 * HOUR, 3600.0)),),
            watched=True,
            outages=(Outage(2 * HOUR + 400, 20.0), Outage(3 * HOUR, 5.0)),
        ),
        ["time_contradicted", "time_turned"],
        0.2,
    ),
}
SHORT = (
    "network time an hour back, platform right",
    "steps on soon after the start and back",
    "one of three an hour on",
    "an hour back after a reboot",
    "a boot without time, then an hour back for a while",
    "turns each 20 minutes",
)


@pytest.mark.parametrize(
    "name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.slow) for name in SCENARIOS]
)
def test_a_day_of_sources(name: str) -> None:
    """Each minute is true within the error that it states, none is there twice, and what happened is told."""
    schedule, events, most = SCENARIOS[name]
    with memory_folder() as folder:
        day = ClockDay(folder, schedule)
        records = day.live(14 * HOUR if name in SHORT else DAY)
    assert judged(day, records) == []
    told = iter(codes(records))
    assert all(code in told for code in events), codes(records)  # in this order
    assert events or not codes(records)
    assert worst(records) <= most


@pytest.mark.parametrize("off", [-28_800.0, 90.0])
def test_a_step_of_the_system_s_clock_is_noticed_at_once(off: float) -> None:
    """Somebody sets the clock: within two seconds that is an event, and what is stamped from then on states it."""
    at = 1805.3
    with memory_folder() as folder:
        day = ClockDay(folder, Schedule(tellers=(wrong("system", 1.0, (at, FOREVER, off)),), watched=True))
        records = day.live(2000.0)
    assert judged(day, records) == []
    event = next(record for record in records if record.kind == Kind.HEALTH)
    assert event.fields()["reason"]["code"] == "time_contradicted"
    assert event.fields()["reason"]["params"]["seconds"] == pytest.approx(off, abs=4.0)
    assert at <= event.stamp.boottime - BOOTING <= at + 2.0
    stated = [
        r.clock.error or 0.0 for r in records if r.kind == Kind.MINUTE and r.stamp.boottime > event.stamp.boottime
    ]
    assert stated and min(stated) >= abs(off)


def test_a_whole_station_tells_the_platform_of_its_clocks(tmp_path: Path) -> None:
    """What a wrong source dated arrives again with the true time, and what happened arrives as an event."""
    teller = wrong("ntp", 0.02, (0.0, 15 * MINUTES, -3600.0))
    outcome = live(configured(tmp_path, FEW), Schedule(tellers=(teller,), watched=True), 3000.0)
    assert outcome.complaints == []
    told = [code for code in codes(outcome.kept) if code != "time_cannot_be"]  # the platform here knows no time
    assert told == ["time_contradicted", "time_turned", "time_undisputed"]
    assert [record for record in outcome.arrived if record.fields().get("event") == "time" and record.start is not None]
    assert {minute.revision for minute in outcome.minutes()[:10]} == {1}
