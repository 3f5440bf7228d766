"""The daemon's start on a store that was damaged: systemd is kept waiting, and what was lost is said."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.records.record import Kind
from edge.store.folder import DATABASE
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from tests.kits.store_kit import damaged_pages, many

MINSHAN = [sys.executable, "-m", "provisioning.main"]


def configured(tmp_path: Path) -> Path:
    """Write the file of a station without a broker whose sensor is not there."""
    config = tmp_path / "station.toml"
    words = ["init", "--station", "pole-1", "--sensor", f"ascii-station:port={tmp_path}/none"]
    words += ["--broker", "mqtt://127.0.0.1:9", "--state", str(tmp_path / "state"), "--out", str(config)]
    subprocess.run([*MINSHAN, *words], check=True, timeout=60, stdout=subprocess.DEVNULL)
    return config


def told_until_ready(config: Path, folder: Path) -> list[str]:
    """Run the daemon until it says READY=1 and a little on; what it told systemd before."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / "notify"))
        systemd.settimeout(60)
        words = [*MINSHAN, "run", "--config", str(config)]
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        station = subprocess.Popen(words, env=environment, stderr=subprocess.DEVNULL)
        try:
            said = []
            while (word := systemd.recv(1000).decode()) != "READY=1":
                said.append(word)
            time.sleep(1)
            station.send_signal(signal.SIGTERM)
            assert station.wait(timeout=60) == 0
        finally:
            station.kill()
            station.wait()
    return said


def test_systemd_waits_for_a_salvage(tmp_path: Path) -> None:
    """While a damaged store is salvaged the start's time is extended and the watchdog fed; the loss is a record."""
    config = configured(tmp_path)
    many(tmp_path / "state", 5000)
    lost = damaged_pages(tmp_path / "state", random.Random(1), pages=3)
    said = told_until_ready(config, tmp_path)
    assert len(said) >= 10
    assert set(said) == {"EXTEND_TIMEOUT_USEC=60000000\nWATCHDOG=1"}
    store = Store.open(tmp_path / "state", epoch="look", destinations=(PLATFORM,))
    assert store.repaired is None  # told
    loss = store.last(Kind.LOSS)
    assert loss is not None
    named = {n for _epoch, first, last in loss.fields()["lost"] for n in range(first, last + 1)}
    assert (loss.fields()["what"], loss.fields()["set_aside"], named) == ("store", "records.damaged-1.db", lost)
    store.close()


@pytest.mark.parametrize("content", [None, b"", b"junk" * 5000], ids=["missing", "empty", "junk"])
def test_a_lost_database_is_no_first_start(tmp_path: Path, content: bytes | None) -> None:
    """Where pictures tell that there were records, the start says so, and the pictures are kept."""
    config = configured(tmp_path)
    many(tmp_path / "state", 5)
    pictures = tmp_path / "state" / "pictures"
    (pictures / f"{'ab' * 32}.jpg").write_bytes(b"picture")
    if content is None:
        (tmp_path / "state" / DATABASE).unlink()
    else:
        (tmp_path / "state" / DATABASE).write_bytes(content)
    told_until_ready(config, tmp_path)
    store = Store.open(tmp_path / "state", epoch="look", destinations=(PLATFORM,))
    start, loss = store.last(Kind.START), store.last(Kind.LOSS)
    assert start is not None
    assert start.fields()["reason"]["code"] == "store_lost"
    assert loss is not None
    assert (loss.fields()["what"], loss.fields()["lost"], loss.fields()["unknown"]) == ("store", None, True)
    assert (tmp_path / "state" / "strays" / f"{'ab' * 32}.jpg").read_bytes() == b"picture"
    assert store.pictures.count_strays() == (1, 7)
    store.close()
