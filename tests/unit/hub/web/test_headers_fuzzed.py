"""Whatever stands in the headers of a request to a hub is no error of the server, and gives nobody a right."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.rights import Role
from hub.web.logins import Logins
from hub.web.pages.routes import routes
from tests.kits.office import MINE, Office, office
from tests.kits.raw_http import HOSTILE, answer, complaints

GAPS = {"station": MINE, "camera": "mast", "day": "2026-01-01", "id": "0" * 16, "name": "admin", "sha256": "0" * 64}
PAGES = [(route.method, route.path.format(**GAPS)) for route in routes(Logins(), lambda: None)]
API = [
    ("GET", f"/api/v1{path}")
    for path in ("/health", "/stations", f"/stations/{MINE}/now", "/openapi.json", f"/pictures/{'0' * 64}/tile", "/me")
]
POSTS = [("POST", f"/api/v1/{path}") for path in ("login", f"stations/{MINE}/commands", "tokens", "users")]
OTHERS = [
    ("GET", "/a/" + "0" * 32),
    ("POST", "/a/" + "0" * 32),
    ("GET", "/static/x/style.css"),
    ("PUT", "/"),
    ("GET", "/people/"),
]
BODIES = st.sampled_from((b"", b"name=x&password=y", b'{"name": "hello"}', b"a=1&" * 30_000, b"\xff\0")) | st.binary(
    max_size=50
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE)
        made.add(Role.ADMIN, name="admin")
        yield made


def kept(shared: Office) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that is in the hub's database."""
    return {name: sorted(shared.engine.query(f"SELECT * FROM {name}"), key=repr) for name in shared.engine.tables()}


@pytest.mark.slow  # some hundred requests
def test_no_header_is_an_error_of_the_server_or_gives_a_right(shared: Office) -> None:
    """Host, Cookie, Origin, Range, lengths, forwarded addresses of any bytes: no 500, nothing handed back or changed.

    That holds for whoever is not logged in, and for an administrator's browser that another site's page has ask.
    """
    session = shared.browser("admin").cookies["minshan_session"].encode()
    crossing = [("cookie", b"minshan_lang=zh"), ("cookie", b"minshan_session=" + session)]
    before = kept(shared)

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from([*PAGES, *API, *POSTS, *OTHERS]), HOSTILE, BODIES, st.booleans())
    def ask(asked: tuple[str, str], headers: list[tuple[str, bytes]], body: bytes, logged_in: bool) -> None:
        method, path = asked
        sent = [*headers, *(crossing if logged_in and method == "POST" else ())]
        found = answer(shared.server.port, method, path, sent, body if method == "POST" else b"")
        assert complaints(found) == [], (asked, sent, found.whole[:500])

    ask()
    assert kept(shared) == before
    assert answer(shared.server.port, "GET", "/login", []).status == 200


@pytest.mark.parametrize("path", ["/login", "/people", f"/stations/{MINE}/commands", "/a/" + "0" * 32, "/api/v1/login"])
def test_a_body_that_is_too_long_or_cut_off_is_refused(shared: Office, path: str) -> None:
    """A form of megabytes is answered with 413, a page's too; who goes in the middle of one does no harm."""
    found = answer(shared.server.port, "POST", path, [], b"a=" + b"x" * 70_000)
    assert found.status == 413
    with socket.create_connection(("127.0.0.1", shared.server.port)) as link:
        head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{shared.server.port}\r\ncontent-length: 500\r\n\r\nname=x"
        link.sendall(head.encode())
    assert answer(shared.server.port, "GET", "/login", []).status == 200


def test_another_site_changes_nothing_whatever_a_browser_adds(shared: Office) -> None:
    """A browser that is logged in is refused a change without Origin: its cookie may stand in a second header, and
    beside the password that it gives a proxy."""
    session = shared.browser("admin").cookies["minshan_session"].encode()
    cookies = [("cookie", b"minshan_lang=zh"), ("cookie", b"minshan_session=" + session)]
    for sent in (cookies, cookies[::-1], [*cookies, ("authorization", b"Basic eDp5")]):
        assert answer(shared.server.port, "POST", "/logout", sent).status == 403
