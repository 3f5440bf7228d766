"""The hub's pages behind Debian's nginx, with the lines that the documentation gives, as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.config import HttpSection
from hub.rights import Role
from tests.kits.broker import PATH, free_port, until
from tests.kits.certificate import self_signed
from tests.kits.office import MINE, PASSWORD, Office, office
from tests.kits.real_parts import missing

ROOT = Path(__file__).resolve().parents[2]
NAME = "hub.example.org"
# Beside the documented part: one process of ours, which writes into its own folder.
AROUND = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""


def documented(page: str) -> str:
    """Return the part of nginx's configuration that a page gives."""
    found: list[str] = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1
    return found[0]


@pytest.fixture(name="proxied")
def an_office_behind_nginx(tmp_path: Path) -> Iterator[tuple[Office, httpx.Client]]:
    """Give an office, and a client that reaches it through nginx alone."""
    program = shutil.which("nginx", path=PATH) or missing("nginx")
    tls = self_signed(tmp_path)
    http = HttpSection(listen="127.0.0.1:0", public_url=f"https://{NAME}", behind_proxy=["127.0.0.1"])
    with office(tmp_path, http=http) as made:
        made.keep_minutes(MINE)
        port = free_port()
        server = documented("hub.md")
        for words, ours in (
            ("listen 443 ", f"listen 127.0.0.1:{port} "),
            ("/etc/ssl/hub.crt", str(tls.certificate)),
            ("/etc/ssl/private/hub.key", str(tls.key)),
            ("127.0.0.1:8080", made.url.removeprefix("http://")),
        ):
            assert server.count(words) == 1
            server = server.replace(words, ours)
        config = tmp_path / "nginx.conf"
        config.write_text(AROUND.format(folder=tmp_path, server=server))
        nginx = subprocess.Popen([program, "-c", str(config), "-p", str(tmp_path)], stderr=subprocess.DEVNULL)
        bears = {"authorization": f"Bearer {made.token(Role.OPERATOR)}", "host": NAME}
        try:
            with httpx.Client(base_url=f"https://127.0.0.1:{port}", headers=bears, verify=False, timeout=30) as client:
                until(lambda: _answers(client))
                yield made, client
        finally:
            nginx.terminate()
            nginx.wait(30)


def test_events_pass_the_documented_nginx_one_by_one(proxied: tuple[Office, httpx.Client]) -> None:
    """A minute is told while the stream goes on: what nginx gathers would come with the stream's end, or never."""
    made, client = proxied
    with client.stream("GET", "/api/v1/live") as response:
        assert response.status_code == 200
        lines = response.iter_lines()
        for _ in range(3):
            made.server.feed.notify(MINE)
            while next(lines) != "event: now":
                pass
            assert MINE in next(lines)


def test_a_page_behind_the_documented_nginx_knows_whom_it_serves(proxied: tuple[Office, httpx.Client]) -> None:
    """By its public name and over TLS people log in, and the cookie is for TLS alone; a forged address does not
    count, and another name is refused."""
    made, client = proxied
    name = made.add(Role.OPERATOR)
    head = {"origin": f"https://{NAME}", "x-forwarded-for": "203.0.113.9"}
    told = client.post("/login", data={"name": name, "password": PASSWORD, "back": "/"}, headers=head)
    assert told.status_code == 303
    assert "secure" in told.headers["set-cookie"].lower()
    assert client.get("/api/v1/stations", headers={"host": "other.example.org"}).status_code >= 400


def test_both_languages_document_the_same_nginx() -> None:
    """Whoever copies it from the Chinese page has what was tried."""
    assert documented("hub.zh-CN.md") == documented("hub.md")


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/api/v1/openapi.json").status_code == 200
    except httpx.TransportError:
        return False
