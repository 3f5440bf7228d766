"""The hub of a demo: SQLite in the demo's folder, only on this machine, with an account to log in."""

from __future__ import annotations

import importlib.util
import logging
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from edge.clock.clock import SystemClock
from edge.config.sections import BrokerSection
from edge.records.answers import Completeness
from edge.store.store import Store
from edge.wire.contract import ROLLCALL
from edge.wire.link import Link
from edge.wire.mqtt_link import connect
from edge.wire.session import Session
from provisioning.demo.hub_setup import HubFacts, prepared
from provisioning.demo.processes import OwnBroker, SupervisedProcess, free_port
from provisioning.demo.time_file import TimeFile

if TYPE_CHECKING:
    from hub.database.engine import Engine

log = logging.getLogger("minshan.demo")
RECEIVER_S = 20.0  # real s to wait for the hub; then the demo starts without it
WEB = ("argon2", "starlette", "uvicorn")  # needed for its API only


class DemoHub:
    """A hub that receives from the demo's broker. `address` and `password`: None without the libraries of its API."""

    def __init__(self, state: Path, broker: str, names: dict[str, str], stack: ExitStack) -> None:
        self._url = f"sqlite://{state}/hub.db"
        self.address: str | None = None
        self.password: str | None = None
        listen = f"127.0.0.1:{free_port()}" if all(map(importlib.util.find_spec, WEB)) else None
        config = state / "hub.toml"
        if listen is not None:
            self.address, self.password = f"http://{listen}", secrets.token_urlsafe(9)
        pictures = str(state / "received")
        prepared(HubFacts(str(config), broker, self._url, pictures, listen, names, self.password))
        self.time = TimeFile(state / "hub.time")
        stack.callback(self.time.close)
        command = [sys.executable, "-m", "provisioning.demo.hub_process", str(config), str(state / "hub.time")]
        stack.callback(SupervisedProcess(command, state / "hub.log").stop)

    def held(self, stores: dict[str, Store]) -> list[Held]:
        """Return what the hub has of each station, for the report; nothing if its database cannot be read."""
        from hub.database.engine import opened
        from hub.sink import SinkError

        try:
            with closing(opened(self._url, make=False)) as engine:
                return [held(engine, station, store) for station, store in stores.items()]
        except SinkError as error:  # as where somebody has deleted the folder
            log.error("%s", error.reason)
            return []


class Held(msgspec.Struct, frozen=True):
    """A station's records by its own count and by the hub's; its minutes by the hub's completeness."""

    station: str
    records: int
    received: int
    minutes_measured: int
    minutes_received: int


def held(engine: Engine, station: str, store: Store) -> Held:
    """Return what the hub's database has of a station."""
    ((records,),) = engine.query("SELECT coalesce(sum(last - first + 1), 0) FROM ledger WHERE station = %s", (station,))
    days = list(days_of(engine, station))
    measured, received = sum(day.measured for day in days), sum(day.received for day in days)
    return Held(station, store.next_seq - 1, int(records), measured, received)


def days_of(engine: Engine, station: str) -> Iterator[Completeness]:
    """Yield the days of a station from its first minute to its last."""
    from hub import completeness

    span = "min(start), max(start + CAST(duration * 1e6 AS bigint))"
    ((first, last),) = engine.query(f"SELECT {span} FROM record WHERE station = %s AND kind = 'minute'", (station,))
    if first is None:
        return
    day, end = completeness.local_day(engine, station, first), completeness.local_day(engine, station, last)
    yield from completeness.days_of(engine, station, day, end, last)


def own_broker(state: Path, names: dict[str, str], stack: ExitStack) -> tuple[str, DemoHub]:
    """Start the demo's own broker and a hub, to which stations have `names`. Return the broker's URL and the hub."""
    broker = OwnBroker(state / "broker")
    stack.callback(broker.stop)
    link = connect(BrokerSection(url=broker.url, protocol="3.1.1"), Session("minshan-demo-roll", (ROLLCALL,)))
    try:
        hub = DemoHub(state, broker.url, names, stack)
        await_roll(link)
    finally:
        link.close()
    return broker.url, hub


def await_roll(link: Link) -> None:
    """Wait until the receiver has subscribed: with MQTT 3.1.1 a broker silently drops messages without a subscriber."""
    clock = SystemClock()
    until = clock.now() + RECEIVER_S
    while not link.incoming and clock.now() < until:
        link.wait(until)
