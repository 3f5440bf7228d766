"""An export as a file: CSV or a spreadsheet with a column per channel, or JSON lines.

A text that a spreadsheet would interpret as a formula is prefixed with '; a number stays a number, -5.3 too. Times are
the begin of each minute.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import msgspec

from edge.records.asked import EPOCH, unit_of
from edge.spreadsheet import guarded
from hub.completeness import DAY_S, US
from hub.database.errors import NOT_INSTALLED
from hub.export import Export, ExportedMinute, NothingError
from hub.minute_cells import MinuteCells

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
HEAD = ("station", "start_utc", "start_local", "utc_offset_h", "duration_s", "clock", "clock_error_s")
SHEET_ROWS = 1_000_000  # of a spreadsheet's 1,048,576
Seen = Callable[[ExportedMinute], None]


def write_jsonl(export: Export, file: IO[bytes], seen: Seen) -> int:
    """Write the lines that `watch --jsonl` writes. Return their number. Raise SinkError, OSError."""
    count = 0
    for minute, line in export.lines():
        file.write(line)
        seen(minute)
        count += 1
    if not count:
        export.channels()  # raises NothingError
    return count


def write_csv(export: Export, file: IO[str], seen: Seen) -> int:
    """Write RFC 4180. Return the number of minutes. Raise SinkError, OSError."""
    channels = export.channels()
    csv.writer(file).writerow([guarded(name) for name in heading(channels)])
    cells, encode = MinuteCells(channels, bool(export.wanted.quantities)), msgspec.json.Encoder().encode
    count = 0
    for minute in export.minutes():
        offset_h, duration, clock, error = _facts(minute)
        numbers = encode((offset_h, duration)).decode(), "" if error is None else encode(error).decode()
        start, local = minute.start, minute.local_us()
        times = "" if start is None else f"{_iso(start)}Z", "" if local is None else _iso(local, " ")
        line = encode(cells.of(minute.raw))[1:-1].replace(b"null", b"").decode()
        file.write(
            f"{_cell(minute.station)},{times[0]},{times[1]},{numbers[0][1:-1]},{_cell(clock)},{numbers[1]},{line}\r\n"
        )
        seen(minute)
        count += 1
    return count


def write_file(export: Export, form: str, path: Path, seen: Seen, bom: bool = True) -> int:
    """Write a file of that form ("csv", "xlsx", "jsonl"). Return the number of minutes. Raise SinkError, OSError.

    `bom`: whether CSV begins with a byte order mark, without which Excel garbles Chinese.
    """
    if form == "xlsx":
        path.touch()
        return write_xlsx(export, path, seen)
    with path.open("wb") as file:
        return write_jsonl(export, file, seen) if form == "jsonl" else csv_bytes(export, file, seen, bom)


def csv_bytes(export: Export, file: IO[bytes], seen: Seen, bom: bool) -> int:
    """Write CSV in UTF-8. Return the number of minutes. Raise SinkError, OSError."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    try:
        text.write(BOM if bom else "")
        return write_csv(export, text, seen)
    finally:
        text.flush()
        text.detach()


def write_xlsx(export: Export, path: Path, seen: Seen) -> int:
    """Write a spreadsheet with a sheet a year. Return the number of minutes. Raise SinkError, OSError."""
    try:
        import xlsxwriter
        from xlsxwriter.exceptions import FileCreateError
    except ImportError:
        raise NothingError(NOT_INSTALLED.having(library="XlsxWriter")) from None
    channels = export.channels()
    off = dict.fromkeys(("strings_to_numbers", "strings_to_formulas", "strings_to_urls"), False)
    # XlsxWriter leaves temporary files behind if it fails, so they get a folder that is removed.
    with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as aside:
        book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": aside, **off})
        count = _put_minutes(book, export, channels, seen)
        try:
            book.close()
        except FileCreateError as error:
            raise OSError(*error.args[0].args[:2], str(path)) from None
    return count


def _put_minutes(book: Any, export: Export, channels: list[str], seen: Seen) -> int:
    """Put the minutes into a workbook's sheets. Return their number."""
    bold, time = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    cells = MinuteCells(channels, bool(export.wanted.quantities))
    count, sheet, row, year = 0, None, 0, ""
    for minute in export.minutes():
        utc, local = minute.utc(), minute.local()
        name = "undated" if local is None else str(local.year)
        if sheet is None or name != year or row > SHEET_ROWS:
            sheet, row, year = _sheet(book, name, heading(channels), bold), 1, name
        times = (None if utc is None else utc.replace(tzinfo=None), local)
        for column, cell in enumerate((minute.station, *times, *_facts(minute))):
            _put(sheet, row, column, cell, time)
        put = sheet.write_number.__wrapped__  # without its check for "A1" notation: a tenth faster
        for column, number in enumerate(cells.of(minute.raw), len(HEAD)):
            if number is not None:
                put(sheet, row, column, number)
        seen(minute)
        count, row = count + 1, row + 1
    return count


def heading(channels: list[str]) -> Iterator[str]:
    """Yield the names of the columns."""
    yield from HEAD
    for channel in channels:
        yield f"{channel} ({unit})" if (unit := unit_of(channel)) else channel
        yield f"{channel} quality"


@lru_cache(64)
def _cell(text: str) -> str:
    """Return a text as a cell of CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([guarded(text)])
    return line.getvalue()


def _iso(us: int, between: str = "T") -> str:
    """Return an instant (microseconds since 1970) like datetime's isoformat, to the second, in a third of its time."""
    day, second = divmod(us // US, DAY_S)
    return f"{_day(day)}{between}{_second(second)}"


@lru_cache(64)
def _day(number: int) -> str:
    return date.fromordinal(EPOCH.toordinal() + number).isoformat()


@lru_cache(4096)
def _second(of_day: int) -> str:
    return f"{of_day // 3600:02}:{of_day // 60 % 60:02}:{of_day % 60:02}"


def _facts(minute: ExportedMinute) -> tuple[Any, ...]:
    return minute.utc_offset_s / 3600, minute.duration, minute.clock, minute.clock_error


def _sheet(book: Any, name: str, names: Iterator[str], bold: Any) -> Any:
    """Return a new sheet with its heading; further sheets of a year are numbered."""
    taken = {sheet.get_name() for sheet in book.worksheets()}
    free = next(one for n in range(1, 1000) if (one := name if n == 1 else f"{name} ({n})") not in taken)
    sheet = book.add_worksheet(free)
    for column, title in enumerate(names):
        sheet.write_string(0, column, title, bold)
    sheet.freeze_panes(1, 3)
    sheet.set_column(1, 2, 19)
    return sheet


def _put(sheet: Any, row: int, column: int, cell: Any, time: Any) -> None:
    """Write one cell by its type; None stays empty."""
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, datetime):
        sheet.write_datetime(row, column, cell, time)
    elif cell is not None:
        sheet.write_number(row, column, cell)
