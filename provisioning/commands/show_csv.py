"""A curve of `show` as CSV (RFC 4180): times local and UTC, numbers as numbers, no text that acts as a formula."""

from __future__ import annotations

import csv
import sys
from datetime import timedelta

from edge.records.asked import EPOCH
from edge.spreadsheet import guarded
from provisioning.commands.show_lines import Curve

MINUTES = ("start_utc", "start_local", "utc_offset_h", "duration_s")
HOURS = ("lowest", "lowest_utc", "highest", "highest_utc", "good", "suspect", "bad", "missing")


def print_csv(curve: Curve) -> None:
    """Write the curve to standard output."""
    writer = csv.writer(sys.stdout)
    name = f"{curve.channel} ({curve.unit})" if curve.unit else curve.channel
    more = HOURS if curve.hourly else ()
    writer.writerow([*MINUTES, guarded(name), "quality", *more])
    for point in curve.points:
        local = EPOCH + timedelta(microseconds=point.start_us, seconds=curve.offset_s)
        head = (utc(point.start_us), f"{local:%Y-%m-%d %H:%M:%S}", curve.offset_s / 3600)
        seconds = (point.end_us - point.start_us) / 1e6
        row = [*head, seconds, point.value, point.quality]
        if more:
            row += [point.lowest, utc(point.lowest_us), point.highest, utc(point.highest_us)]
            row += [point.good, point.suspect, point.bad, point.missing]
        writer.writerow(row)


def utc(time: int | None) -> str:
    """Return an instant as ISO 8601; "" for none."""
    return "" if time is None else f"{EPOCH + timedelta(microseconds=time):%Y-%m-%dT%H:%M:%SZ}"
