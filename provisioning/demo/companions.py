"""The other stations of a demo, in the same process: complete, but without a camera, each in its own simulated time.

They follow the first station's time in slices, at full speed. Their lanes take turns, so each further station costs
only its twins and its store.
"""

from __future__ import annotations

from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from edge.config.file import load
from edge.config.sections import Config
from edge.daemon import open_store
from edge.records.record import Kind
from edge.sim.rig import Rig, boot_of
from edge.sim.times import Boot
from edge.station import Station
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.uplink.uplink import Uplink
from provisioning.demo.config import whole_station

WEATHER_S = 10.0  # s between two updates of their twins' weather


class Companions:
    """The stations beside the first of a demo; there may be none."""

    def __init__(self, first: Rig, names: list[str], state: Path, proof: str, stack: ExitStack) -> None:
        self.rigs: list[Rig] = []
        self.stores: dict[str, Store] = {}
        self.stations: list[Station] = []
        assert first.config.broker is not None
        for number, name in enumerate(names, 2):
            folder = state / name
            folder.mkdir(exist_ok=True)
            path = folder / "station.toml"
            path.write_text(whole_station(name, folder, first.config.broker.url, proof, None, number), "utf-8")
            config = load(path)
            store = self.stores[name] = stack.enter_context(closing(open_store(config)))
            boot = boot_of(config, first.boot.utc_at(first.clock.now()), f"sim-{first.seed}-{number}")
            rig = Rig(config, boot, store_end(store, boot), first.seed + number, weather_s=WEATHER_S)
            stack.callback(rig.close)
            self.rigs.append(rig)
            self.stations.append(rig.power_on(partial(opened, store)))
            stack.callback(self.power_off)

    def follow(self, utc: int) -> None:
        """Let time pass for all of them up to an instant (microseconds UTC)."""
        for rig in self.rigs:
            rig.clock.run_until(max(rig.boot.boottime(utc), rig.clock.now()))

    def stop_measuring(self, utc: int) -> None:
        """Stop measuring at an instant (microseconds UTC); sending continues."""
        for rig in self.rigs:
            rig.stop_measuring(rig.boot.boottime(utc))

    def wait_no_longer(self) -> None:
        """Request receipts at once from now on."""
        for uplink in self._uplinks():
            uplink.wait_no_longer()

    def retry_now(self) -> None:
        """Retry sending now, whatever pause was in effect."""
        for uplink in self._uplinks():
            uplink.retry_now()

    def _uplinks(self) -> list[Uplink]:
        return [uplink for station in self.stations if (uplink := station.services.uplink) is not None]

    def unsent(self) -> int:
        """Count the records and pictures of all that are unsent or unconfirmed."""
        return sum(map(unsent, self.stations))

    def power_off(self) -> None:
        """Stop those that are still running."""
        for rig in self.rigs:
            if rig.station is not None:
                rig.power_off()


def opened(store: Store, _config: Config) -> Store:
    """Return the already open store."""
    return store


def store_end(store: Store, boot: Boot) -> int:
    """Return the simulated UTC (microseconds) to continue at: the end of the last stored minute, or the boot."""
    last = store.last(Kind.MINUTE)
    if last is None or last.stamp.boot != boot.id:
        return boot.utc
    return boot.utc_at(last.stamp.boottime + last.duration)


def unsent(station: Station) -> int:
    """Count a station's records and pictures that are unsent or unconfirmed."""
    left = station.store.pictures.count(PLATFORM)
    unproven = sum(span.last - span.first + 1 for span in station.store.outbox.unproven(PLATFORM))
    return station.store.outbox.count_unsent(PLATFORM) + unproven + left.thumbnails + left.full
