"""Rates of a month, on the page and in the spreadsheet: only all of it is 100 %."""

from __future__ import annotations

import io

import openpyxl
import pytest

from hub.monthly import MonthlySheet
from hub.web.pages.month_book import workbook
from hub.web.pages.words import percent


@pytest.mark.parametrize(
    ("here", "due", "said"),
    [(43_199, 43_200, "99.99 %"), (43_200, 43_200, "100.00 %"), (57, 100, "57.00 %"), (0, 100, "0.00 %")],
)
def test_a_rate_is_the_same_on_the_page_and_in_the_spreadsheet(here: int, due: int, said: str) -> None:
    """One minute that is lacking shows; 57 of 100 minutes, which binary numbers do not hold exactly, are 57.00 %."""
    numbers = "s", "2026-04", 0, due * 60_000_000, 28_800, due, here, here
    month = MonthlySheet(*numbers, here / due, 1.0, [], [], [], [], [], 0, 0)
    book = openpyxl.load_workbook(io.BytesIO(workbook(month, [], [])))
    cells = {row[0].value: row[1] for row in book.worksheets[0].iter_rows(min_row=2)}
    rate = cells["Arrival rate"]
    assert rate.number_format == "0.00%"
    assert percent(here / due) == said == f"{rate.value:.2%}".replace("%", " %")
