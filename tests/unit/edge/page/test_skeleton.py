"""What all pages share: language and theme, assets that a browser keeps, headers that let nothing foreign run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from edge.language import texts
from edge.page.assets import STATIC, Assets
from edge.page.guard import Guard, is_ip_address
from edge.page.look import accepted
from edge.page.templates import Templates

ROOT = Path(__file__).parents[4]
NOW_US = 1_775_239_200_000_000
PROBES = (  # Google, Xiaomi, Huawei, Apple, Microsoft
    "http://connectivitycheck.gstatic.com",
    "http://connect.rom.miui.com",
    "http://connectivitycheck.platform.hicloud.com",
    "http://captive.apple.com",
    "http://www.msftconnecttest.com",
)


@pytest.fixture(name="client", scope="module")
def a_small_page() -> TestClient:
    """Give a browser's side of an application with one page, `/`, that is the layout alone."""
    assets = Assets()
    templates = Templates(assets, title="Upper village")

    def page(request: Request) -> Response:
        return templates.page(request, "layout.html", now_us=NOW_US)

    def take(_request: Request) -> Response:
        return Response("taken")

    routes = [Route("/", page), Route("/take", take, methods=["POST"]), assets.route()]
    ours = Middleware(Guard, ours=lambda name: name == "testserver" or is_ip_address(name), cookie="login")
    return TestClient(Starlette(routes=routes, middleware=[ours]))


def test_the_vendored_library_is_the_one_that_is_locked() -> None:
    """What is under vendor/ is what the lock says, byte for byte, and nothing lies beside it."""
    lock = json.loads((STATIC / "vendor/lock.json").read_text())
    there = {file.name for file in (STATIC / "vendor").iterdir()} - {"lock.json"}
    assert there == set(lock["files"])
    for name, integrity in lock["files"].items():
        digest = hashlib.sha512((STATIC / "vendor" / name).read_bytes()).digest()
        assert integrity == f"sha512-{base64.b64encode(digest).decode()}", name


def test_a_page_speaks_the_browsers_language_until_somebody_chooses(client: TestClient) -> None:
    """Chinese or English by what the browser says, then by the link, which the browser remembers."""
    assert "北京时间" in client.get("/", headers={"accept-language": "zh-CN,zh;q=0.9,en;q=0.8"}).text
    assert "Beijing time" in client.get("/", headers={"accept-language": "en-GB,en;q=0.9,zh;q=0.2"}).text
    chosen = client.get("/?lang=en&theme=dark", headers={"accept-language": "zh-CN"})
    assert "Beijing time" in chosen.text
    again = client.get("/", headers={"accept-language": "zh-CN"})
    assert "Beijing time" in again.text and 'data-theme="dark"' in again.text
    client.cookies.clear()
    assert 'data-theme="auto"' in client.get("/?theme=%22%3E%3Cscript%3E").text


def test_two_people_are_answered_in_two_languages() -> None:
    """What is said for one never changes the language of the other, nor that of the process."""
    before = texts.flag_word(9)
    with texts.speaking("zh"):
        assert texts.flag_word(9) == "缺测"
        with texts.speaking("en"):
            assert texts.flag_word(9) == "missing"
        assert texts.flag_word(9) == "缺测"
        assert texts.unit("") == texts._("") == ""  # a catalogue's text for none is its own head
    assert texts.flag_word(9) == before


@given(st.text(max_size=40))
def test_any_header_names_a_language(header: str) -> None:
    """Whatever a browser says of languages, one of the two is spoken."""
    assert accepted(header, "zh") in ("zh", "en")


def test_assets_are_kept_for_good_and_packed(client: TestClient) -> None:
    """Each address on the page leads to a file, which is kept as long as it is the same, and goes packed."""
    found = re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/").text)
    assert len(found) >= 3
    for address in found:
        told = client.get(address, headers={"accept-encoding": "gzip"})
        assert told.status_code == 200 and "immutable" in told.headers["cache-control"]
        assert told.headers.get("content-encoding") == "gzip" or len(told.content) < 1000
    assert client.get("/static/older/style.css").headers["cache-control"] == "no-store"
    assert client.get("/static/x/../../guard.py").status_code == 404


def test_what_a_page_needs_is_small() -> None:
    """All scripts and styles together are some 40 kB packed: a page opens on an old phone by a slow line."""
    files = [file for file in STATIC.rglob("*") if file.suffix in (".js", ".css")]
    import gzip

    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < 60_000


def test_nothing_foreign_runs_on_a_page(client: TestClient) -> None:
    """Scripts, styles and pictures are this server's alone, none stands in the page itself, nothing is cached."""
    told = client.get("/")
    policy = told.headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'"):
        assert rule in policy
    assert "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert told.headers["x-content-type-options"] == "nosniff" and told.headers["cache-control"] == "no-store"
    assert " style=" not in told.text and not re.search(r"<script(?![^>]* src=)", told.text)
    assert "https://" not in told.text


def test_a_page_is_reached_by_its_own_names_alone(client: TestClient) -> None:
    """A number address can belong to no other site's name; any other name reaches nothing."""
    for host, status in (("192.168.4.1:8080", 200), ("[::1]:8080", 200), ("evil.example", 421), ("", 421)):
        assert client.get("/", headers={"host": host}).status_code == status


@pytest.mark.parametrize("probe", PROBES)
def test_a_phone_that_tries_the_stations_wifi_is_led_to_the_page(probe: str) -> None:
    """What phones ask of a new network gets a bare lead to the page's number address; a form for there gets nothing."""
    ours = Middleware(Guard, ours=is_ip_address, instead="http://192.168.4.1:8080/")
    phone = TestClient(Starlette(middleware=[ours]), base_url=probe, follow_redirects=False)
    told = phone.get("/generate_204")
    assert (told.status_code, told.headers["location"], told.content) == (302, "http://192.168.4.1:8080/", b"")
    assert phone.post("/work", data={"ask": "picture"}).status_code == 421


def test_a_form_of_ours_arrives_and_another_sites_does_not(client: TestClient) -> None:
    """A browser that sends a form names where from: only this server's own page may change anything."""
    assert client.post("/take", headers={"origin": "http://testserver"}).status_code == 200
    for origin in ("http://evil.example", "null", "https://testserver"):
        assert client.post("/take", headers={"origin": origin}).status_code == 403
    assert client.get("/").headers["referrer-policy"] == "same-origin"  # no-referrer would make our own forms "null"


@pytest.mark.parametrize("folder", ["edge/page/templates", "hub/web/templates"])
def test_no_mark_of_english_stands_between_two_texts_of_a_page(folder: str) -> None:
    """A colon or a semicolon is a text of its own, which Chinese writes otherwise, also where it is only heard."""
    joined = re.compile(r"\}\}[:;] |(?<!_\()'[:;] '")
    found = [
        f"{file.name}: {line.strip()}"
        for file in sorted((ROOT / folder).glob("*.html"))
        for line in file.read_text().splitlines()
        if joined.search(line)
    ]
    assert found == []
