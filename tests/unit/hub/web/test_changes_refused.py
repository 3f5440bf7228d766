"""Nothing changes for whoever may not change it: no right, another site's page, somebody else's session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.rights import MAY, Right, Role
from hub.web.guard import COOKIE
from hub.web.logins import Logins
from hub.web.pages.routes import routes as of_pages
from hub.web.routes import routes as of_api
from hub.web.table import Route
from tests.kits.office import CHANNELS, MINE, PASSWORD, Office, browser, entered, office

TABLE = (*of_api(Path("/nowhere"), Logins(), lambda: None), *of_pages(Logins(), lambda: None))
POSTS = [route for route in TABLE if route.method == "POST"]
KEPT = ("account", "alarm", "alarm_person", "alarm_message", "command", "session", "audit")
SENSIBLE: dict[str, object] = {
    "name": "evil",
    "role": "admin",
    "password": PASSWORD,
    "scope": "all",
    "channels": [CHANNELS[0]],
    "from": "2026-01-01",
    "format": "csv",
    "crop": "apple",
    "stage": "full-bloom",
    "again": "true",
    "place": "1",
}
WORDS = st.sampled_from(("admin", "grower", "all", MINE, *CHANNELS, "hello", "0" * 16, PASSWORD)) | st.text(max_size=9)


@pytest.fixture(name="shared", scope="module")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE)
        for role in Role:
            made.add(role, name=f"the-{role.value}")
        yield made


def state(shared: Office) -> dict[str, list[tuple[object, ...]]]:
    """Return all that a form could change."""
    return {table: sorted(shared.engine.query(f"SELECT * FROM {table}"), key=repr) for table in KEPT}


def path_of(route: Route, name: str = "the-admin") -> str:
    """Return an address of a route."""
    return route.path.format(station=MINE, name=name, id="0" * 16)


def sent(client: httpx.Client, route: Route, said: dict[str, object], headers: dict[str, str]) -> httpx.Response:
    """Send what a route takes, as a program or a form does."""
    mine = {key: text for key, text in said.items() if key in route.arguments.__struct_encode_fields__}
    if route.path.startswith("/api/"):
        return client.post(path_of(route), json=mine, headers=headers)
    return client.post(path_of(route), data=mine, headers=headers)


def test_no_page_of_another_site_makes_a_browser_change_anything(shared: Office) -> None:
    """Each form and each route of the API, asked by an administrator's browser from elsewhere or from nowhere."""
    with entered(shared, "the-admin") as admin:
        del admin.headers["origin"]
        before = state(shared)
        for route in POSTS:
            for origin in ("https://evil.example", "null", f"{shared.url}.evil.example", None):
                told = sent(admin, route, SENSIBLE, {} if origin is None else {"origin": origin})
                assert told.status_code == 403, (route.path, origin, told.status_code)
        assert state(shared) == before
        assert admin.get("/people").status_code == 200, "the session goes on"


@pytest.mark.slow  # some dozen requests a route
@pytest.mark.parametrize("route", [one for one in POSTS if one.right], ids=lambda one: f"{one.path}")
def test_whatever_is_sent_without_the_right_changes_nothing(shared: Office, route: Route) -> None:
    """Nobody, and each role that lacks the right, sends sensible and senseless things: refused, nothing changed."""
    lack = [role for role in Role if route.right not in MAY[role]]
    clients = [browser(shared), *(browser(shared, shared.token(role)) for role in lack)]
    before = state(shared)
    fields = st.sampled_from(route.arguments.__struct_encode_fields__)

    @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.dictionaries(fields, WORDS, max_size=6), st.sampled_from(clients))
    def ask(said: dict[str, object], client: httpx.Client) -> None:
        told = sent(client, route, {**SENSIBLE, **said}, {})
        assert told.status_code in (303, 401, 403), told.status_code
        assert told.status_code != 303 or told.headers["location"].startswith("/login")

    ask()
    assert state(shared) == before
    for client in clients:
        client.close()


def test_a_session_that_somebody_else_has_set_opens_nothing(shared: Office) -> None:
    """Who plants a cookie in another's browser, or keeps one from before, is not in when that person logs in."""
    planted = "0" * 43
    with browser(shared) as client:
        client.cookies.set(COOKIE, planted)
        assert client.get("/").headers["location"].startswith("/login")
        client.cookies.clear()
        form = {"name": "the-grower", "password": PASSWORD}
        told = client.post("/login", data=form, headers={"cookie": f"{COOKIE}={planted}"})
        first = client.cookies[COOKIE]
        assert told.status_code == 303 and first != planted
        client.post("/login", data=form)
        assert client.cookies[COOKIE] != first
    for secret, status in ((planted, 303), (first, 200)):
        with browser(shared) as thief:
            assert thief.get("/", headers={"cookie": f"{COOKIE}={secret}"}).status_code == status


def test_a_cookie_that_was_taken_opens_nothing_after_the_button_to_log_out(shared: Office) -> None:
    """Logging out on the page ends the session at the hub, not in the browser alone."""
    with entered(shared, "the-operator") as client:
        secret = client.cookies[COOKIE]
        told = client.post("/logout")
        assert told.headers["location"] == "/login" and COOKIE not in client.cookies
    with browser(shared) as thief:
        told = thief.get("/alerts", headers={"cookie": f"{COOKIE}={secret}"})
        assert told.headers["location"].startswith("/login")
    assert Right.MANAGE not in MAY[Role.OPERATOR]
