"""The daemon: a station on the real clock and the real buses, until it is stopped."""

from __future__ import annotations

import logging
from typing import Any

from drivers.buses.bus import BUSES
from drivers.clock import Clock
from drivers.errors import DeviceError
from edge.clock.clock import SystemClock, boot_id, crystal, system_utc
from edge.clock.timekeeper import KernelTime, TimeSource
from edge.clock.watch import SystemTime
from edge.config.sections import Config
from edge.language.texts import ngettext
from edge.recorder.events import new_epoch
from edge.station import Station
from edge.store.delivery import FORWARD
from edge.store.outbox import PLATFORM
from edge.store.store import Store
from edge.struct_types import prepare_structs
from edge.systemd import Signals, beat, notify

log = logging.getLogger("minshan")
SALVAGE_S = 60  # s between two progress calls of a salvage at most, even on a slow card
BEAT_S = 10.0  # a sixth of the unit's WatchdogSec=60
MOST_MEMORY = 200_000_000  # bytes; the unit's MemoryMax
PATIENCE_S = 8.0  # real seconds that stopping lanes have: measuring stops at once, the uplink disconnects cleanly


def open_bus(kind: str, settings: Any, clock: Clock) -> Any:
    """Return the real bus of a sensor's settings."""
    return BUSES[kind].open(settings, clock)


def open_store(config: Config, epoch: str | None = None) -> Store:
    """Return the station's store, with a new epoch. Raise StoreError if it cannot be opened."""
    return Store.open(
        config.state_dir,
        epoch=epoch or new_epoch(),
        destinations=(PLATFORM, *(FORWARD + section.name for section in config.forward)),
        records_bytes=config.state.records_mb * 1_000_000,
        pictures_bytes=config.state.pictures_mb * 1_000_000,
        archive_days=config.state.archive_days,
        progress=still_salvaging,
    )


def still_salvaging() -> None:
    """Extend systemd's timeouts: a damaged store is being salvaged, and every lane may be waiting for it."""
    notify(f"EXTEND_TIMEOUT_USEC={SALVAGE_S * 1_000_000}\nWATCHDOG=1")


def serve(config: Config) -> None:
    """Run the station until SIGTERM or SIGINT. Raise StoreError if its store cannot be opened."""
    prepare_structs()
    clock = SystemClock()
    quieten(config, clock)
    store = open_store(config)
    sources: list[TimeSource] = [KernelTime(config.clock.trust_system_clock)]
    station = Station(config, store, clock, open_bus, sources, boot_id(), system=SystemTime(system_utc, crystal))
    with Signals() as signals:
        station.start(lambda: notify("READY=1"))
        sensors = ngettext("{n} sensor", "{n} sensors", len(config.sensor)).format(n=len(config.sensor))
        buses = ngettext("{n} bus", "{n} buses", len(station.buses)).format(n=len(station.buses))
        log.info("station %s measures: %s on %s", config.station.id, sensors, buses)
        while not clock.wait_readable(signals.fd, clock.now() + BEAT_S):
            if station.recorder.snapshot.alive(clock.now()):  # a stuck bus costs only its own quantities
                beat(MOST_MEMORY)
    notify("STOPPING=1")
    station.stop(lambda names: station.lanes.join(PATIENCE_S, *names))


def quieten(config: Config, clock: Clock) -> None:
    """Turn the horn off first: a killed daemon may have left it on, and a salvage takes minutes."""
    if config.horn is not None:
        from edge.alerts.horn_line import turn_off  # few boxes have one

        try:
            turn_off(config.horn, open_bus, clock)
        except DeviceError as error:  # its lane reports it, and retries
            log.warning("the horn cannot be turned off: %s", error.detail)
