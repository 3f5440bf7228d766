"""How far a destination is, as the pages and the command line tell it, on both databases."""

from __future__ import annotations

import random
from contextlib import closing
from typing import Any

import msgspec
import pytest

from drivers.reason import Reason
from edge.northbound import http_json
from edge.records import ranges
from edge.records.record import MOST, Record
from edge.wire.contract import encode
from hub.database import forwarded
from hub.database.engine import Engine, opened
from hub.database.sink import DatabaseSink
from hub.forward.queue import DatabaseQueue
from hub.forward.state import states_of
from tests.kits.forward_kit import section
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import delivery, row

URL = "https://weather.county.example/records"
COUNTY, VILLAGE = section(name="county", url=URL), section(name="village", url=URL, stations=["t"])


def waiting(engine: Engine) -> list[int]:
    """Return how many records wait for each destination, by all ranges of numbers."""
    found = [forwarded.waiting(engine, one.name, one.stations) for one in (COUNTY, VILLAGE)]
    return [sum(map(ranges.count, left.values())) for left in found]


@pytest.mark.parametrize("seed", range(3))
def test_what_waits_is_what_is_here_and_neither_taken_nor_refused(sink: DatabaseSink, url: str, seed: int) -> None:
    """Over random holes, revisions and refusals of two stations and lives, after each step of the queue."""
    chance = random.Random(seed)
    with closing(opened(url)) as engine, closing(opened(url)) as other:
        queue = DatabaseQueue(other, "county", lambda: UTC0)
        for step in range(25):
            seqs = chance.sample(range(1, 200), 8)
            where = chance.choice([("s", "e"), ("s", "f"), ("t", "e")])
            sink.commit(delivery(*(row(seq, revision=step, station=where[0], epoch=where[1]) for seq in seqs)))
            batch = queue.fill(chance.choice([1, 5, 20]), http_json.encode)
            if batch is not None and len(batch.items) == 1:
                queue.set_aside(batch, Reason("said", "no"))
            elif batch is not None and chance.random() < 0.8:
                queue.proven(batch)
            assert [one.waiting for one in states_of(engine, [COUNTY, VILLAGE])] == waiting(engine)


def test_a_station_that_counts_from_the_highest_numbers_stops_no_destination(sink: DatabaseSink, url: str) -> None:
    """Eleven hundred records with a hole before each: their numbers together are more than 64 bits hold."""
    (made,) = delivery(row(1)).rows
    assert isinstance(made.record, Record)
    seqs = range(MOST - 2 * 1100, MOST, 2)
    found = [msgspec.structs.replace(made.record, seq=seq) for seq in seqs]
    sink.commit(delivery(*(msgspec.structs.replace(made, record=one, raw=encode(one)) for one in found)))
    with closing(opened(url)) as engine:
        queue = DatabaseQueue(engine, "county", lambda: UTC0)
        batch = queue.fill(20, http_json.encode)
        assert batch is not None and len(batch.items) == 20
        queue.proven(batch)
        assert states_of(engine, [COUNTY])[0].waiting == 1080


def test_a_station_that_a_destination_is_to_have_and_nobody_has_heard_of_is_named(sink: DatabaseSink, url: str) -> None:
    """A name that was typed wrongly sends nothing: it is told, and no longer once that station is heard."""
    with closing(opened(url)) as engine:
        sink.commit(delivery(row(1)))
        county, village = states_of(engine, [COUNTY, VILLAGE])
        assert county.why is None
        assert village.why is not None
        assert (village.why.code, village.why.params) == ("forward_unheard", {"names": "t"})
        sink.commit(delivery(row(1, station="t")))
        assert [one.why for one in states_of(engine, [COUNTY, VILLAGE])] == [None, None]


def test_what_a_destination_has_is_not_read_range_by_range(
    sink: DatabaseSink, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A station with thousands of holes has thousands of ranges: they are added up in the database."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 400, 2))))
    with closing(opened(url)) as engine:
        with engine.transaction():
            forwarded.add(engine, "county", {("s", "e"): range(1, 400, 2)})
        real, came = engine.query, list[Any]()

        def query(sql: str, values: tuple[Any, ...] = ()) -> list[Any]:
            found = real(sql, values)
            came.extend(found)
            return found

        monkeypatch.setattr(engine, "query", query)
        (state,) = states_of(engine, [COUNTY])
    assert (state.waiting, len(came) < 10) == (0, True)
