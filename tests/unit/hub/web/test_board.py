"""The board of days, the sheet of months and the audit: what is shown, how it is called; nothing is skipped."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from edge.clock.clock import system_utc
from edge.page.days import local_day
from edge.records.answers import Completeness, Gap
from edge.records.record import Kind
from hub.database.accounts import PAGE
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Account, Role
from hub.sink import Delivery
from hub.web.pages.board import Cell, cell
from hub.web.pages.month import MOST_OUTAGES, longest
from tests.kits.office import MINE, Office, entered, office
from tests.kits.receiver_kit import UTC0
from tests.kits.wall_kit import record

DAY = date(2026, 1, 1)
AHEAD_S = 50_400  # of UTC: the station's clock
HOLE = [Gap(0, 90_000_000, "silent", 0, None), Gap(600_000_000, 900_000_000, "off", 0, None)]  # 1.5 and 5 minutes


@pytest.fixture(name="admin", scope="module")
def an_administrator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE)
        sink = DatabaseSink(opened(made.database))
        sink.commit(Delivery((record(MINE, 10, UTC0, Kind.SETUP, {"site": {"utc_offset_h": AHEAD_S / 3600}}),)))
        sink.close()
        fill_audit(made)
        with entered(made, made.add(Role.ADMIN)) as client:
            yield client


def fill_audit(made: Office) -> None:
    """Write down more than two pages of the audit, a microsecond after each other."""
    somebody, before = Account("user", "clerk", Role.ADMIN, None), system_utc() - 1_000_000
    for number in range(2 * PAGE + 7):
        made.accounts.note(somebody, "user_added", None, f"line-{number:03}", before + number)


def days(page: str) -> list[str]:
    """Return the days in the head of the board."""
    return re.findall(r"<th>(\d\d-\d\d)</th>", page)


def links(answer: httpx.Response) -> dict[str, str]:
    """Return the board's links to other days, or the audit's to earlier lines: what is read there and the address."""
    found = re.findall(r'href="([^"]+)">(Earlier|Later|Earlier ones)<', answer.text)
    return {text: str(answer.url.join(html.unescape(to))) for to, text in found}


@pytest.mark.parametrize(
    ("received", "good", "gaps", "over", "undated", "began", "shown"),
    [
        (1440, 1440, [], 0, 0, True, Cell(0, 0, "whole", "whole")),
        (1440, 1437, [], 0, 0, True, Cell(0, 3, "doubtful", "3 min doubtful")),
        (1440, 1437, [], 4, 0, True, Cell(0, 3, "doubtful", "4 min overlap others")),
        (1433, 1430, HOLE, 4, 2, True, Cell(7, 3, "holes", "7 min without data")),
        (0, 0, HOLE, 0, 0, True, Cell(7, 0, "none", "nothing")),
        (0, 0, HOLE, 0, 9, True, Cell(0, 0, "doubtful", "9 min undated")),
        (0, 0, [], 0, 9, False, Cell(0, 0, "doubtful", "9 min undated")),
        (0, 0, HOLE, 0, 0, False, Cell(0, 0, "before", "–")),
    ],
)
def test_a_day_is_called_by_the_worst_that_is_known_of_it(
    received: int, good: int, gaps: list[Gap], over: int, undated: int, began: bool, shown: Cell
) -> None:
    """Nothing, holes, minutes over others, doubtful ones, whole; a day before the first minute is none of a station."""
    assert cell(Completeness(MINE, DAY, 1440, received, good, gaps, over, undated), began) == shown


def test_the_days_before_and_after_follow_without_a_gap(admin: httpx.Client) -> None:
    """A week, the newest day first; the last week has none after it, and the first days that count none before."""
    page = admin.get("/completeness?to=2026-01-05")
    assert days(page.text) == ["01-05", "01-04", "01-03", "01-02", "01-01", "12-31", "12-30"]
    states = re.findall(r'data-state="(\w+)"', page.text)
    assert states == ["none"] * 4 + ["holes"] + ["before"] * 2, "three minutes of the first of January"
    earlier, later = (admin.get(links(page)[text]).text for text in ("Earlier", "Later"))
    assert days(earlier)[0] == "12-29"
    assert days(later)[-1] == "01-06"
    before = local_day(system_utc(), AHEAD_S)
    now = admin.get("/completeness")
    assert days(now.text)[0] in {f"{day:%m-%d}" for day in (before, local_day(system_utc(), AHEAD_S))}
    assert "Later" not in links(now)
    assert days(admin.get("/completeness?to=2999-01-01").text) == days(now.text)
    assert days(admin.get("/completeness?to=0001-01-01").text)[0] == "01-31"
    assert "Later" in links(admin.get(links(now)["Earlier"]))


def test_the_pages_of_the_audit_skip_no_line_and_repeat_none(admin: httpx.Client) -> None:
    """The newest first, page by page, until there is no older one."""
    found, address = [], "/audit"
    while address:
        page = admin.get(address)
        found += re.findall(r"line-(\d+)", page.text)
        address = links(page).get("Earlier ones", "")
    assert found == [f"{number:03}" for number in reversed(range(2 * PAGE + 7))]


def test_the_sheet_of_this_month_has_none_after_it(admin: httpx.Client) -> None:
    """This month by the station's clock, where none is asked for; from the one before it there is a way back."""
    months = [f"{local_day(system_utc(), AHEAD_S):%Y-%m}"]
    page = admin.get(f"/stations/{MINE}/sheet").text
    months = sorted({*months, f"{local_day(system_utc(), AHEAD_S):%Y-%m}"})
    found = sorted(set(re.findall(r"month=(20\d\d-\d\d)", page)))
    assert len(found) == 2 and found[-1] in months
    back = admin.get(f"/stations/{MINE}/sheet?month={found[0]}").text
    assert found[1] in re.findall(r"month=(20\d\d-\d\d)", back)


def test_of_many_outages_the_longest_stand_on_the_sheet_by_time() -> None:
    """A station on a bad line has thousands in a month: none that is left out is longer than one that is there."""
    found = [(start, start + 1, 1 + start % 7, "silent") for start in range(3 * MOST_OUTAGES)]
    shown = longest(found)
    assert len(shown) == MOST_OUTAGES
    assert shown == sorted(shown)
    assert min(one[2] for one in shown) >= max(one[2] for one in {*found} - {*shown})
