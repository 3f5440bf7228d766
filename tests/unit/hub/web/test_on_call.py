"""The people on call and the visit list on the hub's pages: who is told, who may say so, and what to take where."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import httpx
import pytest

from edge.clock.clock import system_utc
from hub.alarms.alarm import Alarm
from hub.alarms.book import AlarmBook
from hub.alarms.health import ChannelHealth, ChannelState
from hub.alarms.people import Contact, People
from hub.alarms.visits import visits
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.rights import Role
from hub.sink import Delivery
from tests.kits.office import CHANNELS, FOREIGN, MINE, Office, entered, office
from tests.kits.wall_kit import DARK, MINUTE, minute, record

GROUP, VOICE = CHANNELS
FORM = {"name": "张师傅", "channels": [GROUP], "scope": "all", "phone": "13800000000", "place": "2"}


@pytest.fixture(name="office_of_all", scope="module")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE, FOREIGN)
        yield made


@pytest.fixture(name="shared")
def an_office_where_nobody_is_told(office_of_all: Office) -> Office:
    for table in ("alarm_person", "alarm_message", "alarm_attempt", "alarm_note"):
        office_of_all.engine.query(f"DELETE FROM {table}")
    return office_of_all


def told(shared: Office) -> dict[str, Contact]:
    """Return who is told."""
    return {person.name: person for person in People(shared.engine).listed()}


def text(client: httpx.Client, path: str) -> str:
    """Return a page's text."""
    answer = client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_people_on_call_are_kept_changed_and_taken_away_by_forms(shared: Office) -> None:
    """Channels, hours, stations and order are as the forms say; each change is in the audit; no script is needed."""
    with entered(shared, shared.add(Role.ADMIN)) as admin:
        assert admin.post("/on-call", data=FORM).status_code == 303
        first = told(shared)["张师傅"]
        assert (first.place, first.channels, first.stations, first.hours) == (2, [GROUP], None, None)
        night = {"first": "22:00", "last": "06:30", "channels": [GROUP, VOICE], "place": "1", "stations": [MINE]}
        assert admin.post("/on-call/张师傅", data={**night, "duty": "technician", "scope": "some"}).status_code == 303
        person = told(shared)["张师傅"]
        assert (person.place, person.channels, person.stations) == (1, [GROUP, VOICE], [MINE])
        assert (person.hours, person.duty) == (("22:00", "06:30"), "technician")
        assert admin.post("/on-call", data={**FORM, "name": "李四", "place": "2"}).status_code == 303
        page = text(admin, "/on-call")
        assert page.index("1. 张师傅") < page.index("2. 李四")
        assert "22:00–06:30" in page
        assert admin.post("/on-call/张师傅/remove").status_code == 303
        assert list(told(shared)) == ["李四"]
        audit = text(admin, "/audit")
        assert all(
            word in audit for word in ("changed who is notified of alerts", "removed somebody from the on-call list")
        )


@pytest.mark.parametrize(
    ("wrong", "status", "why"),
    [
        ({"channels": []}, 422, "Choose at least one channel"),
        ({"first": "22:00"}, 422, "Give both hours"),
        ({"channels": ["pigeon"]}, 422, 'no channel "pigeon"'),
        ({"name": "李四"}, 409, "is on the list already"),
        ({"phone": "call me"}, 422, ""),
        ({"place": "0"}, 422, ""),
        ({"first": "25:00", "last": "26:00"}, 422, ""),
    ],
)
def test_nobody_is_kept_whom_nothing_would_reach(
    shared: Office, wrong: dict[str, object], status: int, why: str
) -> None:
    """A form that leaves somebody unreached, or that is not understood, says so and changes nothing."""
    with entered(shared, shared.add(Role.ADMIN)) as admin:
        admin.post("/on-call", data={**FORM, "name": "李四"})
        answer = admin.post("/on-call", data={**FORM, **wrong})
        assert answer.status_code == status and why in html.unescape(answer.text)
        assert list(told(shared)) == ["李四"]
    with shared.client(shared.token(Role.ADMIN)) as program:
        assert program.post("/on-call", json={"name": "x", "channels": ["pigeon"]}).status_code == 422


def test_who_manages_one_station_neither_sees_nor_touches_those_told_of_others(shared: Office) -> None:
    """A phone number of another township's people is not shown; they are neither changed, tried nor taken away."""
    for name, stations in (("甲", [MINE]), ("乙", [FOREIGN]), ("丙", None)):
        People(shared.engine).keep(Contact(name, 1, [GROUP], phone="13900000000", stations=stations))
    with (
        entered(shared, shared.add(Role.ADMIN, MINE)) as admin,
        shared.client(shared.token(Role.ADMIN, MINE)) as program,
    ):
        page = text(admin, "/on-call")
        assert "1. 甲" in page and "乙" not in page and "丙" not in page
        assert [one["name"] for one in program.get("/on-call").json()] == ["甲"]
        for name in ("乙", "丙"):
            for path in ("", "/remove", "/test"):
                answer = admin.post(f"/on-call/{name}{path}", data={"channels": GROUP} if path == "" else {})
                assert answer.status_code == 404, path
            assert program.post("/on-call/remove", json={"name": name}).status_code == 404
            mine = {"name": name, "channels": [GROUP], "stations": [MINE]}
            assert program.post("/on-call", json=mine).status_code == 403
        assert admin.post("/on-call", data={**FORM, "name": "丁"}).status_code == 403
        assert [one["name"] for one in program.post("/on-call/test", json={}).json()] == ["甲"]
    assert {one.name: one.stations for one in told(shared).values()} == {"甲": [MINE], "乙": [FOREIGN], "丙": None}
    assert {one.phone for one in told(shared).values()} == {"13900000000"}


def test_a_test_message_is_put_out_and_its_fate_is_shown(shared: Office) -> None:
    """One message a channel waits in the database for the hub to send; the page says so, and is looked at anew."""
    People(shared.engine).keep(Contact("张师傅", 1, [GROUP, VOICE]))
    with entered(shared, shared.add(Role.ADMIN)) as admin:
        assert admin.post("/on-call/张师傅/test").headers["location"] == "/on-call/sent"
        page = text(admin, "/on-call/sent")
        assert page.count("waits for its turn") == 2 and 'http-equiv="refresh"' in page
        shared.engine.query("UPDATE alarm_message SET state = 'delivered', tries = 1")
        shared.engine.query(
            "INSERT INTO alarm_attempt (message, number, channel, tried, fate, answer, why) "
            "SELECT id, 1, channel, made, 'refused', 'errcode 93000', NULL FROM alarm_message"
        )
        page = text(admin, "/on-call/sent")
        assert page.count("errcode 93000") == 2 and 'http-equiv="refresh"' not in page


def test_a_channel_that_fails_is_red_on_the_page(shared: Office) -> None:
    """Since when it takes nothing, and when each last took a message, stands there before somebody needs it."""
    now = system_utc()
    health = ChannelHealth(shared.engine)
    health._keep(ChannelState(GROUP, ok_us=now - 60 * MINUTE, fails=3, failing_us=now - 30 * MINUTE))
    with entered(shared, shared.add(Role.ADMIN)) as admin:
        page = text(admin, "/on-call")
    assert re.search(rf'class="said wrong">Channel {GROUP} has failed since \d{{4}}-', page)
    assert f"{VOICE}: has not accepted a message yet" in page


def test_the_visit_list_merges_causes_and_says_what_to_take(shared: Office) -> None:
    """One card a station, each thing named once, the trip's things counted; another's station is not on it."""
    now = system_utc()
    body = minute(1, 0)
    body["quality"] = {name: 9 if name.startswith("wind") else 1 for name in body["quality"]}
    rows = [record(MINE, 900 + n, now - (9 - n) * MINUTE, "minute", body) for n in range(9)]
    sink = DatabaseSink(opened(shared.database))
    sink.commit(Delivery(tuple(rows)))
    sink.close()
    alarms = [
        Alarm("b" * 16, MINE, "battery", now - MINUTE, now, now, True, step=1),
        Alarm("c" * 16, FOREIGN, "silent", now - MINUTE, now, now, True, step=1),
    ]
    AlarmBook(shared.engine).keep(alarms)
    with entered(shared, shared.add(Role.TECHNICIAN, MINE)) as technician:
        page = text(technician, "/visits")
        assert FOREIGN not in page and page.count('class="card"') == 1
        assert "the battery is low" in page and "a sensor is silent" in page
        assert "spare battery × 1" in page and "spare SIM" not in page
    with entered(shared, shared.add(Role.OPERATOR)) as operator:
        page = text(operator, "/visits")
        assert page.count('class="card"') == 2 and "spare battery × 2" in page


def test_a_camera_that_takes_few_pictures_is_on_the_visit_list_beside_those_that_take_many(shared: Office) -> None:
    """Of nine cameras, one takes a picture a day and eight take one an hour; all pictures of the first are dark."""
    now, cameras = system_utc(), [f"mast-{n}" for n in range(8)]
    taken = [
        *((60 * ago, camera) for ago in range(1, 140) for camera in cameras),
        *((1440 * n, "gate") for n in (1, 2, 3)),
    ]
    bodies = ({"camera": camera, "reasons": [DARK] * (camera == "gate")} for _, camera in taken)
    times = (now - ago * MINUTE for ago, _ in taken)
    rows = [record(MINE, 5000 + n, time, "picture", body) for n, (time, body) in enumerate(zip(times, bodies))]
    named = {"sensors": [], "cameras": [{"name": name} for name in (*cameras, "gate")]}
    rows.append(record(MINE, 9000, now, "setup", named))
    sink = DatabaseSink(opened(shared.database))
    sink.commit(Delivery(tuple(rows)))
    sink.close()
    [visit] = [one for one in visits(shared.engine, frozenset({MINE}), now) if one.cause == "camera"]
    assert (visit.what, visit.why) == (["gate"], [[DARK]])
