"""From a real box to a phone: it falls below the limit, and robots say so, whatever is killed on the way."""

from __future__ import annotations

import os
import pty
import threading
import time
import tty
from pathlib import Path

import pytest

from drivers.checksums import xor8
from drivers.devices.ascii_station import XOR_LONG
from edge.clock.clock import system_utc
from tests.kits.broker import Broker, free_port, until
from tests.kits.postgres import Cluster, running_cluster
from tests.kits.services import Services
from tests.kits.sink_kit import query
from tests.kits.system import running_station
from tests.system.test_alarms import STARTED_S, add_people, hub_of

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
near_k = 0.8
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
        self.port, self.air = os.ttyname(far), -12
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._thread.start()

    def _speak(self) -> None:
        while not self._ends.wait(2.0):
            body = LINE.format(air=self.air).encode()
            os.write(self._near, body + f"*{xor8(body, XOR_LONG):02X}\r\n".encode())

    def close(self) -> None:
        """End."""
        self._ends.set()
        self._thread.join()


class Night:
    """Two hubs on one PostgreSQL, and the robots. `taken`: what both of them have."""

    def __init__(self, folder: Path, broker: Broker, cluster: Cluster, services: Services) -> None:
        self.cluster, self.services, self.url = cluster, services, cluster.database()
        self.hubs = [hub_of(folder, broker, self.url, services, name, free_port()) for name in ("a", "b")]
        self.robots = services.wecom, services.dingtalk
        add_people(self.hubs[0])

    def start(self) -> None:
        """Start the hubs, and wait until one of them delivers."""
        for hub in self.hubs:
            hub.start()
        until(lambda: query(self.url, "SELECT 1 FROM alarm_lease WHERE id = 1 AND holder <> ''"), STARTED_S)

    def all_say(self, words: str) -> bool:
        """Return whether each robot has taken a message with these words."""
        return all(any(words in got.text for got in robot.taken) for robot in self.robots)

    def kill_all(self) -> None:
        """Kill the hub that delivers and the database, start them again, and then kill the other hub too."""
        ((holder,),) = query(self.url, "SELECT holder FROM alarm_lease WHERE id = 1")
        first = ("a", "b").index(holder)
        for hub in (self.hubs[first], self.hubs[1 - first]):
            hub.kill()
            if hub is self.hubs[first]:
                self.cluster.kill()
                self.cluster.start()
            hub.start()

    def settled(self) -> bool:
        """Return whether no message is on its way."""
        return not query(self.url, "SELECT 1 FROM alarm_message WHERE state IN ('waiting', 'sending')")

    def close(self) -> None:
        """End the hubs."""
        for hub in self.hubs:
            hub.kill()


@pytest.mark.slow  # it waits for the edges of real minutes
def test_a_frost_is_told_worse_and_ended_though_box_hubs_and_database_are_killed(tmp_path: Path) -> None:
    """Both robots have the frost within ten seconds of its minute's close. It gets worse, and while a robot has not
    answered yet the hub that delivers, the database, the box and then the other hub are killed: people hear that it is
    worse, and its end once; nothing came twice without saying so."""
    mast, broker = Mast(), Broker(tmp_path).start()
    file = tmp_path / "station.toml"
    file.write_text(STATION.format(folder=tmp_path, broker=broker.url, port=mast.port))
    with running_cluster("fsync=off") as cluster, Services() as services:
        night = Night(tmp_path, broker, cluster, services)
        try:
            night.start()
            with running_station(file) as box:
                until(lambda: night.all_say("霜冻"), 200)
                last = max(robot.taken[0].at for robot in night.robots)
                told = system_utc() / 1e6 - (time.monotonic() - last)
                services.wecom.mode, before = "slow 4", len(services.wecom.requests)
                mast.air = -25
                until(lambda: len(services.wecom.requests) > before, 200)
                box.kill()
            night.kill_all()
            services.wecom.mode = "ok"
            until(lambda: night.settled() and min(len(robot.taken) for robot in night.robots) >= 2, 120)
            mast.air = -2
            with running_station(file):
                until(lambda: night.all_say("解除") and night.settled(), 300)
        finally:
            night.close()
            broker.stop()
            mast.close()
        found = query(
            night.url, "SELECT body ->> 'turn', body ->> 'begin' FROM record WHERE kind = 'alert' ORDER BY seq"
        )
    assert [turn for turn, _ in found if turn in ("raised", "worse", "cleared")] == ["raised", "worse", "cleared"]
    assert told - (int(found[0][1]) / 1e6 + 60.0) <= 10.0
    for robot in night.robots:
        texts = [got.text for got in robot.taken if "次提醒" not in got.text]
        unmarked = [text for text in texts if "可能重复" not in text]
        assert len(texts) - len(unmarked) <= 1 and len({*unmarked}) == len(unmarked), texts
        assert sum("解除" in text for text in unmarked) == 1 and "解除" in unmarked[-1], texts
    assert "Traceback" not in night.hubs[0].said
