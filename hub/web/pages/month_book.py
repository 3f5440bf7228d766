"""The monthly sheet as a spreadsheet, made in memory: at most a few hundred lines."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import xlsxwriter

from edge.language import texts
from edge.language.texts import _
from edge.spreadsheet import guarded
from hub.monthly import MonthlySheet, local
from hub.web.pages.words import cut_off

Cell = Any  # a text, a number, or a local time


class MonthWorkbook:
    """A workbook that is written line by line."""

    def __init__(self) -> None:
        self.data = io.BytesIO()
        off = dict.fromkeys(("strings_to_numbers", "strings_to_formulas", "strings_to_urls"), False)
        self.book = xlsxwriter.Workbook(self.data, {"in_memory": True, **off})
        self._bold = self.book.add_format({"bold": True})
        self._rate = self.book.add_format({"num_format": "0.00%"})
        self._time = self.book.add_format({"num_format": "yyyy-mm-dd hh:mm"})

    def sheet(self, name: str, heading: Iterable[str], lines: Iterable[Iterable[Cell]]) -> None:
        """Write a sheet with a heading."""
        sheet = self.book.add_worksheet(name)
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 9, 16)
        for column, title in enumerate(heading):
            sheet.write_string(0, column, title, self._bold)
        sheet.freeze_panes(1, 0)
        for row, line in enumerate(lines, 1):
            for column, cell in enumerate(line):
                self._put(sheet, row, column, cell)

    def _put(self, sheet: Any, row: int, column: int, cell: Cell) -> None:
        if isinstance(cell, str):
            sheet.write_string(row, column, guarded(cell))
        elif isinstance(cell, int):
            sheet.write_number(row, column, cell)
        elif isinstance(cell, float):
            sheet.write_number(row, column, cut_off(cell), self._rate)
        elif cell is not None:
            sheet.write_datetime(row, column, cell, self._time)


def workbook(
    found: MonthlySheet, outages: list[tuple[int, int, int, str]], doubts: list[tuple[str, str, int]]
) -> bytes:
    """Return a month as a workbook: the whole, days, outages, channels, doubts, cameras. Times are the station's."""
    book = MonthWorkbook()
    begin, end = (local(one, found.utc_offset_s) for one in (found.start_us, found.end_us))
    whole = (
        (_("Station"), found.station),
        (_("Month"), found.month),
        (_("From"), begin),
        (_("To"), end),
        (_("Minutes expected"), found.expected),
        (_("Minutes received"), found.received),
        (_("Arrival rate"), found.arrival_rate),
        (_("Minutes good"), found.good),
        (_("Accuracy rate"), found.accuracy_rate),
        (_("Records, bytes"), found.record_bytes),
        (_("Pictures, bytes"), found.picture_bytes),
    )
    book.sheet(_("Month"), (), whole)
    days = ((str(day.day), day.expected, day.received, day.good) for day in found.days)
    book.sheet(_("Days"), (_("Day"), _("Expected"), _("Received"), _("Good")), days)
    spans = ((local(a, found.utc_offset_s), local(b, found.utc_offset_s), n, why) for a, b, n, why in outages)
    book.sheet(_("Outages"), (_("From"), _("To"), _("Minutes"), _("Cause")), spans)
    channels = ((texts.label(c.channel), c.good, c.suspect, c.bad, c.missing) for c in found.channels)
    flags = (texts.flag_word(flag) for flag in (1, 3, 4, 9))
    book.sheet(_("Quantities"), (_("Quantity"), *flags), channels)
    book.sheet(_("Doubtful data"), (_("Quantity"), _("Why"), _("Minutes")), doubts)
    cameras = ((c.camera, c.pictures, c.full, c.bytes) for c in found.cameras)
    book.sheet(_("Cameras"), (_("Camera"), _("Pictures"), _("Full pictures here"), _("Bytes")), cameras)
    book.book.close()
    return book.data.getvalue()
