"""What the pages of several stations share."""

from __future__ import annotations

from edge.records.answers import StationState


def offset_of(states: list[StationState]) -> int:
    """Return the clock by which a page of several stations tells times: the first one's."""
    return states[0].utc_offset_s if states else 28_800
