"""The least configuration of a station in an orchard, without a file."""

from __future__ import annotations

from edge.config.sections import Config, SiteSection, StateSection, StationSection


def crop_station() -> Config:
    """Return it: it stands at 1,590 m."""
    site = SiteSection(latitude=31.68, longitude=103.85, altitude_m=1590.0)
    return Config(station=StationSection(id="orchard"), site=site, state=StateSection(dir="state"))
