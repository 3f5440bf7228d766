"""A hub that starts on a database in which nothing can be kept: the people who stand in it hear of that."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.sim.clock import SimClock
from hub.alarms.people import People
from hub.alarms.start_outage import StartOutage
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.picture_folder import PictureFolder
from hub.waiting import Waiting
from tests.kits.alarm_kit import NOON, Channel, person_of
from tests.kits.postgres import Cluster
from tests.kits.small_disk import mounted, small_disk


class Start:
    """A hub's start over a database, in simulated time; what the group hears of it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.clock = SimClock(0.0)
        self.group = Channel("group", lambda: NOON)
        self.url, self._pictures = url, PictureFolder(folder / "pictures", lambda: opened(url), self.clock)
        database = opened(url)
        DatabaseSink(database)
        for name, duty in (("wen", "operator"), ("zhang", "grower")):
            People(database).keep(person_of(name, 1, duty=duty, language="en"))
        database.close()

    def begin(self) -> None:
        """Start, and wait for what a hub waits for."""
        outage = StartOutage(lambda: opened(self.url, make=False, still=True), {"group": self.group}, self.clock)
        waiting = Waiting(lambda: False, self.clock, outage.note_failure)

        def run() -> None:
            waiting.until(lambda: DatabaseSink(opened(self.url)))
            waiting.until(self._pictures.claim)
            outage.note_begin()

        self.clock.lane("hub", run)

    def told(self, until_s: float) -> list[tuple[list[str], str]]:
        """Return what the group has been told by an instant, and to whom."""
        self.clock.run_until(until_s)
        return [([one.name for one in message.to], message.fitted(4000)) for _, message in self.group.got]

    def end(self) -> None:
        """Let the database go."""
        self._pictures.close()


def test_on_a_disk_that_became_read_only_the_operator_hears_of_it_and_of_its_end(tmp_path: Path) -> None:
    """After five minutes, once, with what is the matter; not where it comes right before."""
    with small_disk(tmp_path / "disk") as disk:
        start = Start(f"sqlite://{disk}/hub.db", tmp_path)
        mounted(disk, "ro")
        start.begin()
        assert start.told(240.0) == []
        ((to, text),) = start.told(1200.0)
        assert to == ["wen"] and "Hub fails" in text and "made the file system read-only" in text
        mounted(disk, "rw")
        assert "available again" in start.told(1260.0)[-1][1] and len(start.group.got) == 2
        start.end()


def test_on_a_server_that_takes_nothing_in_the_operator_hears_of_it(tmp_path: Path, cluster: Cluster) -> None:
    """A standby, or one that is set to be read alone, tells whom to tell."""
    url = cluster.emptied()
    start = Start(url, tmp_path)
    cluster.run("ALTER DATABASE shared SET default_transaction_read_only = on")
    try:
        start.begin()
        ((to, text),) = start.told(400.0)
        assert to == ["wen"] and "takes nothing in" in text
    finally:
        cluster.run("ALTER DATABASE shared RESET default_transaction_read_only")
    assert "available again" in start.told(460.0)[-1][1]
    start.end()


@pytest.mark.parametrize("there", [False, True], ids=["new", "begins"])
def test_a_start_that_comes_right_in_time_tells_nobody(tmp_path: Path, there: bool) -> None:
    """Neither that a database is being made, nor that one is there again."""
    url = f"sqlite://{tmp_path}/hub.db"
    start = Start(url, tmp_path)
    if not there:
        (tmp_path / "hub.db").unlink()
    start.begin()
    assert start.told(400.0) == []
    start.end()
