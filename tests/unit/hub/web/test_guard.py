"""What the hub's server refuses whoever asks, and what it does not let a browser do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from edge.page.address import PortError, listening
from hub.config import HttpSection
from hub.passwords import hasher
from hub.rights import Role
from hub.web import logins
from hub.web.logins import MOST_BY_ADDRESS, MOST_BY_NAME, REMEMBERED, WINDOW_US, Logins
from tests.kits.office import MINE, PASSWORD, Office, office


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as made:
        made.keep_minutes(MINE)
        yield made


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "localhost@evil.example"])
def test_another_name_in_the_host_header_reaches_nothing(shared: Office, host: str) -> None:
    """A page elsewhere that points a name of its own at this machine gets no answer, whoever is logged in."""
    with shared.client(shared.token(Role.ADMIN), {"host": host}) as client:
        assert client.get("/stations").status_code in (400, 421)
    with shared.client(shared.token(Role.ADMIN), {"host": f"localhost:{shared.server.port}"}) as client:
        assert client.get("/stations").status_code == 200


def test_another_sites_page_changes_nothing(shared: Office) -> None:
    """A browser that is logged in, asked by a page from elsewhere (or by none that it names), is refused."""
    browser = shared.browser(shared.add(Role.TECHNICIAN))
    for origin in ("https://evil.example", "null", f"{shared.url}.evil.example", shared.url.replace("http", "https")):
        told = browser.post(f"/stations/{MINE}/commands", headers={"origin": origin}, json={"name": "hello"})
        assert (told.status_code, told.json()["error"]["code"]) == (403, "other_site"), origin
    del browser.headers["origin"]
    assert browser.post(f"/stations/{MINE}/commands", json={"name": "hello"}).status_code == 403
    told = browser.post(f"/stations/{MINE}/commands", headers={"origin": shared.url}, json={"name": "hello"})
    assert told.status_code == 200


def test_answers_and_cookies_give_a_browser_no_freedom(shared: Office) -> None:
    """No script, no frame, no guessing of types; the cookie is none of a script's, and goes to this site alone."""
    with shared.client() as client:
        told = client.post("/login", json={"name": shared.add(Role.GROWER), "password": PASSWORD})
    assert told.headers["content-security-policy"].startswith("default-src 'none'")
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.headers["cache-control"] == "no-store"
    cookie = told.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "secure" not in cookie
    assert "server" not in told.headers


def test_a_hub_behind_its_public_address_is_that_address_to_a_browser(tmp_path: Path) -> None:
    """Behind a proxy that says nothing of TLS the page still works, and its cookie goes over TLS alone."""
    http = HttpSection(listen="127.0.0.1:0", public_url="https://hub.example/", behind_proxy=["127.0.0.1"])
    with office(tmp_path, http=http) as made, made.client(headers={"host": "hub.example"}) as client:
        said = {"name": made.add(Role.GROWER), "password": PASSWORD}
        for origin in ("http://hub.example", "https://hub.example.evil.example"):
            assert client.post("/login", headers={"origin": origin}, json=said).status_code == 403
        told = client.post("/login", headers={"origin": "https://hub.example"}, json=said)
        assert told.status_code == 200
        assert "secure" in told.headers["set-cookie"].lower()


def test_ten_wrong_passwords_are_the_last_for_a_while(shared: Office) -> None:
    """The eleventh try is not looked at, not even a right one, and says how long to wait; others still log in."""
    name, other = shared.add(Role.GROWER), shared.add(Role.GROWER)
    with shared.client() as client:
        for _ in range(MOST_BY_NAME):
            told = client.post("/login", json={"name": name, "password": "wrong"})
            assert (told.status_code, told.json()["error"]["code"]) == (401, "wrong_login")
        told = client.post("/login", json={"name": name, "password": PASSWORD})
        assert told.status_code == 429
        assert 0 < int(told.headers["retry-after"]) <= WINDOW_US // 1_000_000
        assert client.post("/login", json={"name": other, "password": PASSWORD}).status_code == 200


def test_a_right_password_forgives_the_wrong_ones_before_it(shared: Office) -> None:
    """Whoever mistypes now and then is never shut out."""
    name = shared.add(Role.GROWER)
    with shared.client() as client:
        for _ in range(3):
            for _ in range(MOST_BY_NAME - 1):
                assert client.post("/login", json={"name": name, "password": "wrong"}).status_code == 401
            assert client.post("/login", json={"name": name, "password": PASSWORD}).status_code == 200
            client.cookies.clear()


def test_a_made_up_address_wins_no_more_tries(shared: Office) -> None:
    """A header that names another address each time is not believed where no proxy is named."""
    name = shared.add(Role.GROWER)
    with shared.client() as client:
        told = [
            client.post(
                "/login", json={"name": name, "password": "wrong"}, headers={"x-forwarded-for": f"192.0.2.{place}"}
            ).status_code
            for place in range(MOST_BY_NAME + 5)
        ]
    assert told == [401] * MOST_BY_NAME + [429] * 5


def test_behind_a_proxy_the_address_that_it_wrote_itself_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tries many names writes another address into the header each time: what the proxy put behind that is
    believed, and another one's login is not held up."""
    monkeypatch.setattr(logins, "MOST_BY_ADDRESS", 3)
    http = HttpSection(listen="127.0.0.1:0", behind_proxy=["127.0.0.1", "10.0.0.0/8"])
    with office(tmp_path, http=http) as made, made.client() as client:

        def status(place: int, real: str) -> int:
            said = {"name": f"somebody-{place}", "password": "wrong"}
            passed = {"x-forwarded-for": f"192.0.2.{place}, {real}, 10.0.0.2"}
            return client.post("/login", json=said, headers=passed).status_code

        assert [status(place, "203.0.113.9") for place in range(5)] == [401, 401, 401, 429, 429]
        assert status(9, "203.0.113.10") == 401


def test_wrong_passwords_are_counted_by_address_too_and_forgotten_in_time() -> None:
    """Whoever tries one password on many names waits as well; after a quarter of an hour everybody may try again."""
    logins = Logins()
    for place in range(MOST_BY_ADDRESS):
        assert logins.wait(f"name-{place}", "192.0.2.1", place) == 0
        logins.wrong(f"name-{place}", "192.0.2.1", place)
    assert logins.wait("somebody", "192.0.2.1", MOST_BY_ADDRESS) > 0
    assert logins.wait("somebody", "192.0.2.2", MOST_BY_ADDRESS) == 0
    assert logins.wait("somebody", "192.0.2.1", MOST_BY_ADDRESS + WINDOW_US) == 0


def test_made_up_names_without_end_fill_no_memory_and_hide_no_attack() -> None:
    """Of ten thousand names and addresses the one that was longest quiet is forgotten, not one that is still tried."""
    logins = Logins()
    for name in ("quiet", "admin"):
        for _ in range(MOST_BY_NAME):
            logins.wrong(name, "192.0.2.1", 0)
    for place in range(REMEMBERED):
        logins.wrong(f"name-{place}", "192.0.2.2", 0)
        if place % 1000 == 0:
            logins.wrong("admin", "192.0.2.1", 0)
    assert logins.wait("quiet", "192.0.2.3", 1) == 0
    assert logins.wait("admin", "192.0.2.3", 1) > 0


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/stations/orchard-1/series", {"channel": "air_temperature"}),
        ("/stations/orchard-1/series", {"channel": "air_temperature", "from": "yesterday"}),
        ("/stations/orchard-1/series", {"channel": "air_temperature", "from": "2026-11-25T00:00:00"}),
        ("/stations/orchard-1/series", {"channel": "air_temperature", "from": "1e300"}),
        ("/stations/orchard-1/series", {"channel": "air\0temperature", "from": "2026-11-25T00:00:00Z"}),
        ("/stations/orchard-1/series", {"channel": "x", "from": "2026-11-25T00:00:00Z", "colour": "red"}),
        ("/stations/orchard-1/events", {"from": "2026-11-25T00:00:00Z", "page": "\x00"}),
        ("/stations/ORCHARD/now", {}),
        ("/stations/orchard-1%00/now", {}),
        ("/stations/orchard-1/completeness", {"from": "0001-01-01"}),
        ("/pictures/abc", {}),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_word_about_it(
    shared: Office, path: str, params: dict[str, str]
) -> None:
    """A wrong or missing argument is 422 with a code and a sentence, never 500."""
    with shared.client(shared.token(Role.ADMIN)) as client:
        told = client.get(path, params=params)
    assert told.status_code == 422, told.text
    assert told.json()["error"]["text"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"name": "\\ud800"}', b"[" * 60_000, b'"' + b"x" * 70_000, b"\xff"])
def test_a_body_that_is_none_is_refused_and_the_next_one_served(shared: Office, body: bytes) -> None:
    """Broken, deep, long and half-coded bodies cost an answer of 4xx and nothing else."""
    with shared.client() as client:
        assert client.post("/login", content=body).status_code in (400, 413, 422)
        assert client.get("/health").status_code == 200


def test_passwords_are_reckoned_one_at_a_time_and_keep_nobody_waiting(shared: Office) -> None:
    """Twenty logins at once take 19 MiB, not 380, and what is asked meanwhile is answered."""
    names = [shared.add(Role.GROWER) for _ in range(20)]
    inside, most, real = 0, 0, hasher().verify
    lock = threading.Lock()

    def counted(*args: str) -> bool:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        try:
            return real(*args)
        finally:
            with lock:
                inside -= 1

    def login(name: str) -> int:
        with shared.client() as client:
            return client.post("/login", json={"name": name, "password": PASSWORD}).status_code

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(20) as pool:
        patch.setattr(type(hasher()), "verify", lambda self, *args: counted(*args))
        told = list(pool.map(login, names))
    assert told == [200] * 20
    assert most == 1


def test_a_port_that_is_taken_is_named(shared: Office, tmp_path: Path) -> None:
    """The hub does not start on a port of another program, and says which one it is."""
    with pytest.raises(PortError, match=str(shared.server.port)):
        Office(shared.database, tmp_path, HttpSection(listen=f"127.0.0.1:{shared.server.port}"), lambda: None)


def test_anything_but_the_api_is_told_where_that_is(shared: Office) -> None:
    """An address with nothing behind it, or another method, is an answer in JSON too."""
    for method, path in (("GET", "/api/v1/nothing"), ("GET", "/nothing"), ("DELETE", "/api/v1/stations")):
        told = httpx.request(method, shared.url + path)
        assert told.status_code in (404, 405)
        assert told.json()["error"]["code"] == "no_route"


def test_the_end_of_an_answer_does_not_wait_for_the_browser_to_acknowledge_its_begin() -> None:
    """What a server's socket accepts sends at once: a wall of 108 pictures would wait 40 ms for each."""
    with listening("127.0.0.1:0") as server, socket.create_connection(server.getsockname()) as _browser:
        accepted, _ = server.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
