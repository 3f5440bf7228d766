"""A hub, a station and a broker as they stand in an office and an orchard, asked over HTTP."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.kits.broker import Broker, free_port, until
from tests.kits.command import ENGLISH, minshan
from tests.kits.hub_process import Hub
from tests.kits.system import running_station, station, talking

PASSWORD = "frost at four in the morning"


@pytest.fixture(name="box")
def a_station(tmp_path: Path, broker: Broker) -> Iterator[subprocess.Popen[bytes]]:
    """Give a running station that may be asked for a hello."""
    with talking() as port:
        more = 'proof = "committed"\n[commands]\nremote = ["hello"]\n'
        with running_station(station(tmp_path, port, broker.url, more)) as daemon:
            yield daemon


def answered(client: httpx.Client, path: str, holds: str) -> dict[str, Any]:
    """Return what is answered once a key of it says something."""
    deadline = time.monotonic() + 30
    while True:
        told = client.get(path)
        if told.status_code == 200 and told.json()[holds] is not None:
            return dict(told.json())
        assert time.monotonic() < deadline, told.text
        time.sleep(0.1)


def test_a_technician_asks_a_station_over_the_page_and_a_refusal_is_told(
    broker: Broker, box: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """A hello is done and noted under the name of who asked; what the station does not allow comes back as its word."""
    hub = Hub(tmp_path, broker.url, f"sqlite://{tmp_path}/hub.db", http=free_port())
    hub.add_people(PASSWORD, technician="张师傅", admin="root")
    hub.start()
    url = f"http://127.0.0.1:{hub.http}"
    try:
        with httpx.Client(base_url=f"{url}/api/v1", headers={"origin": url}) as client:
            until(lambda: answers(client), 60)
            assert client.get("/stations").status_code == 401
            client.post("/login", json={"name": "张师傅", "password": PASSWORD}).raise_for_status()
            until(lambda: client.get("/stations").json(), 30)
            where = "/stations/maoxian-1/commands"
            hello = client.post(where, json={"name": "hello"}).json()
            refused = client.post(where, json={"name": "maintenance", "arguments": {"seconds": 60}}).json()
            assert answered(client, f"/commands/{hello['id']}", "state")["state"] == "done"
            told = answered(client, f"/commands/{refused['id']}", "state")
            assert told["state"] == "failed"
            assert told["result"]["why"]["code"] == "not_asked_remotely", told
            client.post("/login", json={"name": "root", "password": PASSWORD}).raise_for_status()
            did = [(line["name"], line["action"], line["station"]) for line in client.get("/audit").json()]
            assert ("张师傅", "command hello", "maoxian-1") in did
        assert box.poll() is None
    finally:
        assert hub.end() == 0
    assert "Traceback" not in hub.said


def answers(client: httpx.Client) -> bool:
    """Return whether the server answers."""
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


def test_a_hub_without_a_certificate_serves_this_machine_alone(tmp_path: Path) -> None:
    """A listening address beyond this machine is refused with what would be right, and nothing is written."""
    out = tmp_path / "hub.toml"
    words = ("--broker", "mqtt://127.0.0.1", "--database", f"sqlite://{tmp_path}/hub.db", "--pictures", str(tmp_path))
    said = minshan("hub", "init", *words, "--http", "0.0.0.0:8080", "--out", str(out))
    assert said.code != 0
    assert "cert_file" in said.err and "insecure" in said.err
    assert not out.exists()


@pytest.mark.slow
def test_a_hub_without_its_libraries_says_which(tmp_path: Path, broker: Broker) -> None:
    """Installed as a station is, it makes its SQLite; what else wants a library names it and how it is installed."""
    nothing = (
        "import sys; sys.modules.update(dict.fromkeys(('argon2', 'psycopg', 'starlette', 'uvicorn', 'xlsxwriter')));"
    )
    command = [sys.executable, "-c", f"{nothing} from provisioning.main import main; main()", "hub"]
    out, password = str(tmp_path / "hub.toml"), tmp_path / "password"
    password.write_text(PASSWORD)

    def said(*words: str) -> str:
        ran = subprocess.run(
            [*command, *words], capture_output=True, check=False, env={**os.environ, **ENGLISH}, timeout=60
        )
        err = ran.stderr.decode()
        assert (ran.returncode == 0) == ("not installed" not in err), err
        return err

    made = ("init", "--broker", broker.url, "--pictures", str(tmp_path), "--http", f"127.0.0.1:{free_port()}")
    assert "psycopg is not installed: sudo make install-hub" in said(
        *made, "--database", "postgresql://u@127.0.0.1/x", "--out", out
    )
    assert "not installed" not in said(*made, "--database", f"sqlite://{tmp_path}/hub.db", "--out", out)
    file = ("--config", out)
    assert "argon2-cffi is not installed" in said(
        "user", "add", "x", "--role", "admin", "--password-file", str(password), *file
    )
    assert "not installed" not in said("token", "add", "x", "--role", "admin", *file)
    assert "is not installed" in said("run", *file)
