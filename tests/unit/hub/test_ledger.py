"""What the platform's side keeps: identities, lines, pictures, whatever comes in whatever order."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.records.bodies import raw
from edge.records.record import ClockMark, Kind, Record, Stamp
from edge.records.spans import Span
from edge.wire.contract import MOST_SPANS, Revised
from hub import jsonl
from hub.jsonl import LineFile
from hub.ledger import Digests, Ledger, Ranges

VERSIONS = st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["e", "f"]), st.integers(1, 30), st.integers(0, 2))


@given(st.lists(VERSIONS, max_size=60))
def test_the_ledger_knows_what_a_plain_dictionary_knows(versions: list[tuple[str, str, int, int]]) -> None:
    """However versions come, the ledger has the highest of each record, and its spans are those records."""
    ledger, plain = Ledger(), dict[tuple[str, str, int], int]()
    for station, epoch, seq, revision in versions:
        key = station, epoch, seq
        assert ledger.has(*key, revision) == (plain.get(key, -1) >= revision)
        if not ledger.has(*key, revision):
            ledger.add(*key, revision)
            plain[key] = revision
    for station in ("a", "b"):
        here = {(span.epoch, seq) for span in ledger.spans(station) for seq in range(span.first, span.last + 1)}
        assert here == {(epoch, seq) for name, epoch, seq in plain if name == station}
        assert ledger.count(station) == len(here)


def test_what_is_missing_is_every_hole_and_what_the_station_said_it_has() -> None:
    """Holes between records, and what a hello named beyond them, are missing."""
    ledger = Ledger()
    for seq in (1, 2, 5):
        ledger.add("a", "e", seq, 0)
    assert ledger.missing("a") == [Span("e", 3, 4)]
    ledger.announce("a", [Span("e", 1, 8), Span("f", 9, 9)])
    assert ledger.missing("a") == [Span("e", 3, 4), Span("e", 6, 8), Span("f", 9, 9)]
    assert ledger.stations() == ["a"]


def test_what_a_station_says_without_end_has_an_end_here() -> None:
    """Of epochs that hellos name the last ones are kept: a station that makes them up fills no memory."""
    ledger = Ledger()
    for first in range(0, 2 * MOST_SPANS, MOST_SPANS // 2):
        ledger.announce("a", [Span(f"{number:05}", 1, 1) for number in range(first, first + MOST_SPANS // 2)])
    kept = ledger.missing("a")
    assert [kept[0].epoch, kept[-1].epoch, len(kept)] == ["08192", "16383", MOST_SPANS]


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 5)), max_size=40), st.integers(0, 70), st.integers(0, 70))
def test_ranges_are_the_numbers_that_were_put_in(pairs: list[tuple[int, int]], first: int, last: int) -> None:
    """Whatever is added in whatever order, the ranges hold just that, as few as can be, and their gaps are the rest."""
    found, plain = Ranges(), set[int]()
    for begin, more in pairs:
        found.add(begin, begin + more)
        plain |= set(range(begin, begin + more + 1))
    spans = list(found)
    assert {n for a, b in spans for n in range(a, b + 1)} == plain
    assert all(b + 1 < c for (_, b), (c, _) in pairwise(spans))
    assert [n in found for n in range(80)] == [n in plain for n in range(80)]
    assert found.count() == len(plain)
    assert {n for a, b in found.gaps(first, last) for n in range(a, b + 1)} == set(range(first, last + 1)) - plain


def test_the_pages_of_digests_have_an_end() -> None:
    """Seqs that lie far apart cannot fill the memory: the digests longest unused are forgotten."""
    digests = Digests(most_pages=3)
    for seq in (1, 5000, 10**15, 2**53 - 1):
        digests.put("s", "e", seq, seq)
    assert [digests.get("s", "e", seq) for seq in (1, 5000, 10**15, 2**53 - 1)] == [0, 5000, 10**15, 2**53 - 1]


def test_another_content_under_a_name_is_known() -> None:
    """The same version with the same content is a double; with another it differs; a lower revision may differ."""
    ledger = Ledger()
    ledger.add("s", "e", 1, 0, digest=7)
    assert [ledger.differs("s", "e", 1, 0, digest) for digest in (7, 8)] == [False, True]
    ledger.add("s", "e", 1, 1, digest=9)
    assert [ledger.differs("s", "e", 1, 1, digest) for digest in (9, 8)] == [False, True]
    assert not ledger.differs("s", "e", 1, 0, 7)


def record(seq: int, start: int | None = 1_767_225_600_000_000, source: str = "ntp", revision: int = 0) -> Record:
    """Return a minute."""
    mark = ClockMark(source, None if source == "arrival" else 0.01)
    body = {"values": {"air_temperature": 1.5}, "quality": {"air_temperature": 1}}
    return Record("e", seq, Kind.MINUTE, Stamp("b", 0.0), 60.0, start, mark, revision, None, raw(body))


@given(st.integers(0, 400))
def test_a_file_cut_anywhere_goes_on_with_whole_lines(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Cut at any byte, a file is opened with its whole lines, and what is appended follows them."""
    path = tmp_path_factory.mktemp("lines") / "m.jsonl"
    file = LineFile(path)
    for seq in (1, 2):
        file.put(jsonl.encoded(jsonl.of_record("a", record(seq), 0)))
    file.sync()
    file.close()
    data = path.read_bytes()
    path.write_bytes(data[:cut])
    file = LineFile(path)
    whole = data[:cut].count(b"\n")
    assert [name.seq for name in file.identities()] == [1, 2][:whole]
    file.put(jsonl.encoded(jsonl.of_record("a", record(3), 0)))
    file.sync()
    file.close()
    assert [json.loads(line)["seq"] for line in path.read_text().splitlines()] == [*[1, 2][:whole], 3]


def test_a_line_that_is_none_of_ours_stays_and_is_passed_over(tmp_path: Path) -> None:
    """A file with foreign lines is used as it is."""
    path = tmp_path / "m.jsonl"
    path.write_text('# note\n{"station":"a","epoch":"e","seq":7,"revision":1}\n[]\n')
    assert [(n.station, n.seq, n.revision) for n in LineFile(path).identities()] == [("a", 7, 1)]
    assert path.read_text().startswith("# note\n")


@pytest.mark.parametrize(
    ("utc", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_767_225_600_000_000, "2026-01-01T00:00:00Z"),
        (1_500_000, "1970-01-01T00:00:01.500000Z"),
    ],
)
def test_a_time_is_rfc_3339_in_utc(utc: int, text: str) -> None:
    """Whole seconds carry no fraction."""
    assert jsonl.rfc3339(utc) == text


def test_a_minute_by_arrival_is_dated_by_the_receiver_and_one_with_bounds_is_not() -> None:
    """By arrival: the time of arrival less the minute. Bounds: no time, but the bounds."""
    arrived = 1_767_225_660_000_000
    assert jsonl.of_record("a", record(1, None, "arrival"), arrived)["time"] == "2026-01-01T00:00:00Z"
    mark = ClockMark("bounds", None, 1_767_225_600_000_000, arrived)
    bounded = Record("e", 1, Kind.MINUTE, Stamp("b", 0.0), 60.0, None, mark, 1, None, raw({}))
    line = jsonl.of_record("a", bounded, arrived)
    assert line["time"] is None
    assert line["clock"] == {
        "source": "bounds",
        "error": None,
        "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2026-01-01T00:01:00Z",
    }


def test_the_ledger_says_in_which_revision_it_has_a_record() -> None:
    """A correction is named with its spans; what was never corrected needs no mention."""
    ledger = Ledger()
    for seq in range(1, 6):
        ledger.add("s", "e", seq, 0)
    ledger.add("s", "e", 2, 1)
    ledger.add("s", "e", 3, 1)
    ledger.add("s", "e", 5, 2)
    assert ledger.revised("s", [Span("e", 1, 9)]) == [Revised(1, [Span("e", 2, 3)]), Revised(2, [Span("e", 5, 5)])]
    assert ledger.revised("s", [Span("e", 1, 2)]) == [Revised(1, [Span("e", 2, 2)])]
    assert ledger.revised("s", [Span("e", 1, 4)]) == [Revised(1, [Span("e", 2, 3)])], "not what lies beyond it"
    assert ledger.revised("other", [Span("e", 1, 9)]) == []
