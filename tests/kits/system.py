"""What the tests of the commands stand on: a broker that wants a login, a talking sensor, a station and its file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.twins.wires import PtyWire
from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from tests.kits.broker import Broker, password_file
from tests.kits.command import ENGLISH
from tests.unit.edge.config.test_config import STATION

FRAME = bytes.fromhex("424d001c00000008000800000008000800d20046002d001e00000000970002c5")
TRUSTED = "[clock]\ntrust_system_clock = true\n"


def url(broker: Broker, login: str = "grower:apple@") -> str:
    """Return the broker's address with that login."""
    return broker.url.replace("://", f"://{login}")


def paths() -> dict[str, str]:
    """Return the environment with the folder in which Debian keeps mosquitto."""
    return {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}


def section(url: str) -> BrokerSection:
    """Return a broker's section."""
    return BrokerSection(url=url)


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """Give a broker that requires a login; skip where there is no mosquitto."""
    running = Broker(folder, password_file(folder, "grower", "apple")).start()
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def talking(frame: bytes = FRAME) -> Iterator[str]:
    """Give a port at which a sensor (a Plantower one) sends that frame five times a second."""
    wire, ended = PtyWire(SystemClock()), threading.Event()

    def talk() -> None:
        while not ended.wait(0.2):
            wire.write(frame)

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        yield wire.path
    finally:
        ended.set()
        talker.join()
        wire.close()


def station(folder: Path, port: str, url: str, more: str = "") -> Path:
    """Write a station's file in that folder, its state beside it; its site is not the one that `init` writes unasked.

    The broker's word is its proof unless `more` names another: most tests have no platform.
    """
    file = folder / "station.toml"
    sensor = f'[[sensor]]\nname = "dust"\ndriver = "plantower"\nport = "{port}"\n'
    text = STATION.replace("31.68", "31.7").replace("1590", "1800").replace("/var/lib/minshan", str(folder / "state"))
    text += "records_mb = 10\npictures_mb = 10\n"
    more = more if "proof" in more else f'proof = "broker"\n{more}'
    file.write_text(f'{text}{TRUSTED}[broker]\nurl = "{url}"\n{more}{sensor}')
    file.chmod(0o640)  # a login stands in it
    return file


@contextmanager
def running_station(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give the station of a file as it runs, its journal in `log` beside the file; SIGTERM ends it with code 0.

    A test may kill it itself.
    """
    command = [sys.executable, "-m", "provisioning.main", "run", "--config", str(file)]
    log = file.with_name("log")
    with log.open("a") as out, subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ, **ENGLISH}) as box:
        try:
            yield box
            box.terminate()
            assert box.wait(30) in (0, -signal.SIGKILL), log.read_text()
        finally:
            box.kill()
