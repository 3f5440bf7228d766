"""However long a span is, and however slowly it is read, an export takes no more memory and holds up nothing."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hub import export, export_files
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.database.sqlite import SqliteEngine
from hub.export import Export, ExportedMinute, ExportSelection
from hub.sink import Row, SinkError
from provisioning.commands.hub_export import write
from tests.kits.postgres import Cluster
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import came, delivery
from tests.unit.hub.database.test_hours import minute

WANTED = ExportSelection("s", date(2026, 1, 1), date(2026, 1, 9))
HELD = 5_000_000  # bytes that SQLite's log may have: four at which it is folded in, and a commit


def undated(seq: int) -> Row:
    """Return a minute of a station that did not know the time."""
    said = json.loads(minute(seq, 0).raw) | {"start": None, "clock": {"source": "bounds"}}
    row = came(json.dumps(said).encode())
    return Row(row.station, row.record, row.raw, UTC0 + seq // 7)


def test_each_minute_is_read_once_slice_by_slice(sink: DatabaseSink, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dated or not, several of one instant too, each is there once, whatever a slice ends with."""
    rows = [*(minute(seq, seq // 3) for seq in range(2, 60)), *(undated(seq) for seq in range(100, 160))]
    sink.commit(delivery(*rows))
    engine = opened(url)
    for size in (1, 4, 58, 500):
        monkeypatch.setattr(export, "SLICE", size)
        assert [one.raw for one in Export(engine, WANTED).minutes()] == [row.raw for row in rows]
    engine.close()


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_longer_span_takes_no_more_memory(
    sink: DatabaseSink, url: str, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four days of minutes take no more than one; a spreadsheet's rows lie in a file until it is whole."""
    monkeypatch.setattr(export, "SLICE", 50)
    sink.commit(delivery(*(minute(seq, 8 * seq) for seq in range(2, 1400))))
    engine, peaks = opened(url), []
    for last in (1, 1, 2, 8):  # what is imported and cached is there after the first
        found = Export(engine, ExportSelection("s", date(2026, 1, 1), date(2026, 1, last)))
        tracemalloc.start()
        count = export_files.write_file(found, form, tmp_path / f"o.{form}", lambda _minute: None)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count > 170 * last
    engine.close()
    assert peaks[-1] < 1.3 * peaks[1] + 50_000, peaks


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_late_slice_looks_at_no_more_than_an_early_one(
    sink: DatabaseSink, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite takes as many steps for the last minutes of a span as for its first: a year costs twelve months."""
    monkeypatch.setattr(export, "SLICE", 50)
    sink.commit(delivery(*(minute(seq, seq) for seq in range(2, 2002))))
    engine = opened(url)
    assert isinstance(engine, SqliteEngine)
    steps: list[int] = [0]

    def step() -> bool:
        steps[-1] += 1
        return False

    reading = Export(engine, WANTED).minutes()
    engine._connection().set_progress_handler(step, 10)
    for number, _ in enumerate(reading, 1):
        if number % 50 == 0:
            steps.append(0)
    engine.close()
    assert len(steps) == 41
    assert 0 < max(steps[1:-2]) < 1.5 * min(steps[1:-2]), steps


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_postgresql_that_sorts_what_it_is_asked_for_sorts_each_minute_a_few_times(
    sink: DatabaseSink, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A young database, or one that was put back, has no statistics: it takes a month for a row, and reads it in no
    order of an index. It is not asked for what is left of the month with each slice of it."""
    monkeypatch.setattr(export, "SLICE", 50)
    sink.commit(delivery(*(minute(seq, seq) for seq in range(2, 1002)), *(undated(seq) for seq in range(1100, 1600))))
    engine, looker = opened(url), opened(url)
    looker.query("SET enable_indexscan = off")
    asks, sorted_rows = engine.query, list[int]()

    def explained(sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if "FROM record" in sql:
            ((plan,),) = looker.query(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
            sorted_rows.extend(rows_into_sorts(plan[0]["Plan"]))
        return asks(sql, values)

    monkeypatch.setattr(engine, "query", explained)
    assert len(list(Export(engine, WANTED).minutes())) == 1500
    engine.close()
    looker.close()
    assert 1500 <= sum(sorted_rows) < 3 * 1500


def rows_into_sorts(node: dict[str, Any]) -> Iterator[int]:
    """Yield how many rows each sort of a plan has taken in."""
    for below in node.get("Plans", ()):
        if "Sort" in node["Node Type"]:
            yield below["Actual Rows"] * below["Actual Loops"]
        yield from rows_into_sorts(below)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_no_sheet_holds_goes_on_in_another(
    sink: DatabaseSink, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sheet has so many rows: a span with more of one year has more sheets, each with its heading, and each minute
    is there once, in its order."""
    monkeypatch.setattr(export_files, "SHEET_ROWS", 20)
    rows = [minute(seq, seq) for seq in range(2, 60)]
    sink.commit(delivery(*rows))
    engine = opened(url)
    count = export_files.write_file(Export(engine, WANTED), "xlsx", tmp_path / "o.xlsx", lambda _minute: None)
    assert count == len(rows)
    engine.close()
    book = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert [(sheet.title, sheet.max_row) for sheet in book] == [("2026", 21), ("2026 (2)", 21), ("2026 (3)", 19)]
    assert {sheet.cell(1, 2).value for sheet in book} == {"start_utc"}
    times = [str(line[1]) for sheet in book for line in sheet.iter_rows(min_row=2, values_only=True)]
    assert times == sorted(set(times)) and len(times) == len(rows)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_who_reads_slowly_holds_no_log(sink: DatabaseSink, url: str, tmp_path: Path) -> None:
    """While somebody is in the middle of an export, SQLite's log is folded into the file as ever."""
    sink.commit(delivery(*(minute(seq, seq) for seq in range(2, 5000))))
    engine = opened(url)
    reading = Export(engine, WANTED).minutes()
    next(reading)
    log = tmp_path / "hub.db-wal"
    for seq in range(10_000, 10_060):
        sink.commit(delivery(minute(seq, 1, {"values": {}, "quality": {}, "more": "x" * 400_000})))
        next(reading)
        assert log.stat().st_size < HELD
    assert (tmp_path / "hub.db").stat().st_size > 4 * HELD
    engine.close()


@pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
def test_a_database_that_dies_in_the_middle_leaves_no_file(
    cluster: Cluster, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server is killed behind the first minutes: an error, and nothing that looks like the whole."""
    monkeypatch.setattr(export, "SLICE", 50)
    url = cluster.emptied()
    sink = DatabaseSink(opened(url))
    sink.commit(delivery(*(minute(seq, seq) for seq in range(2, 1000))))
    sink.close()
    engine, seen = opened(url), list[ExportedMinute]()

    def dies(one: ExportedMinute) -> None:
        seen.append(one)
        if len(seen) == 60:
            cluster.kill()

    try:
        with pytest.raises(SinkError):
            write(Export(engine, WANTED), form, tmp_path / f"o.{form}", dies)
    finally:
        cluster.start()
        engine.close()
    assert len(seen) >= 60
    assert list(tmp_path.iterdir()) == []
