"""A hub whose own clock is synchronised and wrong: nothing goes for its age, and it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from edge.records.asked import DAY_US
from edge.records.record import ClockMark, Record
from edge.wire.contract import VERSION, Command, encode
from hub.alarms.digests import forget
from hub.config import PicturesSection
from hub.database import schema
from hub.database.accounts import Accounts
from hub.database.engine import Engine, opened
from hub.database.orders import Orders
from hub.database.sink import DatabaseSink
from hub.picture_files import PictureFiles
from hub.retention import Retention
from hub.rights import Account, Role
from hub.sink import Delivery, Row
from hub.station_clocks import clock_offset, vouched_time
from hub.told_time import CONTRADICTED, ToldTime, UncontradictedTime
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import delivery, row
from tests.unit.hub.database.test_retention import picture

YEAR_US, HOUR_US, MINUTE_US = 365 * DAY_US, 3_600_000_000, 60_000_000
LI = Account("user", "li", Role.OPERATOR, None)


class Desk:
    """A hub's database, and its clock, which is `off_us` ahead of the stations'."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.url = folder, f"sqlite://{folder}/hub.db"
        self.engine: Engine = opened(self.url)
        schema.migrate(self.engine)
        self.sink = DatabaseSink(opened(self.url))
        self.off_us = 0
        self.true_us = UTC0 + MINUTE_US  # the stations' time
        self._seq = 0

    def now(self) -> int:
        """Return the time by the hub's clock."""
        return self.true_us + self.off_us

    def hear(self, *stations: str, minutes: int = 1, source: str = "ntp") -> None:
        """Have the stations measure and send for so many minutes."""
        for _ in range(minutes):
            self.true_us += MINUTE_US
            self._seq += 1
            self.sink.commit(delivery(*(self._minute(station, source) for station in stations)))

    def _minute(self, station: str, source: str) -> Row:
        made = row(self._seq, 2.5, station=station).record
        assert isinstance(made, Record)
        start = self.true_us - MINUTE_US
        made = msgspec.structs.replace(made, start=start, clock=ClockMark(source, 0.01))
        return Row(station, made, encode(made), self.now())


@pytest.fixture(name="desk")
def a_desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.sink.close()
    made.engine.close()


def photos_left(desk: Desk) -> int:
    """Return how many photos are there after a pass of a hub that keeps them for 30 days."""
    section = PicturesSection(dir=str(desk.folder / "pictures"), keep_days=30)
    retention = Retention(section, lambda: opened(desk.url), utc=desk.now)
    retention.make_room()
    retention.close()
    return len([file for file in (desk.folder / "pictures").glob("*.jpg") if ".thumb." not in file.name])


def test_a_clock_that_is_a_year_ahead_deletes_no_photo(desk: Desk) -> None:
    """Their age is counted by the stations' clocks: those of 30 days are there, an older one goes all the same."""
    album = PictureFiles(desk.folder / "pictures")
    desk.true_us += 50 * DAY_US
    for days in (1, 20, 40):
        picture(album, days, desk.true_us - days * DAY_US)
    album.sync()
    desk.sink.commit(Delivery((), tuple(album.kept.values())))
    desk.off_us = YEAR_US
    assert photos_left(desk) == 3, "nothing was heard by this clock yet"
    desk.hear("a", "b")
    assert photos_left(desk) == 2
    desk.off_us = 0
    desk.hear("a", "b")
    assert photos_left(desk) == 2


def test_a_station_whose_own_clock_is_ahead_deletes_nothing_either(desk: Desk) -> None:
    """Half of the stations must say so, and what lies after the hub's own time counts for nothing."""
    desk.hear("a", "b", "c")
    true = desk.true_us
    desk.true_us += YEAR_US
    desk.off_us = -YEAR_US
    desk.hear("c")
    assert vouched_time(desk.engine, desk.now()) == true - MINUTE_US
    desk.off_us = 0
    assert vouched_time(desk.engine, true + MINUTE_US) == true - MINUTE_US


def test_what_was_asked_and_told_is_not_forgotten_by_a_clock_that_leaps(desk: Desk) -> None:
    """Commands and messages of this month stay where the hub's clock is a year ahead for a while."""
    orders = Orders(desk.engine)
    desk.hear("a")
    orders.add("a", Command(VERSION, "0" * 16, "hello", {}, desk.now() + 1), LI, desk.now())
    desk.engine.query(
        "INSERT INTO alarm_message (id, channel, state, urgent, made, due, tries, repeated, said) "
        "VALUES ('m', 'group', 'done', 0, %s, 0, 1, 0, '{}')",
        (desk.now(),),
    )
    desk.off_us = YEAR_US
    for minutes in (0, 1):
        desk.hear("a", minutes=minutes)
        orders.add("a", Command(VERSION, f"{desk.true_us}", "hello", {}, desk.now() + 1), LI, desk.now())
        forget(desk.engine, desk.now())
        assert orders.order("0" * 16) is not None
        assert desk.engine.query("SELECT count(*) FROM alarm_message") == [(1,)]


def test_a_session_that_began_in_the_future_lasts_no_longer(desk: Desk) -> None:
    """Somebody logs in while the clock is a year ahead: set right, it is over, and not good for a year."""
    accounts = Accounts(desk.engine)
    accounts.add(LI, "x", UTC0)
    secret = accounts.begin_session("li", UTC0 + YEAR_US)
    assert accounts.by_session(secret, UTC0 + YEAR_US) == LI
    assert accounts.by_session(secret, UTC0 + YEAR_US - HOUR_US) == LI, "a clock is set back by an hour without harm"
    assert accounts.by_session(secret, UTC0) is None
    assert accounts.by_session(accounts.begin_session("li", UTC0), UTC0) == LI


@pytest.mark.parametrize("off_us", [-YEAR_US, -DAY_US, -HOUR_US, HOUR_US, DAY_US, YEAR_US])
def test_stations_are_not_told_a_time_that_they_contradict(
    desk: Desk, off_us: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Where two that know the time by themselves contradict it none is told, until the hub's clock is right again.

    That it is wrong is said once it has stayed so.
    """
    told = UncontradictedTime(
        lambda: ToldTime(desk.now()), lambda: opened(desk.url), desk.now, lambda: desk.true_us / 1e6
    )
    desk.hear("a", "b", minutes=3)
    assert told().utc == desk.now()
    desk.off_us = off_us
    desk.hear("a", "b", minutes=3)
    assert told().utc == 0
    assert clock_offset(desk.engine, desk.now()) == off_us
    assert str(CONTRADICTED) not in caplog.messages
    desk.hear("a", "b", minutes=3)
    assert told().utc == 0
    assert caplog.messages.count(str(CONTRADICTED)) == 1
    desk.off_us = 0
    desk.hear("a", "b", minutes=3)
    assert told().utc == desk.now()
    told.close()


def test_what_waited_while_nothing_was_kept_accuses_no_clock(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The database was away for six hours: what comes then is late, less so from look to look, and nothing is said."""
    now = desk.true_us
    told = UncontradictedTime(lambda: ToldTime(now), lambda: opened(desk.url), lambda: now, lambda: now / 1e6)
    now += 6 * HOUR_US
    while desk.true_us < now:
        desk.off_us = now - desk.true_us - MINUTE_US
        desk.hear("a", "b")
        now += 20_000_000  # a minute's records take twenty seconds, which is slow
        told()
    assert str(CONTRADICTED) not in caplog.messages
    assert told().utc == now
    told.close()


@pytest.mark.parametrize(
    ("tell", "says"),
    [
        (lambda desk: desk.hear("a", minutes=3), None),  # one alone may be wrong itself
        (lambda desk: desk.hear("a", "b", source="platform"), None),  # they have it from the hub
    ],
    ids=["one", "by the hub"],
)
def test_who_cannot_know_better_contradicts_nobody(desk: Desk, tell: Callable[[Desk], None], says: int | None) -> None:
    """A single station, or those that have their time from the hub, say nothing of its clock."""
    desk.off_us = -HOUR_US
    tell(desk)
    assert clock_offset(desk.engine, desk.now()) is says


def test_a_late_station_among_others_contradicts_nobody(desk: Desk) -> None:
    """One brings what it measured an hour ago, the other is live: the hub's clock is right."""
    desk.off_us = HOUR_US
    desk.hear("late")
    desk.off_us, desk.true_us = 0, desk.true_us + HOUR_US
    desk.hear("live")
    assert clock_offset(desk.engine, desk.now()) == 0
