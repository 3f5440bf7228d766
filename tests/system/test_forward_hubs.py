"""What a hub's lanes do by the file's words: which records go, and which of two hubs sends them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.forward_kit import Driven, database, records, section
from tests.kits.http_platform import Platform
from tests.kits.sink_kit import delivery, row


@pytest.fixture(name="url")
def a_database(tmp_path: Path) -> str:
    """Return a database with three minutes, and a start between them."""
    url = database(tmp_path)
    records(url, 1, 2, 4)
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(3, {"version": "9"}, kind="start")))
    sink.close()
    return url


@pytest.mark.parametrize(("events", "expected"), [(False, [1, 2, 4]), (True, [1, 2, 3, 4])])
def test_what_is_no_minute_goes_to_whoever_asks_for_it_alone(
    platform: Platform, url: str, events: bool, expected: list[int]
) -> None:
    """A destination that takes minutes is sent nothing that it might refuse."""
    with closing(Driven(url, section(url=platform.url, events=events))) as driven:
        driven.until(lambda: len(platform.seqs()) >= 3)
        driven.steps(2)
        assert sorted(platform.seqs()) == expected


def test_a_destination_over_mqtt_is_sent_minutes_alone(url: str) -> None:
    """Its words are of values, and it has none for anything else."""
    where = section("mqtt-json", url="mqtt://127.0.0.1:9", topic="weather/{station}")
    with closing(Driven(url, where)) as driven:
        driven.steps(1)
        (batch,) = driven.queue.batches()
        assert [item.seq for item in batch.items] == [1, 2, 4]


def test_of_two_hubs_on_one_database_the_first_one_sends(platform: Platform, url: str) -> None:
    """The second one leaves it alone, or a platform without keys would have each record twice."""
    where = section(url=platform.url, batch=1)
    with closing(Driven(url, where, "a")) as first, closing(Driven(url, where, "b")) as second:
        first.steps(1)
        second.steps(3)
        assert len(platform.requests()) == 1
        first.until(lambda: sorted(platform.seqs()) == [1, 2, 4])
        assert len(platform.requests()) == 3
