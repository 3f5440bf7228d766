"""Stations and platforms of both versions of the contract: everything arrives, whichever speaks which."""

from __future__ import annotations

from pathlib import Path

from edge.sim.faults import Mishap, Outage, Schedule
from tests.kits.stations import configured, live

OUTAGE = Outage(700.0, 60.0)


def test_a_platform_of_today_gets_minutes_in_columns(tmp_path: Path) -> None:
    """After the first hello is answered no minute goes in the older form, over a restart and a backlog too."""
    schedule = Schedule(outages=(OUTAGE,), away=((900.0, 1300.0),))
    outcome = live(configured(tmp_path), schedule, 1800.0)
    assert outcome.complaints == []
    assert {topic for topic in outcome.topics[5:] if topic.endswith(("live", "backfill"))} == {
        "minshan/2/sim/live",
        "minshan/2/sim/backfill",
    }


def test_an_older_platform_still_gets_everything(tmp_path: Path) -> None:
    """Where the platform says nothing of version 2 all goes as ever."""
    outcome = live(configured(tmp_path), Schedule(outages=(OUTAGE,), away=((900.0, 1300.0),)), 1800.0, reads=1)
    assert outcome.complaints == []
    assert [topic for topic in outcome.topics if topic.startswith("minshan/2/")] == []


def test_a_platform_that_is_upgraded_keeps_its_ledger(tmp_path: Path) -> None:
    """It leaves, comes back as one of today, and what it has in the older form is no second content."""
    schedule = Schedule(mishaps=((600.0, Mishap.LEAVES), (900.0, Mishap.RETURNS)))
    outcome = live(configured(tmp_path), schedule, 1800.0, reads=1)
    assert outcome.complaints == []
    assert {topic.split("/")[1] for topic in outcome.topics if topic.endswith("live")} == {"1", "2"}


def test_live_minutes_may_wait_for_each_other(tmp_path: Path) -> None:
    """With a message each five minutes nothing is lost or late for good, and a fifth of the messages go."""
    every = '[broker]\nurl = "mqtt://simulated"\nlive_every_min = 5\n'
    outcome = live(configured(tmp_path, broker=every), Schedule(), 3600.0)
    assert outcome.complaints == []
    assert 12 <= sum(topic.endswith("/live") for topic in outcome.topics) <= 18
    assert [topic for topic in outcome.topics if topic.endswith("/backfill")] == []


def test_a_quiet_hour_asks_for_little(tmp_path: Path) -> None:
    """Minutes that were sent a moment ago are not asked about: a station says hello where it connects, and no more."""
    outcome = live(configured(tmp_path), Schedule(), 3600.0)
    assert outcome.complaints == []
    said = [topic.rpartition("/")[2] for topic in outcome.topics]
    assert said.count("hello") <= said.count("status") + 2
