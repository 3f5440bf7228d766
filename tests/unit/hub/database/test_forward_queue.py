"""What a destination is to be sent, on both databases: newest first, once, revised ones again, and no other's way."""

from __future__ import annotations

import json
import threading

import msgspec
import pytest

from drivers.reason import Reason
from edge.forward.batch import ForwardBatch
from edge.northbound import http_json
from edge.records.bodies import encode
from edge.records.record import Record
from edge.sim.clock import SimClock
from hub.database import forwarded
from hub.database.commit import commit
from hub.database.engine import opened
from hub.database.lease import ENDS_S
from hub.database.sink import DatabaseSink
from hub.forward.queue import DatabaseQueue
from hub.sink import Row
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import came, delivery, query, row, set_back

NO = Reason("said", "{text}", text="no")


@pytest.fixture(name="queue")
def a_queue(url: str, sink: DatabaseSink) -> DatabaseQueue:
    """Return the queue of one destination over a sink's database."""
    return DatabaseQueue(opened(url), "county", lambda: UTC0)


def waits(queue: DatabaseQueue) -> int:
    """Return how many records wait."""
    return sum(last - first + 1 for some in left(queue).values() for first, last in some)


def left(queue: DatabaseQueue) -> dict[tuple[str, str], tuple[tuple[int, int], ...]]:
    """Return what waits."""
    return forwarded.waiting(queue._engine, queue.destination)


def filled(queue: DatabaseQueue, most: int = 10) -> ForwardBatch:
    """Return the next batch."""
    batch = queue.fill(most, http_json.encode)
    assert batch is not None
    return batch


def seqs(batch: ForwardBatch) -> list[int]:
    """Return the numbers of a batch."""
    return [item.seq for item in batch.items]


def undated(of: Row) -> Row:
    """Return a minute whose time nobody knows yet."""
    assert isinstance(of.record, Record)
    record = msgspec.structs.replace(of.record, start=None)
    return Row(of.station, record, encode(record), of.arrived)


def test_the_newest_go_first_and_each_station_has_its_turn(sink: DatabaseSink, queue: DatabaseQueue) -> None:
    """A station with a long backlog holds up no other's newest minute."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 101)), row(7, station="t", epoch="f")))
    batch = filled(queue)
    assert [(item.station, item.seq) for item in batch.items] == [*(("s", seq) for seq in range(92, 101)), ("t", 7)]
    assert [json.loads(line)["station"] for line in batch.lines] == ["s"] * 9 + ["t"]
    queue.proven(batch)
    assert left(queue) == {("s", "e"): ((1, 91),)}
    queue.stations = ("t",)
    assert queue.fill(10, http_json.encode) is None
    queue.close()


def test_a_batch_is_the_same_after_a_kill(sink: DatabaseSink, queue: DatabaseQueue, url: str) -> None:
    """What was sent and not answered comes again with the same bytes and key, though a record was revised meanwhile;
    the revision goes by itself after it."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 6))))
    batch = filled(queue)
    sink.commit(delivery(row(3, 9.5, revision=1)))
    again = DatabaseQueue(opened(url), "county", lambda: UTC0)
    assert again.batches() == [batch]
    assert again.batches()[0].key == batch.key
    again.proven(again.batches()[0])
    assert left(again) == {("s", "e"): ((3, 3),)}
    revised = filled(again)
    assert (seqs(revised), revised.items[0].revision, revised.key != batch.key) == ([3], 1, True)
    again.proven(revised)
    assert waits(again) == 0
    assert query(url, "SELECT first, last FROM forwarded") == [(1, 5)]
    again.close()
    queue.close()


def test_a_revision_is_sent_again(sink: DatabaseSink, queue: DatabaseQueue, url: str) -> None:
    """A record that was proven long ago waits again when it is revised, for each destination that had it."""
    other = DatabaseQueue(opened(url), "other", lambda: UTC0)
    sink.commit(delivery(*(row(seq) for seq in range(1, 6))))
    for one in (queue, other):
        one.proven(filled(one))
    sink.commit(delivery(row(2, 7.5, revision=2), row(4)))
    assert [waits(one) for one in (queue, other)] == [1, 1]
    sink.commit(delivery(row(2, 6.5, revision=1)))
    assert seqs(filled(queue)) == [2]
    assert filled(other).items[0].revision == 2
    queue.close()
    other.close()


def test_a_revision_that_is_being_written_while_the_old_one_is_proven_is_sent_again(
    sink: DatabaseSink, queue: DatabaseQueue, url: str
) -> None:
    """Whoever notes what a destination has waits for whoever writes a revision of it."""
    sink.commit(delivery(row(1)))
    batch, writer = filled(queue), opened(url)
    proving = threading.Thread(target=queue.proven, args=(batch,))
    with writer.transaction():
        commit(writer, delivery(row(1, 9.5, revision=1)))
        proving.start()
        proving.join(0.5)
    proving.join()
    assert left(queue) == {("s", "e"): ((1, 1),)}
    for one in (queue, writer):
        one.close()


def test_a_revision_that_is_being_written_while_its_neighbour_is_passed_over_is_sent_again(
    sink: DatabaseSink, queue: DatabaseQueue, url: str
) -> None:
    """Whoever adds to what a destination has waits for whoever takes something out of it."""
    sink.commit(delivery(row(1)))
    queue.proven(filled(queue))
    sink.commit(delivery(row(2, {"version": "9"}, kind="start")))
    writer = opened(url)
    passing = threading.Thread(target=queue.fill, args=(1, http_json.encode))
    with writer.transaction():
        commit(writer, delivery(row(1, 9.5, revision=1)))
        passing.start()
        passing.join(0.5)
    passing.join()
    (batch,) = queue.batches() or [filled(queue)]
    assert (seqs(batch), batch.items[0].revision) == ([1], 1)
    for one in (queue, writer):
        one.close()


def test_what_is_on_its_way_is_not_sent_in_a_second_batch(sink: DatabaseSink, queue: DatabaseQueue) -> None:
    """Whatever is in transit, the next batch has the others."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 8))))
    assert [seqs(filled(queue, 3)) for _ in range(3)] == [[5, 6, 7], [2, 3, 4], [1]]
    assert queue.fill(3, http_json.encode) is None
    queue.close()


def test_only_what_is_revised_is_tried_again_of_what_was_refused(sink: DatabaseSink, queue: DatabaseQueue) -> None:
    """A destination that refuses a record is not asked about it anew with each revision of its neighbours."""
    sink.commit(delivery(row(1), row(2)))
    queue.halve(filled(queue))
    for one in queue.batches():
        queue.set_aside(one, NO)
    sink.commit(delivery(row(2, 9.5, revision=1)))
    assert left(queue) == {("s", "e"): ((2, 2),)}
    queue.close()


def test_halves_and_what_is_set_aside(sink: DatabaseSink, queue: DatabaseQueue, url: str) -> None:
    """A batch is halved down to one record, which is set aside and counted; revised, it is tried again."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 9))))
    filled(queue)
    while len((top := queue.batches()[0]).items) > 1:
        queue.halve(top)
        assert sorted(seq for batch in queue.batches() for seq in seqs(batch)) == list(range(1, 9))
    assert seqs(top) == [8]
    queue.set_aside(top, NO)
    assert sorted(seq for batch in queue.batches() for seq in seqs(batch)) == list(range(1, 8))
    while there := queue.batches():
        queue.proven(there[0])
    assert waits(queue) == 0
    assert query(url, "SELECT destination, seq FROM forward_aside") == [("county", 8)]
    sink.commit(delivery(row(8, 2.5, revision=1)))
    assert seqs(filled(queue)) == [8]
    assert query(url, "SELECT * FROM forward_aside") == []
    queue.close()


def test_what_is_no_minute_is_passed_over_or_sent(sink: DatabaseSink, queue: DatabaseQueue, url: str) -> None:
    """Without `events` another kind of record waits for nobody; with it it goes, byte for byte in its body. A record
    that is not understood is set aside and holds up none."""
    start = row(2, {"version": "9", "x": "\n…"}, kind="start")
    sink.commit(delivery(row(1), start, row(3), came(b'{"epoch":"e","seq":4,"kind":"minute","x":1}')))
    assert seqs(filled(queue)) == [1, 3]
    assert query(url, "SELECT seq FROM forward_aside") == [(4,)]
    queue.proven(queue.batches()[0])
    assert (waits(queue), queue.fill(9, http_json.encode)) == (0, None)
    other = DatabaseQueue(opened(url), "other", lambda: UTC0)
    other.events = True
    batch = filled(other)
    assert seqs(batch) == [1, 2, 3]
    assert b'"body":{"version":"9","x":"\\n' in batch.lines[1]
    assert other.batches()[0].lines == batch.lines
    queue.close()
    other.close()


def test_a_record_that_cannot_be_written_holds_up_none(sink: DatabaseSink, queue: DatabaseQueue, url: str) -> None:
    """Whatever a record leads the encoder to, it is set aside with the reason, and the others go."""

    def encode(station: str, record: Record) -> bytes:
        if record.seq == 2:
            raise ZeroDivisionError("of nothing")
        return http_json.encode(station, record)

    sink.commit(delivery(*(row(seq) for seq in range(1, 4))))
    batch = queue.fill(9, encode)
    assert batch is not None
    assert seqs(batch) == [1, 3]
    ((why,),) = query(url, "SELECT why FROM forward_aside WHERE seq = 2")
    assert "of nothing" in why
    queue.close()


def test_a_database_of_before_is_brought_forward(url: str) -> None:
    """A database from before there was passing on keeps its records, and they are what waits first."""
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(row(1), row(2)))
    sink.close()
    set_back(url, 1)
    sink = DatabaseSink(opened(url))
    queue = DatabaseQueue(opened(url), "county", lambda: UTC0)
    assert seqs(filled(queue)) == [1, 2]
    sink.close()
    queue.close()


def test_a_record_that_is_gone_holds_up_none(sink: DatabaseSink, queue: DatabaseQueue, url: str) -> None:
    """Where the ledger names rows that are not there, the others are sent, and these are not said to be."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 9))))
    query(url, "DELETE FROM record WHERE seq > 5")
    assert seqs(filled(queue, 3)) == [3, 4, 5]
    queue.proven(queue.batches()[0])
    assert seqs(filled(queue, 3)) == [1, 2]
    assert waits(queue) == 5
    queue.close()


def test_one_hub_of_two_sends(queue: DatabaseQueue, url: str) -> None:
    """The second one waits for as long as the first one's longest request may take, and what its lease lasts besides.

    Nobody's clock counts, and another destination is another's to send to.
    """
    clock, beside = SimClock(5000.0), DatabaseQueue(opened(url), "county", lambda: UTC0 - 10**15)
    a, b = queue.lease("a", clock, 20.0), beside.lease("b", clock, 20.0)
    assert a.claim() and not b.claim()
    clock.run_until(5000.0 + 20.0 + ENDS_S - 0.1)
    assert not b.claim()
    clock.run_until(5000.0 + 20.0 + ENDS_S)
    assert b.claim() and not a.claim()
    other = DatabaseQueue(opened(url), "province", lambda: UTC0)
    assert other.lease("a", clock, 20.0).claim()
    for each in (queue, beside, other):
        each.close()


def test_how_it_goes_is_known_from_the_first_word_on(sink: DatabaseSink, queue: DatabaseQueue, url: str) -> None:
    """Why nothing gets through, before anything has, and that it is over; an older minute is no newest one."""
    queue.failed(NO)
    assert query(url, "SELECT why IS NULL, proven IS NULL FROM forward_lane") in ([(0, 1)], [(False, True)])
    sink.commit(delivery(*(row(seq) for seq in range(1, 5)), undated(row(5))))
    for _ in range(2):
        queue.proven(filled(queue, 3))
        assert query(url, "SELECT why, newest FROM forward_lane") == [(None, UTC0 + 4 * 60_000_000)]
    queue.close()
