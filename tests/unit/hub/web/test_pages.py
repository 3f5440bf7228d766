"""The hub's pages without a browser: who may see which, what a form does, and what never comes out."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from itertools import product
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import openpyxl
import pytest

from hub.rights import MAY, Role
from hub.web.logins import MOST_BY_NAME, Logins
from hub.web.pages.login import inside
from hub.web.pages.routes import routes
from hub.web.table import Route
from tests.kits.office import FOREIGN, MINE, PASSWORD, Office, browser, entered, office

TABLE = routes(Logins(), lambda: None)
GAPS = {"id": "0" * 16, "name": "nobody", "camera": "mast", "day": "2026-01-01"}
FORMS = {
    "/login": {"name": "nobody", "password": "x"},
    "/commands": {"name": "hello"},
    "/people": {"role": "grower", "password": PASSWORD, "scope": "some", "stations": MINE},
    "/tokens": {"role": "grower", "scope": "some", "stations": MINE},
    "/role": {"role": "grower", "stations": MINE},
    "/password": {"password": PASSWORD},
    "/on-call": {"channels": "group", "stations": MINE},
    "/on-call/nobody": {"channels": "group", "stations": MINE},
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE, FOREIGN)
        yield made


def ask(client: httpx.Client, route: Route, station: str, name: str) -> httpx.Response:
    """Ask for one page, or fill its form."""
    path = route.path.format(station=station, **GAPS)
    if route.method == "GET":
        return client.get(path)
    form = next((form for end, form in FORMS.items() if path.endswith(end)), {})
    return client.post(path, data={**form, "name": name} if path in ("/people", "/tokens", "/on-call") else form)


@pytest.mark.parametrize(
    ("asked", "reached"),
    [
        (f"/stations/{MINE}/curves?channel=air_temperature&first=2026-04-01", None),
        (f"/stations/{MINE}/curves?channel=%E6%B0%94%E6%B8%A9", None),
        ("/alerts?" + "x" * 400, "/alerts"),
    ],
)
def test_behind_the_login_is_what_was_asked_for(shared: Office, asked: str, reached: str | None) -> None:
    """The address of a message or of a bookmark with its question."""
    name = shared.add(Role.GROWER, MINE)
    with browser(shared) as nobody:
        there = nobody.get(f"{shared.url}{asked}").headers["location"]
        back = parse_qs(urlsplit(there).query)["back"][0]
        entered = nobody.post("/login", data={"name": name, "password": PASSWORD, "back": back})
    assert entered.headers["location"] == (reached or asked)


@pytest.mark.parametrize("route", TABLE, ids=lambda route: f"{route.method} {route.path}")
def test_every_page_is_served_as_its_right_says_and_hides_other_stations(shared: Office, route: Route) -> None:
    """Without a login one is led to it; without the right, or to another's station, one is told no on a page."""
    with browser(shared) as nobody:
        told = ask(nobody, route, MINE, "x")
        assert told.status_code == (303 if route.right or route.path == "/logout" else told.status_code)
        assert route.right is None or told.headers["location"].startswith("/login?back=")
    for number, (role, station) in enumerate(product(Role, (MINE, FOREIGN))):
        with browser(shared, shared.token(role, MINE)) as client:
            told = ask(client, route, station, f"new-{len(shared.accounts.listed('user'))}-{number}")
        if route.right is not None and route.right not in MAY[role]:
            assert told.status_code == 403, (role, station)
        elif station == FOREIGN and "{station}" in route.path:
            assert told.status_code == 404, (role, station)
        elif "{id}" in route.path or "{name}" in route.path:
            assert told.status_code == 404
        elif route.path != "/login":
            assert told.status_code in (200, 303), (role, station, told.text[-600:])
        if told.headers.get("content-type", "").startswith("text/html"):
            assert "script-src 'self'" in told.headers["content-security-policy"]
            assert "style=" not in told.text and "onclick" not in told.text


def test_every_page_is_there_in_the_other_language_and_theme(shared: Office) -> None:
    """The links in its head lead to the same page: what an address says of the look is no argument of a page."""
    seen = set()
    with entered(shared, shared.add(Role.ADMIN)) as client:
        for path in [route.path for route in TABLE if route.method == "GET" and not route.path.endswith(".xlsx")]:
            page = client.get(path.format(station=MINE, **GAPS))
            links = re.findall(r'href="(\?[^"]*(?:lang|theme)=[^"]*)"', page.text)
            assert len(links) == 3
            for link in links if page.status_code == 200 else ():
                there = client.get(urljoin(str(page.url), html.unescape(link)))
                seen.add(path)
                assert there.status_code == 200, f"{path} {link}"
                asked = link.partition("theme=")[2] or "auto"
                assert '<html lang="zh-CN"' in there.text or "lang=zh" not in link
                assert f'data-theme="{asked}"' in there.text
                client.cookies.delete("minshan_lang" if "lang=zh" in link else "minshan_theme")
    assert {"/login", "/", "/stations/{station}", "/completeness", "/alerts", "/visits", "/people"} <= seen


def test_a_grower_sees_on_the_wall_and_the_board_ones_own_station_alone(shared: Office) -> None:
    """No page that lists stations names another's."""
    with entered(shared, shared.add(Role.GROWER, MINE)) as grower:
        for page in ("/", "/completeness", "/alerts"):
            text = grower.get(page).text
            assert FOREIGN not in text
        assert MINE in grower.get("/").text


def test_how_far_other_platforms_are_is_told_to_whoever_sees_all_of_their_stations(shared: Office) -> None:
    """The board names each destination with what waits; a grower of one station hears nothing of the others'."""
    with entered(shared, shared.add(Role.OPERATOR)) as operator:
        text = operator.get("/completeness").text
        assert "county (http-json): has nothing yet; 6 records wait" in text
        assert '<li class="trouble">village (http-json): has nothing yet; 3 records wait' in text
    with entered(shared, shared.add(Role.GROWER, MINE)) as grower:
        text = grower.get("/completeness").text
        assert "village" in text and "county" not in text


def test_ten_wrong_passwords_are_answered_with_the_wait(shared: Office) -> None:
    """The form says that name or password is wrong, and after ten how long to wait; it repeats no password."""
    name = shared.add(Role.GROWER)
    with browser(shared) as client:
        for _ in range(MOST_BY_NAME):
            told = client.post("/login", data={"name": name, "password": "not this one"})
            assert told.status_code == 401
            assert "Wrong name or password" in told.text and "not this one" not in told.text
        told = client.post("/login", data={"name": name, "password": PASSWORD})
        assert told.status_code == 429
        seconds = re.search(r"Too many wrong passwords: wait (\d+) s", told.text)
        assert seconds is not None and 0 < int(seconds[1]) <= 900


def test_another_name_reaches_no_page_and_another_site_fills_no_form(shared: Office) -> None:
    """A page elsewhere that points a name of its own here, or sends a form from there, gets and changes nothing."""
    with browser(shared) as client:
        for path in ("/", "/login", "/metrics", "/static/x/style.css"):
            assert client.get(path, headers={"host": "evil.example"}).status_code == 421
    with entered(shared, shared.add(Role.ADMIN)) as admin:
        form = {"name": "evil", "password": PASSWORD, "role": "admin", "scope": "all"}
        for origin in ("https://evil.example", "null"):
            assert admin.post("/people", data=form, headers={"origin": origin}).status_code == 403
    assert "evil" not in {one.name for one in shared.accounts.listed("user")}


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example/", "/\\evil.example", "", "/\x01", "x"])
def test_a_login_leads_nowhere_else(address: str) -> None:
    """A link to the login that names another site leads to the wall."""
    assert inside(address) == "/"


def test_people_are_managed_by_forms(shared: Office) -> None:
    """Somebody is added, given a role and a password, and ended, without a script; each is in the audit."""
    with entered(shared, shared.add(Role.ADMIN)) as admin:
        form = {"name": "王技术员", "password": PASSWORD, "role": "technician", "scope": "some"}
        assert admin.post("/people", data={**form, "stations": [MINE, FOREIGN]}).status_code == 303
        found = next(one for one in shared.accounts.listed("user") if one.name == "王技术员")
        assert (found.role, found.stations) == (Role.TECHNICIAN, frozenset({MINE, FOREIGN}))
        again = admin.post("/people", data=form)
        assert again.status_code == 409 and "exists already" in again.text
        path = "/people/王技术员"
        assert admin.post(f"{path}/role", data={"role": "grower", "scope": "all"}).status_code == 303
        assert admin.post(f"{path}/password", data={"password": "another long password"}).status_code == 303
        with browser(shared) as other:
            assert other.post("/login", data={"name": "王技术员", "password": PASSWORD}).status_code == 401
            said = {"name": "王技术员", "password": "another long password"}
            assert other.post("/login", data=said).status_code == 303
            assert admin.post(f"{path}/end", data={}).status_code == 303
            assert other.get("/").status_code == 303
        assert admin.post(f"{path}/end", data={"again": "true"}).status_code == 303
        text = admin.get("/audit").text
        assert all(
            word in text
            for word in (
                "added a person",
                "changed a role",
                "set a password",
                "disabled an account",
                "enabled an account again",
            )
        )
        assert PASSWORD not in text and "another long password" not in text


def test_a_token_is_shown_once_and_opens_until_it_is_ended(shared: Office) -> None:
    """Its secret stands on the page that made it, and on no other; ended, it opens nothing."""
    with entered(shared, shared.add(Role.ADMIN)) as admin:
        text = admin.post("/tokens", data={"name": "county", "role": "operator", "scope": "all"}).text
        secret = re.search(r"<code>([^<]+)</code>", text)
        assert secret is not None and secret[1] not in admin.get("/people").text
        with shared.client(secret[1]) as program:
            assert program.get("/stations").status_code == 200
            assert admin.post("/tokens/county/end", data={}).status_code == 303
            assert program.get("/stations").status_code == 401


def test_the_last_administrator_and_those_of_other_stations_are_out_of_reach(shared: Office) -> None:
    """Nobody locks the office out of itself, and who manages one station alone gives no more than that away."""
    everything = [one.name for one in shared.accounts.listed("user") if one.role is Role.ADMIN and not one.stations]
    last = shared.add(Role.ADMIN)
    for name in everything:
        shared.accounts.end("user", name, 1)
    with entered(shared, last) as admin:
        for path, form in (("end", {}), ("role", {"role": "grower", "scope": "all"}), ("role", {"role": "admin"})):
            told = admin.post(f"/people/{last}/{path}", data=form)
            assert told.status_code == 409 and "last administrator" in told.text
        assert admin.get("/people").status_code == 200
    with entered(shared, shared.add(Role.ADMIN, MINE)) as some:
        assert f"/people/{last}/" not in some.get("/people").text
        assert some.post(f"/people/{last}/end", data={}).status_code == 404
        form = {"name": "too-much", "password": PASSWORD, "role": "admin", "scope": "all"}
        assert some.post("/people", data=form).status_code == 403


def test_the_monthly_sheet_is_kept_as_a_spreadsheet(shared: Office) -> None:
    """The file holds the figures of the page, rates as numbers."""
    with browser(shared, shared.token(Role.OPERATOR, MINE)) as client:
        told = client.get(f"/stations/{MINE}/sheet.xlsx", params={"month": "2026-01"})
        page = client.get(f"/stations/{MINE}/sheet", params={"month": "2026-01"}).text
        figures = client.get(f"/api/v1/stations/{MINE}/sheet", params={"month": "2026-01"}).json()
    assert f'filename="{MINE}-2026-01.xlsx"' in told.headers["content-disposition"]
    book = openpyxl.load_workbook(io.BytesIO(told.content))
    whole = {str(row[0].value): row[1].value for row in book.worksheets[0].iter_rows(min_row=2)}
    assert whole["Minutes received"] == figures["received"] == 3
    assert f"{whole['Arrival rate']:.2%}".replace("%", " %") in page
    assert f"3 of {figures['expected']} minutes" in page
    assert set(re.findall(r"month=(20[0-9-]+)", page)) == {"2025-12", "2026-01", "2026-02"}, "the months around it"


def test_a_command_is_asked_for_with_its_price_before(shared: Office) -> None:
    """The button says what it costs; pressed, the page says what becomes of it."""
    with entered(shared, shared.add(Role.TECHNICIAN, MINE)) as technician:
        assert "less than 0.01 MB" in technician.get(f"/stations/{MINE}/commands").text
        told = technician.post(f"/stations/{MINE}/commands", data={"name": "hello"})
        assert told.status_code == 303
        assert "It waits for the broker." in technician.get(told.headers["location"]).text


def test_what_a_page_refuses_begins_as_a_sentence(shared: Office) -> None:
    """It stands alone there, and is no part of another sentence."""
    with entered(shared, shared.add(Role.GROWER, MINE)) as client:
        told = {path: client.get(path, headers={"accept": "text/html"}).text for path in ("/nowhere", "/audit")}
    assert ">There is no page at this address<" in told["/nowhere"] and ">Your role does not" in told["/audit"]


@pytest.mark.parametrize("body", [b"name", b"name=%zz", b"\xff=1", b"name=a&name=b", b"=", b"a=1&" * 3000, b"name=%00"])
def test_a_form_that_is_none_is_refused_on_a_page(shared: Office, body: bytes) -> None:
    """Broken, double and endless fields cost an answer of 4xx, and nothing else."""
    with browser(shared) as client:
        told = client.post("/login", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
        assert 400 <= told.status_code < 500
        assert client.get("/login").status_code == 200


def test_prometheus_is_told_of_the_stations_that_whoever_asks_may_see(shared: Office) -> None:
    """Each figure has its type, its station as a label, and a number; nobody who has not logged in is told any."""
    with browser(shared) as nobody:
        assert nobody.get("/metrics").status_code == 401
    with entered(shared, shared.add(Role.GROWER, MINE)) as person:
        seen = person.get("/metrics")
    assert seen.headers["content-type"].startswith("text/plain; version=0.0.4")
    with browser(shared, shared.token(Role.GROWER, MINE)) as program:
        text = program.get("/metrics").text
    assert FOREIGN not in text and FOREIGN not in seen.text and f'{{station="{MINE}"}}' in seen.text
    figures = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(figures["minshan_stations"]) == 1
    assert float(figures[f'minshan_station_records{{station="{MINE}"}}']) == 3
    assert float(figures[f'minshan_station_newest_timestamp_seconds{{station="{MINE}"}}']) == 1_767_225_720
    assert float(figures["minshan_hub_set_aside_messages"]) == 0
    families = re.split(r"^(?=# HELP )", text, flags=re.MULTILINE)[1:]
    names = [family.split()[2] for family in families]
    assert len(set(names)) == len(names) == text.count("# TYPE ") == text.count("# HELP ")
    for name, family in zip(names, families):
        described, kind, *values = family.splitlines()
        assert re.fullmatch(rf"# HELP {name} \S.*", described) and kind == f"# TYPE {name} gauge", family
        assert re.fullmatch(r"minshan_[a-z]+(_[a-z]+)*", name) and not name.endswith(("_total", "_count", "_sum"))
        assert not re.search(r"_(ms|us|minutes|hours|days|kb|mb|percent|gauge)(_|$)", name), "base units alone"
        assert values and len(set(values)) == len(values)
        assert all(re.fullmatch(rf'{name}(\{{station="[^"]*"\}})? [-+.e\d]+', line) for line in values), family
