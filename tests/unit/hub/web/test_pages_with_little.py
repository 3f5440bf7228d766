"""What the hub's pages say where there is little to show: no minute, none with a time, none of this day, no page."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import httpx
import msgspec
import pytest

from edge.clock.clock import system_utc
from edge.page.days import day_us, local_day
from edge.records.record import ClockMark, Kind, Record
from edge.records.spans import Span
from edge.wire.contract import encode
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Announced, Delivery, Row
from tests.kits.browser import chromium
from tests.kits.office import PASSWORD, Office, entered, office
from tests.kits.wall_kit import MINUTE, keep_station, minute, record

LONG = "cooperative-of-the-north-slope-8"
RAINY = 4  # minutes with 0.2 mm each


@pytest.fixture(name="shared", scope="module")
def an_office_with_odd_stations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give a hub that knows one station by its hello alone, one without a clock, with rain, with a long name."""
    with office(tmp_path_factory.mktemp("office")) as made:
        now = system_utc()
        sink = DatabaseSink(opened(made.database))
        sink.commit(Delivery((), announced=(Announced("announced", (Span("e", 1, 500),)),)))
        sink.commit(Delivery(tuple(undated(seq, now - seq * MINUTE) for seq in range(1, 28))))
        keep_station(sink, LONG, 0, now, 3, [])
        keep_station(sink, "rainy", 0, now - RAINY * MINUTE, 26 * 60, [])
        body = minute(0, 0)
        body["values"]["rainfall_amount"] = 0.2
        rain = [
            record("rainy", 5000 + n, (now // MINUTE - RAINY + n) * MINUTE, Kind.MINUTE, body) for n in range(RAINY)
        ]
        yesterday = {**body, "values": {**body["values"], "rainfall_amount": 9.0}}
        rain.append(record("rainy", 4000, now - 25 * 60 * MINUTE, Kind.MINUTE, yesterday))
        keep_station(sink, "doubted", 0, now - MINUTE, 26 * 60, [])
        burst = {**yesterday, "quality": {**body["quality"], "rainfall_amount": 3}}
        rain.append(record("doubted", 5000, (now // MINUTE - 1) * MINUTE, Kind.MINUTE, burst))
        keep_station(sink, "restarted", 0, now - MINUTE, 26 * 60, [])
        began_anew = {**burst, "values": {**body["values"], "rainfall_amount": 0.0}}  # a counter's: nothing in doubt
        rain.append(record("restarted", 5000, (now // MINUTE - 1) * MINUTE, Kind.MINUTE, began_anew))
        sink.commit(Delivery(tuple(rain)))
        sink.close()
        made.add(Role.ADMIN, name="admin")
        yield made


def undated(seq: int, arrived: int) -> Row:
    """Return a minute of a box that does not know the time."""
    known = record("clockless", seq, arrived, Kind.MINUTE, minute(seq, 0)).record
    assert isinstance(known, Record)
    made = msgspec.structs.replace(known, start=None, clock=ClockMark("arrival"))
    return Row("clockless", made, encode(made), arrived)


@pytest.fixture(name="admin")
def an_administrator(shared: Office) -> Iterator[httpx.Client]:
    with entered(shared, "admin") as client:
        yield client


def seen(client: httpx.Client, path: str, lang: str = "en") -> str:
    """Return the text of a page."""
    answer = client.get(path, headers={"accept-language": lang})
    assert answer.status_code == 200
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def test_minutes_without_a_time_are_told_with_their_number(admin: httpx.Client) -> None:
    """On the station's page, the wall, the board and the day on which they arrived; nothing there is called silence."""
    for lang, told in (
        ("en", "27 minutes arrived whose time is not known"),
        ("zh-CN", "收到 27 分钟数据，观测时间不明"),
    ):
        for path in ("/stations/clockless", "/"):
            assert told in seen(admin, path, lang), path
    found = re.findall(r"(\d+) min undated", seen(admin, "/completeness"))
    assert sum(map(int, found)) == 27, "half an hour that midnight may part"
    some = local_day(system_utc() - 15 * MINUTE, 0)  # a day on which some arrived that are not in transit any more
    day = seen(admin, f"/stations/clockless/days/{some}")
    (count,) = re.findall(r"only (\d+) minutes? arrived, whose time is not known", day)
    assert 0 < int(count) <= 27, "not that they are the whole day"
    assert "arrived whose time is not known" in day
    assert "nothing has been heard" not in day and "Nothing was received" not in day


def test_a_station_known_by_its_hello_alone_lacks_what_it_said(admin: httpx.Client) -> None:
    """Not "all known records received (0)": it has said that it has 500; and no table stands there empty."""
    page, sheet = seen(admin, "/stations/announced"), admin.get("/stations/announced/sheet").text
    assert "no minute has arrived yet" in page and "500 records not received" in page
    assert "Newest values" not in page
    assert "No minute of this month is known." in sheet and "<table>" not in sheet and "None." not in sheet


def test_rain_on_the_wall_is_the_days(admin: httpx.Client) -> None:
    """Of a minute it would be nearly always 0: it is what fell since midnight, and says so."""
    now = system_utc()
    midnight = day_us(local_day(now, 28_800), 28_800)
    today = sum((now // MINUTE - n) * MINUTE >= midnight for n in range(1, RAINY + 1))
    for lang, label in (("en", "Rain today"), ("zh-CN", "今日雨量")):
        box = re.search(rf"rainy .*?{label} (≥ )?([\d.–]+)", seen(admin, "/", lang))
        assert box is not None
        assert box[1] is None
        assert box[2] in (f"{0.2 * today:.1f}", "–")
        doubted = re.search(rf"doubted .*?{label} (≥ )?([\d.–]+)", seen(admin, "/", lang))
        assert doubted is not None  # the minute of 9 mm is in no sum: more fell
        assert doubted[1] == "≥ " or now - midnight < MINUTE
        restarted = re.search(rf"restarted .*?{label} (≥ )?([\d.–]+)", seen(admin, "/", lang))
        assert restarted is not None and restarted[1] is None, "no amount is in doubt"
    assert "0.20 mm in this minute" in seen(admin, "/stations/rainy").replace("\N{NARROW NO-BREAK SPACE}", " ")


def test_a_days_figures_of_rain_are_its_sum_alone(admin: httpx.Client) -> None:
    """The lowest and highest minute of a day with rain mean nothing, nor do those of a direction."""
    columns = {
        channel: re.findall(r"<th[^>]*>([^<]+)</th>", admin.get(f"/stations/rainy/curves?channel={channel}").text)[1:-1]
        for channel in ("rainfall_amount", "wind_from_direction", "air_temperature")
    }
    assert list(columns.values()) == [["Sum"], ["Mean"], ["Mean", "Lowest", "Highest"]]


def test_a_day_that_is_to_come_is_not_one_without_data(admin: httpx.Client) -> None:
    """Somebody who has changed the address reads that it has not begun."""
    assert "This day has not begun yet." in seen(admin, "/stations/rainy/days/2199-01-01")


def test_a_wrong_link_leads_to_a_page_and_a_program_is_told_in_json(shared: Office, admin: httpx.Client) -> None:
    """Whoever followed it reads a sentence in the own language, with a way back."""
    wanted = {"accept": "text/html,*/*;q=0.8", "accept-language": "zh-CN"}
    told = admin.get("/nothing/here", headers=wanted)
    assert told.status_code == 404 and "此网址没有网页" in told.text and 'href="/"' in told.text
    for path, headers in (("/nothing/here", {}), ("/api/v1/nothing", wanted)):
        refused = admin.get(path, headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "no_route")


@pytest.mark.slow  # a browser's start
def test_a_long_name_lies_over_no_day_of_the_board(shared: Office) -> None:
    """Its column is narrow: the name takes several lines."""
    with chromium() as browser, browser.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.goto(f"{shared.url}/login?back=/completeness")
        page.fill("input[name=name]", "admin")
        page.fill("input[name=password]", PASSWORD)
        page.click("form.login button")
        name = page.locator("tr", has_text=LONG).locator("th a").bounding_box()
        day = page.locator("tr", has_text=LONG).locator("td").first.bounding_box()
        assert name is not None and day is not None
        assert name["x"] + name["width"] <= day["x"]


def test_curves_of_a_box_without_the_time_do_not_say_that_nothing_was_measured(shared: Office) -> None:
    """What has arrived is counted, as on the station's first page."""
    with entered(shared, "admin") as client:
        page = client.get("/stations/clockless/curves").text
        assert "27 minutes arrived whose time is not known" in page
        assert '<p class="said">Nothing was measured in this time.' not in page


def test_a_database_that_is_away_is_said_without_where_it_is(shared: Office) -> None:
    """Whoever asks learns what to do, and no address, name or words of a library."""
    with entered(shared, "admin") as client:
        shared.engine.query("ALTER TABLE session RENAME TO elsewhere")
        try:
            for lang, said in (("en", "The database is unavailable"), ("zh", "数据库暂时连不上")):
                told = client.get("/", headers={"accept": "text/html", "accept-language": lang})
                assert told.status_code == 503 and said in told.text, told.text
                assert "SQLite" not in told.text and "hub.db" not in told.text and "no such table" not in told.text
        finally:
            shared.engine.query("ALTER TABLE elsewhere RENAME TO session")
