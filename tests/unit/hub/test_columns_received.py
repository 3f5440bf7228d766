"""Minutes in columns at the receiver: one record in either version, tables that come late, damage, a newer station."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from edge.language import texts
from edge.northbound import version1, version2
from edge.northbound.column_writer import KnownTables
from edge.northbound.columns import name_of
from edge.records.bodies import raw
from edge.records.record import Record
from edge.records.spans import Span
from edge.wire.contract import Batch, Receipt, Topic, encode, topic
from edge.wire.set_aside import SetAside
from hub import jsonl
from hub.column_tables import ColumnTables
from tests.kits.receiver_kit import Desk, minute

STATION = "s"
LIVE = topic(STATION, Topic.LIVE, version2.VERSION)
BACKFILL = topic(STATION, Topic.BACKFILL, version2.VERSION)
REASON = {"code": "no_answer", "params": {}, "text": "no answer"}


def silent(seq: int) -> Record:
    """Return a minute with a value that is missing and why."""
    body = {
        "values": {"air_temperature": None},
        "quality": {"air_temperature": 9},
        "reasons": {"air_temperature": REASON},
    }
    return msgspec.structs.replace(minute(seq), body=raw(body))


def whole(*records: Record) -> version2.ColumnBatch:
    """Return a message with its tables."""
    return version2.batch(KnownTables(STATION), [spelt(record) for record in records])[0]


def spelt(record: Record) -> Record:
    """Return a minute as a station writes it, with all three keys."""
    return msgspec.structs.replace(record, body=raw(record.fields() | {"reasons": record.fields().get("reasons", {})}))


def payload(batch: version2.ColumnBatch) -> bytes:
    """Return its payload."""
    found = version2.encode(batch)
    assert found is not None
    return found


def without_tables(batch: version2.ColumnBatch) -> version2.ColumnBatch:
    """Return the message as it is sent where the platform has the tables."""
    return msgspec.structs.replace(batch, tables=[])


def lines(desk: Desk, name: str = "m.jsonl") -> list[dict[str, Any]]:
    """Return a file's lines."""
    return [json.loads(line) for line in (desk.folder / name).read_text().splitlines()]


def wanted(desk: Desk) -> list[str]:
    """Return the tables that the newest receipt asks for."""
    return desk.last(STATION, Topic.RECEIPT, Receipt).tables


@pytest.mark.parametrize("newest_first", [False, True])
def test_one_record_in_either_version_is_one_record(tmp_path: Path, newest_first: bool) -> None:
    """A station that is upgraded, or goes back, sends what was sent before: doubles, no second content."""
    records = [spelt(minute(1)), silent(2)]
    old = topic(STATION, Topic.BACKFILL), encode(Batch(1, STATION, version1.records(records)))
    new = BACKFILL, payload(whole(*records))
    desk = Desk(tmp_path)
    for message in (new, old) if newest_first else (old, new):
        desk.take(message)
    assert (desk.receiver.tally.doubles, desk.receiver.tally.others, len(lines(desk))) == (2, 0, 2)
    assert [record.seq for record in desk.seen] == [1, 2], "a double is no news"
    desk = desk.again()
    desk.take(old, new)
    assert (desk.receiver.tally.doubles, desk.receiver.tally.others, len(lines(desk))) == (4, 0, 2)
    other = msgspec.structs.replace(silent(2), body=raw({**silent(2).fields(), "reasons": {"air_temperature": "cut"}}))
    desk.take((BACKFILL, payload(whole(other))))
    assert desk.receiver.tally.others == 1


def test_a_newer_stations_record_in_either_version_is_one_record() -> None:
    """Where the whole of it is kept too, because it says more than this version knows, reasons in it count alike."""
    digests = set()
    for record in (silent(2), *version1.records([silent(2)])):
        came = Raw(json.dumps(json.loads(encode(record)) | {"more": 1}).encode())
        digests.add(jsonl.digest(jsonl.encoded(jsonl.of_record(STATION, record, 0, came))))
    assert len(digests) == 1


def test_a_table_that_is_lacking_is_asked_for_and_nothing_is_proven_before(tmp_path: Path) -> None:
    """What came without its table waits, over a restart too; nothing of it is receipted before it is in the file."""
    batch = whole(minute(1), silent(2))
    desk = Desk(tmp_path)
    desk.take((LIVE, payload(without_tables(batch))))
    assert wanted(desk) == [batch.columns[0].table]
    assert (desk.receipted(), lines(desk), desk.answer().has) == ([], [], [])
    before = len(desk.said)
    desk.records(minute(1), station="another")
    assert [to for to, _ in desk.said[before:] if to == topic(STATION, Topic.RECEIPT)] == [], "it is asked for once"
    desk = desk.again()
    desk.take((LIVE, payload(version2.ColumnBatch(2, batch.tables))))
    assert desk.receipted() == [Span("e", 1, 2)]
    assert [line["seq"] for line in lines(desk) if line["station"] == STATION] == [1, 2]
    assert list((tmp_path / "m.jsonl.waiting").iterdir()) == []
    desk = desk.again()
    desk.take((LIVE, payload(without_tables(whole(minute(3), silent(4))))))
    assert desk.receipted() == [Span("e", 3, 4)]
    assert desk.receiver.tally.aside == 0


@pytest.mark.parametrize(("lang", "said"), [("en", "it waits for its table 0a1b"), ("zh", "要等对应的表 0a1b 到达")])
def test_why_a_block_waits_is_told_in_the_journals_language(tmp_path: Path, lang: str, said: str) -> None:
    """It is the first line that an office reads of a new hub."""
    waiting = SetAside(tmp_path / "waiting")
    ColumnTables(tmp_path / "tables", waiting).wait("minshan/2/a/live", "a", "0a1b", b"block")
    with texts.speaking(lang):
        assert said in texts.render_value(waiting.last)


def test_what_cannot_be_read_of_tables_and_blocks_holds_up_no_minute(tmp_path: Path) -> None:
    """As on bad sectors: a station's tables, and a block that waits; the next table comes, and what can be is read."""
    (tmp_path / "m.jsonl.tables" / f"{STATION}.json").mkdir(parents=True)
    desk = Desk(tmp_path)
    desk.take((LIVE, payload(without_tables(whole(spelt(minute(1)))))))
    (tmp_path / "m.jsonl.waiting" / f"00000000-{'0' * 16}.message").mkdir()
    desk.take((LIVE, payload(whole(spelt(minute(2))))))
    assert sorted(line["seq"] for line in lines(desk)) == [1, 2]


def test_another_stations_table_is_of_no_use(tmp_path: Path) -> None:
    """A table that names another station than its topic is set aside, and nothing is read by it."""
    batch = whole(minute(1))
    foreign = msgspec.structs.replace(batch, tables=[msgspec.structs.replace(batch.tables[0], station="other")])
    desk = Desk(tmp_path)
    desk.take((LIVE, payload(foreign)))
    assert (desk.receiver.tally.aside, desk.receipted(), lines(desk)) == (1, [], [])


def test_damage_in_one_block_costs_no_other(tmp_path: Path) -> None:
    """Of three blocks one with a changed number, one with a short table and a sound one: only that one is receipted."""
    blocks = [whole(minute(1, air_temperature=1.5)), whole(minute(2, noise=40.0)), whole(minute(3, pm1=3.0))]
    told: dict[str, Any] = {"v": 2, "tables": [], "columns": [], "records": [json.loads(encode(minute(4))), {"seq": 5}]}
    for block in blocks:
        part = json.loads(encode(block))
        told["tables"] += part["tables"]
        told["columns"] += part["columns"]
    told["columns"][0]["values"][0] += "+10"
    told["tables"][1]["channels"].clear()
    desk = Desk(tmp_path)
    desk.take((BACKFILL, json.dumps(told, separators=(",", ":")).encode()))
    assert desk.receipted() == [Span("e", 3, 4)]
    assert [line["seq"] for line in lines(desk)] == [4, 3]
    assert wanted(desk) == [blocks[1].columns[0].table]
    assert desk.receiver.tally.aside == 2
    desk.take((BACKFILL, payload(whole(minute(1, air_temperature=1.5)))), (BACKFILL, payload(blocks[1])))
    assert sorted(line["seq"] for line in lines(desk)) == [1, 2, 3, 4]


def test_flags_and_reasons_without_end_are_damage(tmp_path: Path) -> None:
    """A few bytes that would swell to a thousand times as much are refused before they do."""
    sound = json.loads(encode(whole(*(silent(seq) for seq in range(1, 301)))))
    many = json.loads(json.dumps(sound))
    many["columns"][0]["runs"] *= 90_000
    long = json.loads(json.dumps(sound))
    long["columns"][0]["reasons"] = ["x" * 1_000_000]
    desk = Desk(tmp_path)
    for told in (many, long):
        desk.take((BACKFILL, json.dumps(told, separators=(",", ":")).encode()))
    assert (desk.receiver.tally.aside, desk.receipted()) == (2, [])


def test_a_newer_stations_words_are_kept(tmp_path: Path) -> None:
    """Unknown kinds, and unknown keys of a message, a table and a block, are in the files as they came, receipted."""
    told = json.loads(encode(whole(minute(1))))
    table = told["tables"][0] | {"heights": [2.0]}
    table["channels"][0].append("shaded")
    text = json.dumps(table, separators=(",", ":"))
    told["columns"][0] |= {"table": name_of(text.encode()), "spread": [0.25]}
    strange = msgspec.structs.replace(minute(2), kind="avalanche")
    message = (
        f'{{"v":3,"plan":{{"mb": 5.0}},"tables":[{text}],"columns":{json.dumps(told["columns"])},'
        f'"records":[{encode(strange).decode()}]}}'
    )
    desk = Desk(tmp_path)
    desk.take((BACKFILL, message.encode()))
    assert desk.receipted() == [Span("e", 1, 2)]
    (note,) = [line for line in lines(desk, "e.jsonl") if line["kind"] == "message"]
    assert note["unknown"] == {"plan": {"mb": 5.0}, "table": table, "columns.spread": [0.25]}
    assert [line["kind"] for line in lines(desk, "e.jsonl") if "seq" in line] == ["avalanche"]
    desk = desk.again()
    again = json.dumps({"v": 3, "columns": told["columns"]})
    desk.take((LIVE, again.encode()))
    assert (desk.receiver.tally.doubles, desk.receiver.tally.aside) == (1, 0)
