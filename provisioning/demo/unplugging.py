"""Devices of a demo that were unplugged on its page: one file each in a folder of the demo.

The page is another process and knows nothing of twins; it creates or deletes a file with the sensor's name, and a lane
beside the station unplugs or plugs the twin accordingly.
"""

from __future__ import annotations

import contextlib
import importlib.util
from pathlib import Path
from typing import NamedTuple

from drivers.twins.twin import Fault
from edge.control.page_token import PageToken
from edge.sim.rig import Rig
from edge.station import Station
from provisioning.commands.page import random_token
from provisioning.commands.status import SOCKET
from provisioning.demo.processes import page_process

SHARED = ("i2c", "modbus")  # buses on which one device can go and the others stay
LOOK_S = 0.25  # real s between two looks


class OwnPage(NamedTuple):
    """The address of a demo's page, and the technician's token that unlocks its forms."""

    address: str
    token: str


def own_page(
    rig: Rig, station: Station, state: Path, speed: float | None, stack: contextlib.ExitStack
) -> OwnPage | None:
    """Start the page's process, with buttons that unplug devices; None without a page."""
    if speed is None or importlib.util.find_spec("starlette") is None:
        return None
    unplugged = state / "unplugged"
    Unplugging(rig, unplugged, speed)
    process, address = page_process(rig.config.state_dir / SOCKET, unplugged, speed, state / "page.log")
    stack.callback(process.stop)
    token = random_token()
    PageToken(station.store.notes, rig.clock).keep(token)
    return OwnPage(address, token)


class Unplugging:
    """Plugs and unplugs the twins of a rig by the folder's files. `speed`: simulated s per real one."""

    def __init__(self, rig: Rig, folder: Path, speed: float) -> None:
        self._rig, self._folder, self._every = rig, folder, max(LOOK_S * speed, 0.1)
        self._out: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        rig.beside.append(rig.clock.lane("unplugging", self._run))

    def _run(self) -> None:
        while True:
            wanted = {file.name for file in self._folder.iterdir()} & self._rig.twins.keys()
            for sensor in sorted(wanted - self._out):
                self._pull(sensor, True)
            for sensor in sorted(self._out - wanted):
                self._pull(sensor, False)
            self._out = wanted
            self._rig.clock.sleep_until(self._rig.clock.now() + self._every)

    def _pull(self, sensor: str, out: bool) -> None:
        section = next(one for one in self._rig.config.sensor if one.name == sensor)
        if section.info.bus in SHARED:
            self._rig.twins[sensor].misbehave(Fault.SILENT if out else None)
        elif out:
            self._rig.wire_of(sensor).unplug()
        else:
            self._rig.wire_of(sensor).plug()
