"""What the tables and lines of a station show: names that are not parted, counts without fractions."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from drivers.reason import Reason
from edge.language.texts import speaking
from edge.page import box
from edge.snapshots import AlertNow, MinuteStatus
from provisioning.commands.alert_lines import alert
from provisioning.demo.table import live_table
from tests.kits.statuses import status


def test_a_count_of_sensors_has_no_fraction() -> None:
    """One sensor is lost, not 1.0; what has a unit keeps its tenth."""
    lost = AlertNow("sensors", 1, 3, False, "sensors_lost", "", 1.0, "", "", False)
    (line,) = alert(lost)
    assert ", at most 1, step 1 of 3" in line
    gust = AlertNow("gale", 1, 2, False, "wind_speed_of_gust", "m/s", 17.25, "", "", False)
    (line,) = alert(gust)
    assert ", highest 17.2 m/s, step 1 of 2" in line


@pytest.mark.parametrize(
    ("quantity", "unit", "below", "said"),
    [
        ("wind_speed_of_gust", "m/s", False, "最高 17.2 m/s"),
        ("battery_voltage", "V", True, "最低 17.2 V"),
        ("sensors_lost", "", False, "最多 17，"),
    ],
)
def test_the_worst_value_of_an_alert_is_called_what_it_is(quantity: str, unit: str, below: bool, said: str) -> None:
    """The lowest where less is worse, else the highest; of a count the most. On the page and in `status` alike."""
    one = AlertNow("rule", 1, 2, False, quantity, unit, 17.2, "", "", False, below=below)
    with speaking("zh"):
        assert f"，{said}" in alert(one)[0]
        (line,) = box.alert(one)
        assert f"：{said}" in line.text.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("17.20", "17.2")


def test_no_name_is_parted_in_a_narrow_table() -> None:
    """A sensor's name stands whole in its brackets, on a line of its own where there is no room beside the quantity."""
    channel = "wind_speed_of_gust.orchard-cups"
    minute = MinuteStatus({channel: 1.6}, {channel: 1}, {}, start=1_790_000_000_000_000, duration=60.0)
    console = Console(width=40, file=io.StringIO())
    console.print(live_table(status(minute=minute), "60x", console, 30))
    shown = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    assert "(orchard-cups)" in shown


@pytest.mark.parametrize(("width", "whole"), [(96, True), (80, True), (62, False)])
def test_a_name_stands_on_its_line_where_the_reasons_leave_room_for_it(width: int, whole: bool) -> None:
    """A reason of one channel folded the names of all, however wide the window."""
    cups, dust = "wind_speed_of_gust.orchard-cups", "pm1"
    why = Reason("unplugged", "unplugged")
    minute = MinuteStatus(
        {cups: 1.6, dust: None}, {cups: 1, dust: 9}, {dust: why}, start=1_790_000_000_000_000, duration=60
    )
    console = Console(width=width, file=io.StringIO())
    console.print(live_table(status(minute=minute), "60x", console, 30))
    shown = console.file.getvalue() if isinstance(console.file, io.StringIO) else ""
    assert "unplugged" in shown
    assert ("Gust (orchard-cups)" in shown) is whole
    assert max(map(len, shown.splitlines())) <= width


def test_a_station_without_a_sensor_says_so_on_its_page() -> None:
    """Nothing measures: the page says that, and not merely nothing."""
    line = box.box_lines(status(sensors=[]), 28_800)[0]
    assert (line.text, line.trouble) == ("No sensor is configured.", True)
