"""The sink over SQLite and PostgreSQL: every record once, in the bytes in which it came, whatever it says."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from edge.records.record import Kind, Record
from edge.records.spans import Span
from edge.wire.contract import ChunkHeader, Revised
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.sink import Announced, Delivery, Note, PictureRow, RowFate, SinkError
from tests.kits.sink_kit import came, delivery, kept, query, row

E = frozenset({"e"})
STRANGE = json.loads(row(9).raw)


def test_what_was_committed_is_there_and_named(sink: DatabaseSink, url: str) -> None:
    """After a commit rows, ledger and the answer to a hello say the same, and a hub that starts anew says it too."""
    rows = [row(1), row(2), row(5, epoch="f"), row(3, station="t")]
    assert sink.commit(delivery(*rows)).fates == (RowFate.NEW,) * 4
    for here in (sink, DatabaseSink(opened(url))):
        assert here.held("s", frozenset({"e", "f", "g"})) == [Span("e", 1, 2), Span("f", 5, 5)]
        assert here.held("s", frozenset({"f"})) == [Span("f", 5, 5)]
        assert here.id == sink.id
        assert here.generation == sink.generation
    assert kept(url) == {(r.station, r.record.epoch, r.record.seq): (0, r.raw) for r in rows}


def test_what_comes_again_late_or_revised(sink: DatabaseSink, url: str) -> None:
    """The same again is a double; a higher revision replaces, a lower one that comes late does not; another content
    under one name is kept beside the first, once, and the first stays."""
    assert sink.commit(delivery(row(1), row(1), row(1, 2.5, revision=1))).fates == (
        RowFate.NEW,
        RowFate.DOUBLE,
        RowFate.NEW,
    )
    late = delivery(row(1), row(1, 9.5, revision=1), row(1, 3.5, revision=4), row(1, 2.5, revision=1))
    assert sink.commit(late).fates == (RowFate.DOUBLE, RowFate.OTHER, RowFate.NEW, RowFate.DOUBLE)
    assert sink.commit(delivery(row(1, 8.5, revision=4), row(1, 8.5, revision=4))).fates == (RowFate.OTHER,) * 2
    assert kept(url) == {("s", "e", 1): (4, row(1, 3.5, revision=4).raw)}
    assert sink.revised("s", [Span("e", 1, 9)]) == [Revised(4, [Span("e", 1, 1)])]
    conflicts = query(url, "SELECT revision, raw FROM conflict ORDER BY revision")
    assert [(n, bytes(raw)) for n, raw in conflicts] == [
        (1, row(1, 9.5, revision=1).raw),
        (4, row(1, 8.5, revision=4).raw),
    ]


def test_another_content_under_one_name_is_told_once(sink: DatabaseSink, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever keeps the hub reads of it in its log, and not again with each copy; nothing is said of doubles."""
    sink.commit(delivery(row(1), row(1)))
    assert not caplog.messages
    for _ in range(2):
        sink.commit(delivery(row(1, 9.5)))
    (told,) = caplog.messages
    assert told.startswith("1 records arrived with a content that differs")


def test_what_fills_a_gap_is_counted_once(sink: DatabaseSink, url: str) -> None:
    """Two ranges that have become one stand in the ledger as one: what people read of it adds them up."""
    sink.commit(delivery(row(1), row(2), row(4), row(5)))
    sink.commit(delivery(row(3)))
    assert query(url, "SELECT first, last FROM ledger") == [(1, 5)]


def test_a_stored_record_that_cannot_be_read_any_more_is_another_and_blocks_none(sink: DatabaseSink, url: str) -> None:
    """What is sent again beside damaged bytes is kept as another content, and the records with it are there."""
    sink.commit(delivery(row(1)))
    query(url, "UPDATE record SET raw = substr(raw, 2)")
    assert sink.commit(delivery(row(1), row(2))).fates == (RowFate.OTHER, RowFate.NEW)


def test_the_same_record_in_other_bytes_is_a_double(sink: DatabaseSink) -> None:
    """Blanks and the order of keys say nothing: they make no conflict."""
    spaced = json.dumps(dict(reversed(json.loads(row(1).raw).items())), indent=1).encode()
    assert sink.commit(delivery(row(1), came(spaced))).fates == (RowFate.NEW, RowFate.DOUBLE)


def test_a_number_that_no_column_takes_costs_its_own_record_alone(sink: DatabaseSink, url: str) -> None:
    """Whatever let it in: it is refused, the records beside it are kept, and so is what comes next."""
    found = row(30)
    assert isinstance(found.record, Record)
    beyond = msgspec.structs.replace(found, record=msgspec.structs.replace(found.record, start=10**30))
    fates = sink.commit(delivery(*(beyond if seq == 30 else row(seq) for seq in range(1, 60)))).fates
    assert [fate for fate in fates if fate is not RowFate.NEW] == [RowFate.REFUSED] and fates[29] is RowFate.REFUSED
    assert sink.commit(delivery(row(60))).fates == (RowFate.NEW,)
    assert len(kept(url)) == 59


HARD = [
    b'{"values":{"a":1e400},"t":"\\u0000"}',
    b'{"t":"\\u0000","\\u0000":1}',
    b'{"t":"\\ud83d\\ude00","a":1,"a":2}',
    b'{"n":123456789012345678901234567890123456789012345678901234567890}',
    b'{"n":' + b"9" * 4000 + b"}",
    b'{"n":1e-400,"m":-0.0}',
    b'{"n":' + b"[" * 300 + b"]" * 300 + b"}",
]


@pytest.mark.parametrize("body", HARD, ids=lambda body: body[:24].decode())
def test_what_no_column_takes_is_kept_in_its_bytes(sink: DatabaseSink, url: str, body: bytes) -> None:
    """What JSON may say and a database's JSON may not costs neither the record nor those beside it."""
    hard = row(30).raw.replace(b'{"values":{"air_temperature":1.5},"quality":{"air_temperature":1}}', body)
    rows = [row(seq) for seq in range(1, 60) if seq != 30] + [came(hard)]
    assert set(sink.commit(delivery(*rows)).fates) == {RowFate.NEW}
    assert kept(url)["s", "e", 30] == (0, hard)
    assert len(query(url, "SELECT * FROM minute")) == 59


@pytest.mark.parametrize(
    "fields",
    [
        {"start": 10**30},
        {"start": 300_000_000_000_000_000},
        {"start": -210_866_803_200_000_000},
        {"stamp": None},
        {"kind": 7},
        {"kind": "x\0y"},
        {"epoch": "e\0"},
        {"epoch": "e\\0"},
        {"clock": {"source": "\0", "error": 1e9}},
        {"stamp": {"boot": "\0", "boottime": 1.0}},
    ],
    ids=str,
)
def test_a_record_that_is_strange_is_kept_and_blocks_no_reader(
    sink: DatabaseSink, url: str, fields: dict[str, Any]
) -> None:
    """A year 10000, a NUL in a name, a kind of no text: the bytes are kept and named, and every view answers still."""
    strange = json.dumps(STRANGE | fields).encode()
    assert sink.commit(delivery(row(1), came(strange), row(2))).fates == (RowFate.NEW,) * 3
    epoch = fields.get("epoch", "e")
    assert Span(epoch, 9, 9) in sink.held("s", frozenset({epoch})) or sink.held("s", E)[-1].last == 9
    assert strange in {raw for _, raw in kept(url).values()}
    for view in ("minute", "event", "setup", "station"):
        query(url, f"SELECT * FROM {view}")
    assert sink.commit(delivery(came(strange))).fates == (RowFate.DOUBLE,)


def test_names_that_look_alike_stay_two(sink: DatabaseSink) -> None:
    """An epoch with a NUL and one that is written as that is kept are two epochs."""
    names = ["e\0", "e\\0", "e\\\\0", "e\\\0", "\\", "\0"]
    sink.commit(delivery(*(came(json.dumps(STRANGE | {"epoch": name}).encode()) for name in names)))
    assert sink.held("s", frozenset(names)) == [Span(name, 9, 9) for name in sorted(names)]


def test_pictures_notes_and_what_is_announced(sink: DatabaseSink, url: str) -> None:
    """A delivery that is committed twice, because nobody knew, leaves one row of each."""
    header = ChunkHeader(1, "s", "a" * 64, "full", 0, 10, "a" * 64, "cam", "e", 3, 5)
    whole = Delivery((row(1),), (PictureRow(header, "s-cam.jpg"),), (Note("s", "status", 5, b'{"state":"online"}'),))
    whole = Delivery(whole.rows, whole.pictures, whole.notes, (Announced("s", (Span("e", 1, 40), Span("g", 1, 2))),))
    assert sink.commit(whole).fates == (RowFate.NEW,)
    assert sink.commit(whole).fates == (RowFate.DOUBLE,)
    assert query(url, "SELECT station, picture, part, seq, file FROM picture") == [
        ("s", "a" * 64, "full", 3, "s-cam.jpg")
    ]
    assert query(url, "SELECT station, kind FROM note") == [("s", "status")]
    said = query(url, "SELECT epoch, said_first, said_last FROM epoch ORDER BY epoch")
    assert said == [("e", 1, 40), ("g", 1, 2)]
    assert sink.held("s", frozenset({"e", "g"})) == [Span("e", 1, 1)]


def test_a_poisoned_row_costs_no_other(sink: DatabaseSink, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database itself refuses one row of a delivery, first, middle or last, it alone is refused, and said."""
    poisoned = {1, 250, 500}
    rule = "CHECK (seq NOT IN (1, 250, 500))"
    engine = opened(url)
    if engine.postgres:
        engine.query(f"ALTER TABLE record ADD {rule}")
    else:
        engine.query(
            "CREATE TRIGGER poison BEFORE INSERT ON record WHEN new.seq IN (1, 250, 500) "
            "BEGIN SELECT raise(ABORT, 'poison'); END"
        )
    engine.close()
    outcome = sink.commit(delivery(*(row(seq) for seq in range(1, 501))))
    assert {place + 1 for place, fate in enumerate(outcome.fates) if fate is RowFate.REFUSED} == poisoned
    assert {place + 1 for place in outcome.why} == poisoned
    assert len(kept(url)) == 497
    assert sink.held("s", E) == [Span("e", 2, 249), Span("e", 251, 499)]


def test_a_row_that_the_database_swallows_is_not_confirmed(sink: DatabaseSink, url: str) -> None:
    """Where a statement says that it wrote fewer rows than it was given, without an error, nothing of it is committed:
    a receipt would stand on a record that is not there."""
    engine = opened(url)
    if engine.postgres:
        engine.query("CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        engine.query(
            "CREATE TRIGGER t BEFORE INSERT ON record FOR EACH ROW WHEN (new.seq = 30) EXECUTE FUNCTION swallow()"
        )
    else:
        engine.query("CREATE TRIGGER t BEFORE INSERT ON record WHEN new.seq = 30 BEGIN SELECT raise(IGNORE); END")
    rows = delivery(*(row(seq) for seq in range(1, 60)))
    with pytest.raises(SinkError, match="says that it wrote 58 of 59 records"):
        sink.commit(rows)
    assert sink.held("s", E) == [] and kept(url) == {}
    engine.query("DROP TRIGGER t ON record" if engine.postgres else "DROP TRIGGER t")
    engine.close()
    sink.commit(rows)
    assert sink.held("s", E) == [Span("e", 1, 59)]


def test_a_ledger_that_says_more_than_there_is_is_noticed(sink: DatabaseSink, url: str) -> None:
    """Rows that somebody deleted are found by a comparison: they are named no longer, and the generation is another."""
    sink.commit(delivery(*(row(seq) for seq in range(1, 101)), row(1, epoch="f")))
    assert sink.compare() == 0
    before = sink.generation
    query(url, "DELETE FROM record WHERE seq BETWEEN 20 AND 30 AND epoch = 'e'")
    query(url, "DELETE FROM record WHERE epoch = 'f'")
    assert sink.compare() == 12
    assert sink.generation != before
    assert sink.held("s", frozenset({"e", "f"})) == [Span("e", 1, 19), Span("e", 31, 100)]
    sink.commit(delivery(*(row(seq) for seq in range(20, 31))))
    assert sink.held("s", E) == [Span("e", 1, 100)]
    query(url, "DELETE FROM ledger")
    assert sink.compare() == 0, "what is there and not named is no loss"
    assert sink.held("s", E) == [Span("e", 1, 100)]


def test_when_a_station_was_heard_and_what_it_said_it_has_stay(sink: DatabaseSink, url: str) -> None:
    """Of one message or of several, with or without a hello: the first arrival, what came last, the widest span."""
    first, second, third = (row(seq).arrived for seq in (1, 2, 3))
    sink.commit(Delivery((row(2), row(3)), announced=(Announced("s", (Span("e", 1, 50),)),)))
    asked = "SELECT arrived_first, arrived_last, said_first, said_last FROM epoch"
    assert query(url, asked) == [(second, third, 1, 50)]
    sink.commit(delivery(row(1)))
    assert query(url, asked) == [(first, first, 1, 50)]
    sink.commit(Delivery((row(4),), announced=(Announced("s", (Span("e", 3, 40),)),)))
    assert query(url, asked) == [(first, row(4).arrived, 1, 50)]


@pytest.mark.parametrize("kind", [Kind.MINUTE, Kind.HOUR, Kind.PICTURE, Kind.HEALTH])
@pytest.mark.parametrize("reasons", ["no answer", 7, [1, {"a": 1}], {"air_temperature": [{}]}], ids=str)
def test_reasons_that_are_none_in_a_record_that_comes_again_end_no_hub(
    sink: DatabaseSink, kind: Kind, reasons: Any
) -> None:
    """Two contents under one identity are compared by their sentences, whatever either says there."""
    first = row(1, {"values": {}, "quality": {}, "reasons": {}}, kind=kind)
    again = row(1, {"values": {}, "quality": {}, "reasons": reasons}, kind=kind)
    assert sink.commit(delivery(first, row(2))).fates == (RowFate.NEW,) * 2
    assert sink.commit(delivery(again, row(3))).fates == (RowFate.OTHER, RowFate.NEW)
    assert sink.commit(delivery(again)).fates == (RowFate.OTHER,)
