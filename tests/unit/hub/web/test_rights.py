"""Who may ask for what: every route, every role, a station of one's own and another's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, product
from pathlib import Path

import httpx
import pytest

from hub.rights import MAY, Right, Role
from hub.web.logins import Logins
from hub.web.routes import routes
from hub.web.table import Route
from tests.kits.office import FOREIGN, MINE, PASSWORD, Office, office

TABLE = routes(Path("/nowhere"), Logins(), lambda: None)
QUERY = {"from": "2026-11-24T00:00:00Z", "channel": "air_temperature", "month": "2026-01"}
DATES = {
    "/completeness": {"from": "2026-11-24"},
    "/export": {"from": "2026-01-01", "to": "2026-01-02", "format": "csv"},
}
BODIES: dict[str, dict[str, object]] = {
    "/login": {"name": "nobody", "password": "x"},
    "/commands": {"name": "hello"},
    "/export-links": {"from": "2026-01-01", "to": "2026-01-02", "format": "csv"},
    "/users": {"role": "grower", "password": PASSWORD, "stations": [MINE]},
    "/tokens": {"role": "grower", "stations": [MINE]},
    "/role": {"role": "grower", "stations": [MINE]},
    "/on-call": {"name": "zhang", "channels": ["group"], "stations": [MINE]},
    "/on-call/remove": {"name": "nobody"},
    "/password": {"password": PASSWORD},
}
NAMES = count()  # of accounts that are made
UNKNOWN = "0" * 64


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE, FOREIGN)
        yield made


def ask(client: httpx.Client, route: Route, station: str) -> httpx.Response:
    """Ask one route for what it wants to know."""
    path = route.path.format(station=station, sha256=UNKNOWN, id=UNKNOWN[:16], name="nobody")
    address = client.base_url.copy_with(path=path)
    if route.method == "POST":
        body = next((body for end, body in BODIES.items() if path.endswith(end)), None)
        if path.endswith(("/users", "/tokens")):
            body = {**(body or {}), "name": f"somebody-{next(NAMES)}"}
        return client.post(address, json=body)
    wants = route.arguments.__struct_encode_fields__
    told = next((query for end, query in DATES.items() if path.endswith(end)), QUERY)
    return client.get(address, params={name: text for name, text in told.items() if name in wants})


@pytest.mark.parametrize("route", TABLE, ids=lambda route: str(route.name))
def test_every_route_serves_a_role_as_its_right_says_and_hides_other_stations(shared: Office, route: Route) -> None:
    """Without a login: 401. Without the right: 403. Another's station: as one that is not there. Else never refused."""
    with shared.client() as nobody:
        assert (ask(nobody, route, MINE).status_code == 401) == (route.right is not None or "login" in route.path)
    for role, station in product(Role, (MINE, FOREIGN)):
        with shared.client(shared.token(role, MINE)) as client:
            status = ask(client, route, station).status_code
        if route.right is not None and route.right not in MAY[role]:
            assert status == 403, (role, station)
        elif station == FOREIGN and "{station}" in route.path:
            assert status == 404, (role, station)
        elif any(gap in route.path for gap in ("{sha256}", "{id}", "{name}", "/remove")):
            assert status == 404, "nothing of this name is here"
        else:
            assert status == (401 if route.path.endswith("/login") else 200), (role, station)


def test_a_list_of_stations_names_ones_own_alone(shared: Office) -> None:
    """Whoever may see one station does not learn that there is another."""
    with shared.client(shared.token(Role.GROWER, MINE)) as client:
        assert [found["station"] for found in client.get("/stations").json()] == [MINE]
    with shared.client(shared.token(Role.GROWER)) as client:
        assert [found["station"] for found in client.get("/stations").json()] == [MINE, FOREIGN]


def test_a_session_ends_with_the_account_and_with_another_password(shared: Office) -> None:
    """Who is disabled, or has another password, is out at once, in every browser."""
    name = shared.add(Role.OPERATOR)
    first, second = shared.browser(name), shared.browser(name)
    assert first.get("/me").json()["name"] == name
    shared.accounts.change_password(name, "x")
    assert {first.get("/me").status_code, second.get("/me").status_code} == {401}
    name = shared.add(Role.OPERATOR)
    browser = shared.browser(name)
    shared.accounts.end("user", name, 1)
    assert browser.get("/me").status_code == 401
    assert browser.post("/login", json={"name": name, "password": PASSWORD}).status_code == 401


def test_logging_out_ends_this_session_alone(shared: Office) -> None:
    """The cookie that was taken away opens nothing, and the other browser stays logged in."""
    name = shared.add(Role.GROWER)
    one, other = shared.browser(name), shared.browser(name)
    cookie = one.cookies["minshan_session"]
    one.post("/logout").raise_for_status()
    assert one.get("/me").status_code == 401
    with shared.client(headers={"cookie": f"minshan_session={cookie}"}) as thief:
        assert thief.get("/me").status_code == 401
    assert other.get("/me").status_code == 200


def test_only_an_administrator_reads_who_did_what(shared: Office) -> None:
    """The audit has the login with its address, and nobody else may read it."""
    name = shared.add(Role.GROWER, MINE)
    shared.browser(name)
    with shared.client(shared.token(Role.ADMIN)) as admin:
        assert ("login", "127.0.0.1") in {
            (line["action"], line["detail"]) for line in admin.get("/audit").json() if line["name"] == name
        }
    assert Right.MANAGE not in MAY[Role.OPERATOR]
