"""What a station's page gives away as files holds the store's numbers, to the last digit."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import cast

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.language import texts
from edge.page import export
from edge.page.source import Source
from edge.records.answers import Point

MINUTE = 60_000_000
FIRST = 1_775_232_000_000_000  # 2026-04-04 00:00 at the site
CHANNELS = ["air_temperature", "rainfall_amount.field"]
# A minute's value is kept with the decimals of its quantity; a spreadsheet holds sixteen digits.
VALUES = st.none() | st.floats(-1e6, 1e6).map(lambda one: round(one, 6)) | st.sampled_from([-12.75, 1e-9, -0.0, 1e15])
MINUTES = st.lists(st.none() | st.tuples(VALUES, st.sampled_from([1, 2, 3, 4, 9])), min_size=1, max_size=20)


class MadeSource:
    """A station that has measured these minutes of each channel."""

    def __init__(self, made: dict[str, list[Point]]) -> None:
        self._made = made

    def minutes(self, channel: str, first_us: int, last_us: int) -> Iterator[Point]:
        """Yield those of a span."""
        return (point for point in self._made[channel] if first_us <= point.start_us < last_us)


def points(told: list[tuple[float | None, int] | None]) -> list[Point]:
    """Return a minute for each that is told; None: there is none."""
    starts = [(FIRST + n * MINUTE, one) for n, one in enumerate(told)]
    return [Point(at, at + MINUTE, *one) for at, one in starts if one is not None]


@settings(max_examples=12, deadline=None)
@given(MINUTES, MINUTES)
def test_files_hold_the_stores_numbers(
    air: list[tuple[float | None, int] | None], rain: list[tuple[float | None, int] | None]
) -> None:
    """Below zero, tiny, doubtful, bad: each number as it is kept, with its flag; what is missing is empty."""
    made = {CHANNELS[0]: points(air), CHANNELS[1]: points(rain)}
    last = FIRST + 20 * MINUTE
    with texts.speaking("zh"):
        head = export.titles(CHANNELS, {"air_temperature": "degC", "rainfall_amount.field": "mm"})

        def rows() -> Iterator[export.Row]:
            return export.rows(cast(Source, MadeSource(made)), CHANNELS, FIRST, last, 28_800)

        text = b"".join(export.as_csv(head, rows())).decode("utf-8-sig")
        book = openpyxl.load_workbook(io.BytesIO(b"".join(export.as_xlsx(head, rows(), "分钟"))))
    lines = list(csv.reader(io.StringIO(text)))
    sheet = [list(line) for line in book.worksheets[0].iter_rows(values_only=True)]
    assert lines[0] == sheet[0] == head and "气温 (℃)" in head
    known = {point.start_us for channel in CHANNELS for point in made[channel]}
    assert len(lines) == len(sheet) == 1 + len(known)
    for at, line, cells in zip(sorted(known), lines[1:], sheet[1:]):
        for place, channel in ((2, CHANNELS[0]), (4, CHANNELS[1])):
            point = next((one for one in made[channel] if one.start_us == at), None)
            value = None if point is None or point.quality == 9 else point.value
            flag = None if point is None else point.quality
            assert (float(line[place]) if line[place] else None, line[place + 1]) == (value, str(flag or ""))
            assert (cells[place], cells[place + 1]) == (value, flag)
