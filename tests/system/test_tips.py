"""A technician tips the rain gauge of a running station by hand, and sees each tip counted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.devices.ascii_station import AsciiStationSettings
from drivers.twins.ascii_station import AsciiStationTwin
from drivers.twins.wires import PtyWire
from edge.clock.clock import SystemClock
from edge.control.client import ask
from tests.kits.broker import until
from tests.kits.command import ENGLISH, minshan
from tests.kits.system import paths, station

MINSHAN = [sys.executable, "-m", "provisioning.main"]
NO_BROKER = "mqtt://127.0.0.1:9"


class Bucket:
    """An all-in-one station at a port, whose bucket somebody tips."""

    def __init__(self) -> None:
        self.wire = PtyWire(SystemClock())
        settings = AsciiStationSettings(port=self.wire.path, mm_per_tip=0.2, pm=False)
        self.twin = AsciiStationTwin(settings, SystemClock(), 1)
        self.tipped = 0

    def tip(self) -> bool:
        """Tip it once; it always goes on."""
        self.tipped += 1
        self.twin.set("rainfall_amount", self.tipped * 0.2)
        return False

    @property
    def section(self) -> str:
        """The sensor in the station's file."""
        return (
            '[[sensor]]\nname = "mast"\ndriver = "ascii-station"\nmm_per_tip = 0.2\npm = false\n'
            f'port = "{self.wire.path}"\n'
        )


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """Give a bucket that sends a line five times a second."""
    made, ended = Bucket(), threading.Event()

    def talk() -> None:
        while not ended.wait(0.2):
            for line in made.twin.frames(0):
                made.wire.write(line)

    talker = threading.Thread(target=talk)
    talker.start()
    yield made
    ended.set()
    talker.join()
    made.wire.close()


@contextmanager
def running(file: Path) -> Iterator[None]:
    """Run the station of that file."""
    with (file.parent / "log").open("w") as log:
        daemon = subprocess.Popen([*MINSHAN, "run", "--config", file], stdout=log, stderr=log, env=paths() | ENGLISH)
        try:
            until((file.parent / "state" / "minshan.sock").exists, 60)
            yield
        finally:
            daemon.send_signal(signal.SIGTERM)
            ended = daemon.wait(60)
        assert ended == 0, (file.parent / "log").read_text()


def newest(file: Path) -> float | None:
    """Return the running total that the station knows of its one gauge."""
    (found,) = ask(file.parent / "state" / "minshan.sock", "readings", quantity="rainfall_amount")["readings"]
    total: float | None = found["value"]
    return total


def test_each_tip_by_hand_is_seen_under_a_running_station(bucket: Bucket, tmp_path: Path) -> None:
    """Three tips are counted as they come, with their rain, in maintenance; the end that was wished for is code 0."""
    file = station(tmp_path, "/dev/null", NO_BROKER, bucket.section)
    with running(file):
        until(lambda: newest(file) is not None, 60)
        words = [*MINSHAN, "sensors", "tips", "--count", "3", "--config", str(file)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, bufsize=1, env=paths() | ENGLISH) as looked:
            assert looked.stdout is not None
            said = [looked.stdout.readline()]
            for _ in range(3):
                bucket.tip()
                said.append(looked.stdout.readline())
            ends = looked.stdout.read()
            assert looked.wait(60) == 0
        assert said == [
            "Under maintenance: nothing that mast counts now is rain. Tip it slowly; Ctrl-C stops.\n",
            "mast: 1 tip, 0.20 mm\n",
            "mast: 2 tips, 0.40 mm\n",
            "mast: 3 tips, 0.60 mm\n",
        ]
        assert f"`minshan maintenance 0 --config {file}`" in ends
        assert "Under maintenance: tipping the rain gauge." in minshan("status", "--config", str(file)).out
        with subprocess.Popen([*words, "--json"], stdout=subprocess.PIPE, text=True, env=paths() | ENGLISH) as looked:
            assert looked.stdout is not None
            until(lambda: bucket.tip() or looked.poll() is not None, 60)  # one after the other
            counted = [json.loads(line) for line in looked.stdout]
        assert counted[-1]["sensor"] == "mast"
        assert counted[-1]["mm"] == pytest.approx(counted[-1]["tips"] * 0.2)


def test_a_station_without_a_gauge_or_that_does_not_run(tmp_path: Path) -> None:
    """Where no station runs, or none with a gauge, one sentence says so."""
    file = station(tmp_path, "/dev/null", NO_BROKER)
    said = minshan("sensors", "tips", "--config", str(file))
    assert (said.code, said.err.splitlines()[0]) == (1, f"Error: No station is running on {tmp_path / 'state'}.")
    with running(file):
        said = minshan("sensors", "tips", "--config", str(file))
        assert (said.code, said.err) == (3, "Error: This station has no rain gauge.\n")
        assert "Under maintenance" not in minshan("status", "--config", str(file)).out
