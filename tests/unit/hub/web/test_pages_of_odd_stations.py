"""Stations whose records are odd, and what the hub raises itself: no page says more, less or other than is known."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from drivers.reason import Reason
from edge.clock.clock import system_utc
from edge.records.record import ClockMark, Kind, Record
from edge.wire.contract import encode
from hub.alarms.alarm import Alarm, Quiet
from hub.alarms.book import AlarmBook
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Delivery, Row
from tests.kits.office import Office, browser, office
from tests.kits.wall_kit import MINUTE, keep_station, minute, picture, record


@pytest.fixture(name="admin", scope="module")
def somebody_who_sees_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Give the browser of an administrator of a hub with odd stations."""
    folder = tmp_path_factory.mktemp("office") / "pictures"
    folder.mkdir()
    with office(folder) as made:
        keep(made, folder)
        with browser(made, made.token(Role.ADMIN)) as client:
            yield client


def keep(made: Office, folder: Path) -> None:
    """Keep an undated station, one that is silent for nine days, one without a setup, one with many cameras."""
    now = system_utc()
    sink = DatabaseSink(opened(made.database))
    row = record("undated", 1, now - MINUTE, Kind.MINUTE, minute(0, 0)).record
    assert isinstance(row, Record)
    undated = msgspec.structs.replace(row, start=None, clock=ClockMark("arrival"))
    sink.commit(Delivery((Row("undated", undated, encode(undated), now),)))
    keep_station(sink, "silent", 0, now - 9 * 1440 * MINUTE, 10, [])
    for seq in range(10):
        body = minute(0, 0)
        body["quality"]["air_temperature"], body["values"]["air_temperature"] = 9, None
        sink.commit(Delivery((record("no-setup", seq, now - (11 - seq) * MINUTE, Kind.MINUTE, body),)))
    for seq, camera in enumerate(("cam-10", "cam-9", "cam-1")):
        sink.commit(picture(folder, "no-setup", camera, 100 + seq, now - 8 * MINUTE, False))
    sink.close()
    why = Reason("robot_refused", "errcode 93000").builtins()
    AlarmBook(made.engine).keep(
        [Alarm("c" * 16, "", "channel", now, now, now, True, step=1, quiet=Quiet(channel="group", why=why))]
    )


def seen(client: httpx.Client, path: str, lang: str = "en") -> str:
    """Return the text of a page."""
    answer = client.get(path, headers={"accept-language": lang})
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def test_a_station_whose_time_is_not_known_has_measured(admin: httpx.Client) -> None:
    """What came is without a date: it is not said that nothing was measured."""
    page = seen(admin, "/stations/undated")
    assert "arrived whose time is not known" in page and "Nothing has been measured" not in page


def test_a_page_of_curves_without_any_says_why(admin: httpx.Client) -> None:
    """After nine days of silence there is no curve of the last day, and the page is not simply empty."""
    assert "Nothing was measured in this time." in seen(admin, "/stations/silent/curves")


def test_the_list_of_alerts_says_which_channel_fails(admin: httpx.Client) -> None:
    """Its name stands there, as in the message that goes out by the others."""
    assert re.search(r"Channel fails group", seen(admin, "/alerts"))


def test_what_is_to_be_seen_to_is_named_in_the_language_of_who_goes(admin: httpx.Client) -> None:
    """A channel of no known sensor is called by its quantity, not by its code."""
    page = seen(admin, "/visits", "zh-CN")
    assert "气温" in page and "air_temperature" not in page


def test_cameras_of_a_month_stand_in_the_order_of_their_numbers(admin: httpx.Client) -> None:
    """As on the wall: the ninth before the tenth."""
    assert re.findall(r"cam-\d+", seen(admin, "/stations/no-setup/sheet")) == ["cam-1", "cam-9", "cam-10"]
