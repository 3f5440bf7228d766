"""What `minshan status` says of the archive, of what is unsent, of cameras and of parts that failed."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from drivers.reason import Reason
from edge.snapshots import CameraSnapshot, MinuteStatus, Strays
from provisioning.commands.status import archive_lines, head, minute, pictures, restarted
from tests.kits.statuses import QUIET

WHY = Reason("said", "{text}", text="the card is read-only")
NOON = 1_777_608_000_000_000  # 2026-05-01 12:00 at the station
SIZE = "Local archive: 4.1 kB"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, [SIZE, "Everything is sent."]),
        ({"unsent": 1}, [SIZE, "1 record is not sent yet"]),
        (
            {"unsent": 12, "unsent_since": NOON},
            [SIZE, "12 records are not sent yet, the oldest of 2026-05-01 12:00"],
        ),
        (
            {"waiting": 3, "trouble": WHY},
            [
                "Local archive: the card is read-only",
                "3 records are in memory alone; those not sent would be lost without power",
            ],
        ),
        (
            {"waiting": 1, "unsent": 2},
            [
                SIZE,
                "1 record is in memory alone; unless it is sent it would be lost without power",
                "2 records are not sent yet",
            ],
        ),
        (
            {"mended": WHY},
            [
                SIZE,
                "Local archive: was damaged and repaired: the card is read-only; see the loss records",
                "Everything is sent.",
            ],
        ),
        (
            {"strays": Strays(2, 2_000_000)},
            [SIZE, "2 picture files (2.0 MB) were set aside: they belong to no record", "Everything is sent."],
        ),
    ],
)
def test_the_archive_says_what_is_there_and_what_is_at_risk(facts: dict[str, Any], said: list[str]) -> None:
    """What waits in memory is never "sent", and a repaired or unwritable archive is told first."""
    assert archive_lines(replace(QUIET.store, **facts), 8.0) == said


def test_each_camera_has_its_newest_photo_or_its_trouble() -> None:
    """Trouble stands before the photo of yesterday."""
    cameras = {
        "gate": CameraSnapshot(None, 0, NOON),
        "roof": CameraSnapshot(WHY, 0, NOON),
        "new": CameraSnapshot(None, 0, None),
    }
    assert pictures(cameras, 8.0) == [
        "Camera gate: newest photo of 2026-05-01 12:00",
        "Camera roof: the card is read-only",
        "Camera new: no photo yet",
    ]


def test_only_parts_that_failed_are_named() -> None:
    """Each with how often it was started again."""
    (line,) = restarted({"uplink": 2, "sampler": 0})
    assert line.startswith("The part “uplink” failed and was restarted (2 times)")


def test_values_stand_below_each_other_with_their_doubts() -> None:
    """A good one has no word, a doubted one its flag and reason, one without a flag is not judged."""
    assert minute(None, {}, 8.0)[0].startswith("Nothing has been measured yet")
    values: dict[str, float | None] = {"air_temperature": 11.26, "relative_humidity": 80.0, "wind_speed": 1.5}
    flags, why = {"air_temperature": 1, "relative_humidity": 3}, {"relative_humidity": WHY}
    found = MinuteStatus(values, flags, why, start=NOON, duration=60.0)
    units = {"air_temperature": "degC", "relative_humidity": "%", "wind_speed": "m/s"}
    top, air, humidity, wind = minute(found, units, 8.0)
    assert top == "Measured in the minute of 2026-05-01 12:00:"
    assert air == "  Air temperature    11.26 °C"
    assert humidity == "  Relative humidity  80.0 %  suspect (the card is read-only)"
    assert wind == "  Wind speed         1.5 m/s  not checked"


def test_a_station_is_named_by_its_title_where_it_has_one() -> None:
    """And says where it does not know the time."""
    assert head(QUIET, 8.0) == "Station s; it does not know the time yet"
    assert head(replace(QUIET, title="Upper orchard"), 8.0).startswith("Station Upper orchard;")
