"""Functions shared by the pages of stations."""

from __future__ import annotations

from edge.language.texts import _
from edge.records.answers import StationState
from edge.records.record import LAST_UTC
from hub.causes import undated
from hub.completeness import undated_minutes
from hub.web.table import RequestContext


def offset_of(states: list[StationState]) -> int:
    """Return the offset from UTC, s, for a page of several stations: that of the first station with a minute."""
    return next((state.utc_offset_s for state in states if state.newest_us is not None), 28_800)


def nothing_word(context: RequestContext, station: str) -> str:
    """Return the text in place of values of a station without dated minutes."""
    count = undated_minutes(context.engine, station, -LAST_UTC, LAST_UTC)
    return undated(count) if count else _("no minute has arrived yet")
