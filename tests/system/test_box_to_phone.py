"""From a real box to a phone: a sensor falls below the limit, and a robot says so; the box is killed meanwhile."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.checksums import xor8
from drivers.devices.ascii_station import XOR_LONG
from edge.clock.clock import system_utc
from tests.kits.broker import Broker, free_port, until
from tests.kits.postgres import running_cluster
from tests.kits.services import Services
from tests.kits.sink_kit import query
from tests.system.test_alarms import add_people, hub_of

STATION = """\
[station]
id = "orchard-1"
[site]
latitude = 31.68
longitude = 103.85
altitude_m = 1590.0
[state]
dir = "{folder}/state"
[broker]
url = "{broker}"
[clock]
trust_system_clock = true
[[sensor]]
name = "mast"
driver = "ascii-station"
port = "{port}"
[[alert]]
name = "frost"
crop = "apple"
hold_min = 1
clear_min = 1
clear_by = 0.2
"""
LINE = "A0743B135C0000D0012E0000F0006G1588H1588I0000J0000K0610L{air:04d}M909N08400,017,025,026,017,025,026,"


class Mast:
    """The all-in-one station at the end of a line, which says `air` every two seconds, tenths of a degC."""

    def __init__(self) -> None:
        self._near, far = pty.openpty()
        tty.setraw(far)
        self.port, self.air = os.ttyname(far), 7
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._speak)
        self._thread.start()

    def _speak(self) -> None:
        while not self._ends.wait(2.0):
            body = LINE.format(air=self.air).encode()
            os.write(self._near, body + f"*{xor8(body, XOR_LONG):02X}\r\n".encode())

    def close(self) -> None:
        """End."""
        self._ends.set()
        self._thread.join()


@contextmanager
def running(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a running station, which is killed in the end."""
    command = [sys.executable, "-m", "provisioning.main", "run", "--config", str(file)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as station:
        try:
            yield station
        finally:
            station.send_signal(signal.SIGKILL)


@pytest.mark.slow  # it waits for the edges of real minutes
def test_a_frost_of_a_real_box_is_told_within_seconds_and_its_end_though_the_box_was_killed(tmp_path: Path) -> None:
    """Both robots have the frost within ten seconds of its minute's close; the box is killed while people are being
    called, starts again and is warm: its end is told once, and nothing came twice without saying so."""
    mast, broker = Mast(), Broker(tmp_path).start()
    file = tmp_path / "station.toml"
    file.write_text(STATION.format(folder=tmp_path, broker=broker.url, port=mast.port))
    with running_cluster("fsync=off") as cluster, Services() as services:
        hub = hub_of(tmp_path, broker, cluster.database(), services, "", free_port())
        add_people(hub)
        hub.start()
        try:
            until(lambda: services.gateway.requests, 60)  # the heartbeat: the lease is held
            with running(file):
                until(lambda: services.wecom.taken and services.dingtalk.taken, 200)
            last = max(services.wecom.taken[0].at, services.dingtalk.taken[0].at)
            told = system_utc() / 1e6 - (time.monotonic() - last)
            ((begin,),) = query(hub.url, "SELECT (body ->> 'begin')::bigint FROM record WHERE kind = 'alert'")
            assert services.wecom.taken[0].text.startswith("Minshan【霜冻】") and services.wecom.taken[0].to
            assert told - (begin / 1e6 + 60.0) <= 10.0
            mast.air = 19
            with running(file):
                until(lambda: any("解除" in got.text for got in services.wecom.taken), 200)
                open_ = "SELECT 1 FROM alarm_message WHERE state IN ('waiting', 'sending')"
                until(lambda: not query(hub.url, open_), 30)
        finally:
            assert hub.end() == 0, hub.said
            broker.stop()
            mast.close()
        for service in (services.wecom, services.dingtalk):
            unmarked = [got.text for got in service.taken if "可能重复" not in got.text and "次提醒" not in got.text]
            assert ["解除" in text for text in unmarked] == [False, True], unmarked
        ((turns,),) = query(
            hub.url, "SELECT string_agg(body ->> 'turn', ' ' ORDER BY seq) FROM record WHERE kind = 'alert'"
        )
        assert turns.split()[0] == "raised" and turns.split()[-1] == "cleared"
    assert "Traceback" not in hub.said
