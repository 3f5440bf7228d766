"""Stations whose records are odd, and what the hub raises itself: no page says more, less or other than is known."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest

from drivers.reason import Reason
from edge.clock.clock import system_utc
from edge.records.asked import EPOCH
from edge.records.record import ClockMark, Kind, Record
from edge.wire.contract import encode
from hub.alarms.alarm import Alarm, Quiet
from hub.alarms.book import AlarmBook
from hub.alarms.people import Contact, People
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
    sink.commit(Delivery((Row("undated", undated, encode(undated), now - 10 * MINUTE),)))
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


def test_a_month_of_minutes_without_a_time_is_not_one_without_minutes(admin: httpx.Client) -> None:
    """They count for no day, and are named."""
    page = seen(admin, "/stations/undated/sheet")
    assert "1 minute arrived whose time is not known" in page and "No minute of this month" not in page


def test_a_month_of_thousands_of_outages_shows_the_longest_and_says_so(tmp_path: Path) -> None:
    """A page of a line each would be megabytes on a phone; the spreadsheet has all of them."""
    last = 1_768_435_200_000_000  # 2026-01-15
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        starts = [last - 2 * n * MINUTE for n in range(500)] + [last - 1010 * MINUTE]
        rows = [record("torn", 600 - n, start, Kind.MINUTE, minute(0, 0)) for n, start in enumerate(starts)]
        sink.commit(Delivery(tuple(rows)))
        sink.close()
        with browser(made, made.token(Role.ADMIN)) as client:
            page = client.get("/stations/torn/sheet?month=2026-01", headers={"accept-language": "en"}).text
    shown, known = map(int, re.findall(r"The (\d+) longest of (\d+) outages", page)[0])
    assert shown == 200 < known and page.count('<td class="number">1</td><td class="told">') == 198, (
        "the two longest are there too"
    )


def test_where_stations_have_two_clocks_days_are_said_to_be_their_own(tmp_path: Path) -> None:
    """A board's days are each station's; its footer tells one clock."""
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, "here", 0, system_utc(), 10, [])
        with browser(made, made.token(Role.ADMIN)) as client:
            assert "those of its own clock" not in seen(client, "/completeness")
            far = {"configuration": "0" * 64, "flags": "qartod", "site": {"utc_offset_h": 6.5}, "sensors": []}
            sink.commit(Delivery((record("there", 1, system_utc() - MINUTE, Kind.SETUP, far),)))
            assert "those of its own clock" in seen(client, "/completeness")
            assert "All times are UTC+6:30." in seen(client, "/stations/there")
        sink.close()


@pytest.mark.parametrize("page", ["", "/days/{day}", "/sheet", "/sheet.xlsx"])
def test_a_reason_that_is_none_takes_no_page_of_its_station_away(tmp_path: Path, page: str) -> None:
    """A number, or a list, where a flagged value should have its reason: the minutes are shown as not good."""
    now = system_utc()
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        keep_station(sink, "odd", 0, now - 10 * MINUTE, 5, [])
        for seq, reason in enumerate((2**53, ["code"], {"code": 1}, "said in words"), 100):
            body = minute(0, 0)
            body["quality"]["air_temperature"], body["reasons"] = 3, {"air_temperature": reason}
            sink.commit(Delivery((record("odd", seq, now - (110 - seq) * MINUTE, Kind.MINUTE, body),)))
        sink.close()
        day = f"{EPOCH + timedelta(microseconds=now - 9 * MINUTE, hours=8):%Y-%m-%d}"
        with browser(made, made.token(Role.ADMIN)) as client:
            assert client.get(f"/stations/odd{page.format(day=day)}").status_code == 200


@pytest.mark.parametrize("page", ["/alerts", "/on-call", "/people"])
def test_whoever_hears_a_page_can_tell_its_buttons_apart(tmp_path: Path, page: str) -> None:
    """Each of two alarms, people or programs has buttons; what they are called says whose they are."""
    now = system_utc()
    with office(tmp_path) as made:
        book = AlarmBook(made.engine)
        book.keep([Alarm(name * 16, f"orchard-{name}", "silent", now, now, now, True, step=1) for name in "ab"])
        for name in ("Li", "Wang"):
            People(made.engine).keep(Contact(name, channels=["group"]))
            made.add(Role.GROWER, name=name)
        with browser(made, made.token(Role.ADMIN)) as client:
            made.token(Role.GROWER)
            text = client.get(page).text
    listed = re.findall(r"<li.*?</li>", re.sub(r"<form[^>]*aria-label.*?</form>", "", text, flags=re.DOTALL), re.DOTALL)
    names = [
        re.sub(r"<[^>]*>", "", one)
        for each in listed
        for one in re.findall(r"<(?:button|summary).*?</(?:button|summary)>", each)
    ]
    assert len(names) >= 2 and len(set(names)) == len(names)
