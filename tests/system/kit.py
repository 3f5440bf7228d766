"""What the tests of the commands stand on: a broker that wants a login, a talking sensor, a station's file."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.twins.wires import PtyWire
from edge.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.sim.children import free_port
from edge.uplink.link import Link, Session
from edge.uplink.trouble import LinkTrouble
from tests.unit.test_config import STATION

FRAME = bytes.fromhex("424d001c00000008000800000008000800d20046002d001e00000000970002c5")
TRUSTED = "[clock]\ntrust_system_clock = true\n"


class Broker:
    """A Mosquitto with one login on a free port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        passwords = folder / "passwords"
        subprocess.run(["mosquitto_passwd", "-b", "-c", passwords, "grower", "apple"], check=True, env=paths())
        conf = folder / "mosquitto.conf"
        conf.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {passwords}\n"
            f"user {os.environ.get('USER', 'root')}\n"
        )
        self._process = subprocess.Popen(["mosquitto", "-c", conf], stderr=subprocess.DEVNULL, env=paths())
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                Link(section(self.url()), Session("probe", ("probe",))).close()
                return
            except LinkTrouble:
                time.sleep(0.05)
        raise TimeoutError("mosquitto does not listen")

    def url(self, login: str = "grower:apple@") -> str:
        """Its address with that login."""
        return f"mqtt://{login}127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)


def paths() -> dict[str, str]:
    """The environment with the folder in which Debian keeps mosquitto."""
    return {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}


def section(url: str) -> BrokerSection:
    """A broker's section."""
    return BrokerSection(url=url)


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """A broker that wants a login; skips where there is no mosquitto."""
    if not shutil.which("mosquitto", path=paths()["PATH"]):
        pytest.skip("mosquitto is not installed")
    running = Broker(folder)
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def talking() -> Iterator[str]:
    """A port at which a Plantower sensor sends a frame five times a second."""
    wire, ended = PtyWire(SystemClock()), threading.Event()

    def talk() -> None:
        while not ended.wait(0.2):
            wire.write(FRAME)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        yield wire.path
    finally:
        ended.set()
        talker.join()
        wire.close()


def station(folder: Path, port: str, url: str, more: str = "") -> Path:
    """A station's file in that folder, its state beside it."""
    file = folder / "station.toml"
    sensor = f'[[sensor]]\nname = "dust"\ndriver = "plantower"\nport = "{port}"\n'
    text = STATION.replace("/var/lib/minshan", str(folder / "state")) + "records_mb = 10\npictures_mb = 10\n"
    file.write_text(f'{text}{TRUSTED}[broker]\nurl = "{url}"\n{more}{sensor}')
    return file
