"""Exports over HTTP: whole, for whoever may see the station, with a link that opens once where there is no session."""

from __future__ import annotations

import csv
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from hub import export_files
from hub.database.engine import opened
from hub.database.sink import DatabaseSink
from hub.export import Export
from hub.rights import Role
from hub.web.app import SLOW
from hub.web.exports import Exports
from tests.kits.broker import until
from tests.kits.office import FOREIGN, MINE, Office, office
from tests.kits.receiver_kit import UTC0
from tests.kits.sink_kit import delivery, redated, row

DAYS = {"from": "2026-01-01", "to": "2026-01-01"}
WECHAT = {"user-agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger/8.0.47"}


@pytest.fixture(name="shared", scope="module")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give an office with frost at one station, and another station."""
    with office(tmp_path_factory.mktemp("office")) as made:
        sink = DatabaseSink(opened(made.database))
        body = {"values": {"air_temperature": -5.3, "air_temperature.hedge": -6.1}, "quality": {}}
        sink.commit(delivery(*(row(seq, body, station=station) for station in (MINE, FOREIGN) for seq in range(1, 31))))
        sink.close()
        yield made


def test_a_file_in_each_form_is_what_was_measured(shared: Office) -> None:
    """CSV with and without a byte order mark, a spreadsheet whose cells are numbers, the lines of `watch`."""
    with shared.client(shared.token(Role.GROWER, MINE)) as client:
        ask = f"/stations/{MINE}/export"
        told = client.get(ask, params=DAYS | {"format": "csv", "quantity": "air_temperature.hedge"})
        assert told.headers["content-disposition"] == f'attachment; filename="{MINE}_2026-01-01_2026-01-01.csv"'
        assert told.headers["cache-control"] == "no-store"
        lines = list(csv.reader(io.StringIO(told.text)))
        assert len(lines) == 31
        assert lines[0][-2:] == ["air_temperature.hedge (degC)", "air_temperature.hedge quality"]
        assert lines[1][-2] == "-6.1"
        assert client.get(ask, params=DAYS | {"format": "csv", "bom": "true"}).content.startswith(b"\xef\xbb\xbf")
        book = openpyxl.load_workbook(io.BytesIO(client.get(ask, params=DAYS | {"format": "xlsx"}).content))
        assert book.worksheets[0].cell(2, 8).value == -5.3
        found = [json.loads(line) for line in client.get(ask, params=DAYS | {"format": "jsonl"}).text.splitlines()]
        assert [line["seq"] for line in found] == list(range(1, 31))
        assert {line["values"]["air_temperature"] for line in found} == {-5.3}


def test_a_download_that_is_taken_up_again_is_the_whole_file(shared: Office) -> None:
    """Each request makes a file of its own: the rest of a newer one behind half of an older one would be neither."""
    with shared.client(shared.token(Role.GROWER, MINE)) as client:
        ask, params = f"/stations/{MINE}/export", DAYS | {"format": "csv"}
        whole = client.get(ask, params=params)
        for wanted in ("bytes=100-", "bytes=-50", f"bytes={10**9}-"):
            told = client.get(ask, params=params, headers={"range": wanted})
            assert (told.status_code, told.content) == (200, whole.content)
            assert told.headers["accept-ranges"] == "none" and "content-range" not in told.headers


def test_a_minute_that_is_dated_anew_is_so_in_the_next_file_and_sheet(tmp_path: Path) -> None:
    """Nothing is kept from the question before: the minute stands where it is now, and so does the gap."""
    with office(tmp_path) as made, made.client(made.token(Role.GROWER)) as client:
        made.keep_minutes(MINE, count=5)

        def told() -> tuple[list[str], int]:
            asked = client.get(f"/stations/{MINE}/export", params=DAYS | {"format": "csv"})
            sheet = client.get(f"/stations/{MINE}/sheet", params={"month": "2026-01"})
            starts = [line[1][11:16] for line in list(csv.reader(io.StringIO(asked.text)))[1:]]
            return starts, sheet.json()["outages"][0]["start_us"] - UTC0

        assert told() == ([f"00:0{minute}" for minute in range(5)], 5 * 60_000_000)
        sink = DatabaseSink(opened(made.database))
        sink.commit(delivery(redated(row(2, 2.5, station=MINE), 58)))
        sink.close()
        assert told() == (["00:00", "00:01", "00:03", "00:04", "01:00"], 2 * 60_000_000)


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"format": "csv", "from": "2026-01-02"}, 422, "no_minutes_there"),
        ({"format": "csv", "from": "2026-01-01", "quantity": "snow_depth"}, 422, "not_among_them"),
        ({"format": "jsonl", "from": "2026-01-01", "quantity": "air_temperature"}, 422, "lines_are_whole"),
        ({"format": "csv", "from": "2020-01-01", "to": "2026-01-01"}, 422, "too_many_days"),
        ({"format": "pdf", "from": "2026-01-01"}, 422, "argument_wrong"),
    ],
)
def test_what_cannot_be_exported_is_said_and_no_file_comes(
    shared: Office, params: dict[str, str], status: int, code: str
) -> None:
    """Nothing is cut in silence, and nothing that failed looks like a file."""
    with shared.client(shared.token(Role.GROWER)) as client:
        told = client.get(f"/stations/{MINE}/export", params=params)
        assert (told.status_code, told.json()["error"]["code"]) == (status, code)


def test_a_link_opens_once_without_a_login(shared: Office) -> None:
    """WeChat hands a download over to a browser that has no cookie: the link gives the file there, once, and no more
    when the account may not see that station now."""
    secret = shared.token(Role.GROWER, MINE)
    with shared.client(secret) as client, shared.client(headers=WECHAT) as browser:
        asked = {**DAYS, "format": "csv"}
        assert client.post(f"/stations/{FOREIGN}/export-links", json=asked).status_code == 404
        link, other = (client.post(f"/stations/{MINE}/export-links", json=asked).json()["path"] for _ in "ab")
        told = browser.get(f"{shared.url}{link}")
        assert (told.status_code, len(told.text.splitlines())) == (200, 31)
        again = browser.get(f"{shared.url}{link}")
        assert (again.status_code, again.json()["error"]["code"]) == (403, "link_used")
        shared.accounts.end("token", secret, 1)
        assert browser.get(f"{shared.url}{other}").status_code == 403
        assert browser.get(f"{shared.url}{link[:-2]}00").status_code == 404


def test_no_file_is_left_behind(shared: Office, tmp_path: Path) -> None:
    """A file goes when it was sent, and what a killed hub left goes at the next start."""
    with shared.client(shared.token(Role.GROWER)) as client:
        client.get(f"/stations/{MINE}/export", params={**DAYS, "format": "csv"}).raise_for_status()
    folder = Path(shared.database.removeprefix("sqlite://")).parent
    until(lambda: not list(folder.with_name(f"{folder.name}.exports").iterdir()), 10)
    (tmp_path / "left.csv").touch()
    Exports(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_nobody_waits_for_is_not_made_to_its_end(tmp_path: Path) -> None:
    """A client that loses patience takes no room from the next: what was begun for it is let go of."""
    with office(tmp_path) as made:
        sink = DatabaseSink(opened(made.database))
        for first in range(1, 40_000, 4000):
            sink.commit(delivery(*(row(seq, station=MINE) for seq in range(first, first + 4000))))
        sink.close()
        beside = Path(made.database.removeprefix("sqlite://")).parent
        folder, secret = beside.with_name(f"{beside.name}.exports"), made.token(Role.GROWER, MINE)
        asked = f"/api/v1/stations/{MINE}/export?from=2026-01-01&to=2026-01-31&format=csv"
        with made.client(secret) as client:
            whole = len(client.get(f"{made.url}{asked}", timeout=60).content)
        until(lambda: not list(folder.iterdir()), 30)
        host, _, port = made.url.removeprefix("http://").partition(":")
        head = f"GET {asked} HTTP/1.1\r\nhost: {host}:{port}\r\nauthorization: Bearer {secret}\r\n\r\n"
        with socket.create_connection((host, int(port))) as impatient:
            impatient.sendall(head.encode())
            while not any(folder.iterdir()):
                time.sleep(0.001)
        longest = 0
        while files := list(folder.iterdir()):
            with suppress(FileNotFoundError):
                longest = max(longest, files[0].stat().st_size)
        assert longest < whole / 2


def test_many_exports_at_once_keep_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond those that are made, the next is told when to come again, and the newest minute is there meanwhile:
    however many threads files take, none of them is one that it needs."""
    held, begun, statuses = threading.Event(), threading.Semaphore(0), list[int]()
    real = export_files.write_file

    def slowly(*words: Any) -> int:
        begun.release()
        assert held.wait(30)
        return real(*words)

    monkeypatch.setattr(export_files, "write_file", slowly)
    monkeypatch.setattr("hub.web.exports.AT_ONCE", SLOW)
    with office(tmp_path) as made:
        made.keep_minutes(MINE)
        secret = made.token(Role.GROWER)

        def export() -> None:
            with made.client(secret) as client:
                statuses.append(client.get(f"/stations/{MINE}/export", params={**DAYS, "format": "csv"}).status_code)

        threads = [threading.Thread(target=export) for _ in range(3 * SLOW)]
        for thread in threads:
            thread.start()
        assert all(begun.acquire(timeout=20) for _ in range(SLOW))
        with made.client(secret) as client:
            assert client.get(f"/stations/{MINE}/now").status_code == 200
            assert client.get("/health").status_code == 200
        held.set()
        for thread in threads:
            thread.join()
    assert set(statuses) <= {200, 429} and 200 in statuses


def test_the_hub_ends_though_files_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Stopping does not wait for a year in a spreadsheet: what is made is given up, and whoever waited is told so."""
    began, told = threading.Event(), list[httpx.Response]()

    def endless(_export: Export, _form: str, path: Path, seen: Callable[[Any], None], _bom: bool) -> int:
        path.touch()
        began.set()
        while True:
            seen(None)
            time.sleep(0.01)

    monkeypatch.setattr(export_files, "write_file", endless)
    with office(tmp_path) as made, made.client(made.token(Role.GROWER)) as client:
        made.keep_minutes(MINE)
        ask = f"/stations/{MINE}/export"
        thread = threading.Thread(target=lambda: told.append(client.get(ask, params={**DAYS, "format": "xlsx"})))
        thread.start()
        assert began.wait(20)
        made.server.stop()
        thread.join()
    assert [(one.status_code, one.json()["error"]["code"]) for one in told] == [(408, "nobody_waits")]
    assert not [record for record in caplog.records if record.exc_info]
