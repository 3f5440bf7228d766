"""Measured data as a file for people: CSV or a spreadsheet, one row per minute, sent in pieces."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from edge.language import texts
from edge.language.texts import _
from edge.page.source import DAY_US, Source
from edge.records.answers import Point
from edge.spreadsheet import guarded

MOST_DAYS = 62
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"  # by which Excel recognizes UTF-8
Row = list[str | float | int | None]


def titles(channels: list[str], units: dict[str, str]) -> list[str]:
    """Return the header row: local time, UTC, then each channel with its unit, and its flag."""
    found = [_("Time"), "UTC"]
    for name in channels:
        unit = texts.unit_sign(units.get(name, ""))
        label = texts.label(name)
        found += [f"{label} ({unit})" if unit else label, _("{name}, flag").format(name=label)]
    return [guarded(title) for title in found]


def rows(source: Source, channels: list[str], first_us: int, last_us: int, offset_s: int) -> Iterator[Row]:
    """Yield a row for each recorded minute, read a day at a time. Raise NotRunningError, AskError."""
    place = timezone(timedelta(seconds=offset_s))
    for begin in range(first_us, last_us, DAY_US):
        end = min(begin + DAY_US, last_us)
        curves = [{p.start_us: p for p in source.minutes(name, begin, end)} for name in channels]
        for at in sorted({start for curve in curves for start in curve}):
            utc = datetime.fromtimestamp(at / 1e6, UTC)
            row: Row = [utc.astimezone(place).strftime("%Y-%m-%d %H:%M"), utc.strftime("%Y-%m-%dT%H:%M:%SZ")]
            for curve in curves:
                row += cells(curve.get(at))
            yield row


def cells(point: Point | None) -> Row:
    """Return value and flag of a minute; both empty if it does not have the channel."""
    return [None, None] if point is None else [None if point.quality == 9 else point.value, point.quality]


def as_csv(head: list[str], body: Iterator[Row]) -> Iterator[bytes]:
    """Yield the bytes of a CSV file, with the byte order mark by which Excel reads it as UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out)
    out.write(BOM)
    writer.writerow(head)
    for number, row in enumerate(body):
        writer.writerow(row)
        if number % 200 == 0:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def as_xlsx(head: list[str], body: Iterator[Row], title: str) -> Iterator[bytes]:
    """Yield the bytes of a spreadsheet, which is written to disk row by row."""
    import xlsxwriter

    with tempfile.TemporaryDirectory(prefix="minshan-export-") as folder:
        file = Path(folder) / "minutes.xlsx"
        with xlsxwriter.Workbook(str(file), {"constant_memory": True, "strings_to_formulas": False}) as book:
            sheet = book.add_worksheet(title)
            sheet.freeze_panes(1, 2)
            sheet.set_column(0, 1, 20)
            sheet.write_row(0, 0, head)
            for number, row in enumerate(body, 1):
                sheet.write_row(number, 0, row)
        with file.open("rb") as made:
            while piece := made.read(1 << 16):
                yield piece
