"""What a station says of sources that it does not believe, as long as it is so and no longer; and what that costs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.clock.anchors import LATEST, SIMULATED, Anchor, believable
from edge.clock.belief import SECOND_LOOK
from edge.recorder.boot_time import BootTime
from edge.records.record import ClockMark, Draft, Kind, Stamp
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import memory_folder

UTC0 = 1_790_000_000_000_000  # 2026-09-21
GPS_ROLLOVER = -1024 * 7 * 86_400.0
HOUR, DAY = 3600.0, 86_400.0


@pytest.fixture(name="store")
def a_store() -> Iterator[Store]:
    with memory_folder() as folder:
        store = Store.open(folder, epoch="e", destinations=(PLATFORM,))
        yield store
        store.close()


@pytest.fixture(name="time")
def the_time(store: Store) -> BootTime:
    return BootTime(store, "b")


def says(time: BootTime, at: float, source: str, off: float = 0.0, error: float = 0.02) -> None:
    """Let a source tell the time at s of the boot, `off` s wrong."""
    time.learn(Anchor("b", at, UTC0 + round((at + off) * 1e6), source, error))


def doubt(time: BootTime) -> str | None:
    """Return the code of what status and doctor show."""
    return None if time.doubt is None else time.doubt.code


def test_a_source_that_says_what_cannot_be_is_shown_beside_a_right_one(time: BootTime) -> None:
    """A receiver whose weeks have rolled over is to be mended, though network time keeps the station right."""
    says(time, 0.0, "gnss", GPS_ROLLOVER)
    says(time, 10.0, "ntp")
    assert doubt(time) == "time_cannot_be"
    says(time, 600.0, "ntp")
    assert doubt(time) == "time_cannot_be"


@pytest.mark.parametrize(("first", "then"), [("gnss", "gnss"), ("system", "ntp")])
def test_a_source_that_has_come_right_is_shown_no_longer(time: BootTime, first: str, then: str) -> None:
    """The receiver, or a clock chip with a dead battery that network time has set since."""
    says(time, 0.0, first, GPS_ROLLOVER)
    says(time, 10.0, then)
    assert doubt(time) is None


def test_what_a_second_source_confirms_is_shown_as_a_doubt_no_longer(store: Store) -> None:
    """Network time was not believed before the newest record; once the platform says the same, nothing is amiss."""
    later = UTC0 + 900_000_000
    store.append(Draft(Kind.MINUTE, Stamp("a", 60.0), 60.0, later, ClockMark("ntp", 0.05), {"values": {}}))
    time = BootTime(store, "b")
    says(time, 0.0, "ntp")
    assert doubt(time) == "time_before_newest"
    says(time, 7.0, "platform")
    assert doubt(time) is None


def test_a_contradiction_is_shown_until_it_is_over(time: BootTime) -> None:
    """And in the events once, with its end."""
    says(time, 0.0, "ntp")
    says(time, 100.0, "platform", 3600.0)
    assert doubt(time) == "time_contradicted"
    says(time, 105.0, "ntp")
    assert doubt(time) == "time_contradicted"
    says(time, 100.0 + 2 * SECOND_LOOK + 1.0, "ntp")
    assert doubt(time) is None
    assert [told.code for told in time.events] == ["time_contradicted", "time_undisputed"]


def test_a_time_that_turned_is_shown_until_it_cannot_turn_back(time: BootTime) -> None:
    """One source's word alone turned it: what it said before may be right for twice as long as it said it."""
    for at in (0.0, SECOND_LOOK):
        says(time, at, "ntp", 3600.0)
    for at in (SECOND_LOOK + 5.0, 2 * SECOND_LOOK + 5.0):
        says(time, at, "ntp")
    assert doubt(time) == "time_turned"
    says(time, 4 * SECOND_LOOK, "ntp")
    assert doubt(time) == "time_turned"
    says(time, 5 * SECOND_LOOK, "ntp")
    assert doubt(time) is None
    assert [told.code for told in time.events] == ["time_contradicted", "time_turned", "time_undisputed"]


def test_a_simulation_s_time_is_contradicted_by_nobody(time: BootTime) -> None:
    """A demo plays a day of 2021 beside a platform that knows today's."""
    time.learn(Anchor("b", 0.0, 1_600_000_000_000_000, SIMULATED, 0.05))
    says(time, 60.0, "platform")
    assert doubt(time) is None
    assert time.known.time_at(60.0)[0] == 1_600_000_060_000_000


def test_only_the_last_day_states_a_contradiction(store: Store, time: BootTime) -> None:
    """What was measured before that is not made uncertain by a source that turned today."""
    says(time, 0.0, "ntp")
    for at in (3 * DAY - DAY - HOUR, 3 * DAY - HOUR):
        start, mark = time.known.time_at(at)
        store.append(Draft(Kind.MINUTE, Stamp("b", at), 60.0, start, mark, {"values": {}}))
    says(time, 3 * DAY - 600.0, "ntp")
    for at in (3 * DAY, 3 * DAY + SECOND_LOOK):
        says(time, at, "platform", -7200.0)
    before, within = store.range(1, 2)
    assert (before.clock.error or 0.0) < 7200.0 < (within.clock.error or 0.0)


def test_a_source_that_is_asked_each_five_seconds_does_not_fill_the_card(store: Store, time: BootTime) -> None:
    """While a contradiction lasts: of an hour of looks the few are kept that tell the time better."""
    for look in range(720):
        says(time, 5.0 * look, "ntp")
    assert 2 <= len(store.times.anchors("b")) <= 40


@pytest.mark.parametrize(("error", "taken"), [(3600.0, True), (3601.0, False)])
def test_a_time_that_is_known_to_an_hour_dates_and_no_worse(error: float, taken: bool) -> None:
    """And the last instant that is believed is the first of 2046."""
    assert believable(Anchor("b", 0.0, UTC0, "platform", error)) is taken
    assert believable(Anchor("b", 0.0, LATEST, "platform", 0.05))
    assert not believable(Anchor("b", 0.0, LATEST + 1, SIMULATED, 0.05))
