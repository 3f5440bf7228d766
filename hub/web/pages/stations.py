"""What the pages of several stations share."""

from __future__ import annotations

from edge.language.texts import _
from edge.records.answers import StationState
from edge.records.record import LAST_UTC
from hub.causes import undated
from hub.completeness import undated_minutes
from hub.web.table import RequestContext


def offset_of(states: list[StationState]) -> int:
    """Return the clock by which a page of several stations tells times: the first one's that has told its clock."""
    return next((state.utc_offset_s for state in states if state.newest_us is not None), 28_800)


def nothing_word(context: RequestContext, station: str) -> str:
    """Return what is said in place of values of a station that somebody may see and that has no dated minute."""
    count = undated_minutes(context.engine, station, -LAST_UTC, LAST_UTC)
    return undated(count) if count else _("no minute has arrived yet")
