"""However many hours wait to be counted, what is live waits for few of them, and memory for none."""

from __future__ import annotations

import tracemalloc
from contextlib import closing

import pytest

from hub.database import counting, held_hours
from hub.database import sink as database_sink
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from tests.kits.recount import check_hours
from tests.kits.sink_kit import delivery, query, set_back
from tests.unit.hub.database.test_hours import minute

WAITING = "SELECT (SELECT count(*) FROM stale) + (SELECT count(*) FROM held_hour WHERE minutes IS NULL)"
MOST = 30  # hours, of both kinds


def filled(url: str, hours: int) -> None:
    """Make a database of an older hub with so many hours of five minutes, all of which are still to be counted."""
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(minute(2 + n, n // 5 * 60 + n % 5, under=None) for n in range(5 * hours))))
    sink.close()
    set_back(url, 2)


def test_a_look_counts_a_few_of_the_hours_that_wait(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that is so slow that the time of a look is over at once, a commit comes in between each few."""
    monkeypatch.setattr(database_sink, "WORK_S", 0.0)
    filled(url, 150)
    sink = DatabaseSink(opened(url))
    ((before,),) = query(url, WAITING)
    assert before > 10 * MOST - 50
    for turn in range(2 * before):
        sink.look()
        ((left,),) = query(url, WAITING)
        assert before - left <= MOST, "live has waited for too many"
        if not left:
            break
        sink.commit(delivery(minute(10_000 + turn, 60 * 400 + turn, under=None)))
        before = left
    assert not left
    check_hours(url)
    sink.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_more_hours_that_wait_take_no_more_memory(url: str) -> None:
    """Six times as many are counted with the memory of the first."""
    filled(url, 240)
    DatabaseSink(opened(url)).close()
    peaks = []
    with closing(opened(url)) as engine:
        counting.work_off(engine)
        held_hours.work_off(engine)
        for slices in (3, 18):
            tracemalloc.start()
            assert all(counting.work_off(engine) + held_hours.work_off(engine) for _ in range(slices))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0] + 50_000, peaks
