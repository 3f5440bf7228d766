"""The monthly sheet as a page that prints, and as a spreadsheet."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec

from edge.language import texts
from edge.language.texts import _
from edge.wire.contract import StationId
from hub.causes import cause, reason_of, undated
from hub.completeness import begin_of, undated_minutes
from hub.monthly import MonthlySheet
from hub.web import handlers
from hub.web.arguments import Month, MonthOf, OfStation
from hub.web.exports import KINDS
from hub.web.pages.month_book import workbook
from hub.web.pages.station import of_station
from hub.web.pages.words import percent
from hub.web.table import DataAnswer, PageAnswer, RequestContext

MOST_OUTAGES = 200  # on the page: a station on a bad line has thousands in a month


class SheetOf(msgspec.Struct, frozen=True):
    """A station's month; default: the present one."""

    station: StationId
    month: Month | None = None


def show(context: RequestContext, arguments: SheetOf) -> PageAnswer:
    """Return the sheet."""
    found = sheet(context, arguments)
    day = date.fromisoformat(f"{found.month}-01")
    count = undated_minutes(context.engine, found.station, begin_of(day, found.utc_offset_s), found.end_us)
    later = f"{day + timedelta(days=32):%Y-%m}"
    values: dict[str, object] = {
        "sheet": found,
        "percent": percent,
        "outages": longest(outages(found)),
        "doubts": doubts(found),
        "size": texts.size,
        "earlier": f"{day - timedelta(days=1):%Y-%m}",
        "undated": undated(count) if count else "",
        "later": later if later <= this_month(context, found.utc_offset_s) else "",
    }
    title = _("Monthly sheet {month}").format(month=found.month)
    return of_station(context, found.station, "sheet.html", title, values, found.utc_offset_s)


def book(context: RequestContext, arguments: SheetOf) -> DataAnswer:
    """Return the sheet as a spreadsheet."""
    found = sheet(context, arguments)
    data = workbook(found, outages(found), doubts(found))
    return DataAnswer(data, KINDS["xlsx"], f"{found.station}-{found.month}.xlsx")


def sheet(context: RequestContext, arguments: SheetOf) -> MonthlySheet:
    """Return the sheet of the requested month, by the station's clock."""
    offset = handlers.station(context, OfStation(arguments.station)).utc_offset_s
    return handlers.sheet(context, MonthOf(arguments.station, arguments.month or this_month(context, offset)))


def this_month(context: RequestContext, offset_s: int) -> str:
    """Return the present month by a station's clock."""
    return f"{datetime.fromtimestamp(context.now_us / 1e6, UTC) + timedelta(seconds=offset_s):%Y-%m}"


def outages(found: MonthlySheet) -> list[tuple[int, int, int, str]]:
    """Return begin, end, minutes, and cause in words of each outage."""
    return [
        (one.start_us, one.end_us, one.minutes, cause(one.cause, one.minutes, one.why, one.undated))
        for one in found.outages
    ]


def longest(found: list[tuple[int, int, int, str]]) -> list[tuple[int, int, int, str]]:
    """Return the MOST_OUTAGES longest outages, by time; the spreadsheet has all."""
    return sorted(sorted(found, key=lambda one: (-one[2], one))[:MOST_OUTAGES])


def doubts(found: MonthlySheet) -> list[tuple[str, str, int]]:
    """Return channel, reason, and number of minutes of each doubt."""
    return [(texts.label(one.channel), reason_of(one.reason), one.minutes) for one in found.doubts]
