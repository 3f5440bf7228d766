"""What a station does for others while it measures: it sends, carries out commands, answers and reports its health.

Loaded and created once measuring runs, so that no reading waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge.budget import plan
from edge.budget.urgency import LOOKED_S
from edge.control.advice import Advice
from edge.control.commands import KNOWN, Commands
from edge.control.envelopes import by_mqtt
from edge.control.local_socket import Control
from edge.control.status import StationParts
from edge.forward.forwarding import Forwarding
from edge.health.health import HealthLane
from edge.northbound.minshan import Minshan
from edge.records.record import Draft, Kind, Record, Stamp
from edge.store.outbox import PLATFORM
from edge.uplink.destination import REAL_WAY, Destination, Way
from edge.uplink.uplink import Uplink

if TYPE_CHECKING:
    from edge.station import Station
    from edge.wire.contract import Command, Result


class Services:
    """The services of one station. `way`: how brokers and other platforms are reached; None: over a network."""

    def __init__(self, station: Station, way: Way | None) -> None:
        self._station = station
        config, store, clock = station.config, station.store, station.clock
        self.uplink = self._make_uplink(way or REAL_WAY)
        self.forwarding = Forwarding(config, store, clock, station.budget, station.utc, way or REAL_WAY)
        self.parts = StationParts(
            config,
            clock,
            store,
            station.inbox,
            station.recorder,
            station.buses,
            self.uplink,
            station.pictures,
            station.lanes,
            station.timekeeper,
            station.budget,
            station.horn,
            station.notify,
            Advice(config, store),
            self.forwarding,
        )
        self.commands = Commands(self.parts, KNOWN)
        self._carry_out = by_mqtt(self.commands, config.station.id, config.commands.remote, self._post)
        self.control = Control(config.socket_path, clock, self.commands)

    def start(self) -> None:
        """Estimate the station's monthly data, then start the lanes. Raise StoreError."""
        station = self._station
        station.budget.begin(plan.rates(station.config))
        if self.uplink is not None:
            station.lanes.start("uplink", self.uplink.run)
        self.forwarding.start(station.lanes)
        station.lanes.start("control", self.control.run)
        station.lanes.start("health", HealthLane(self.parts, station.boot).run)

    def recorded(self, record: Record) -> None:
        """Notify the uplink and the listeners at the local socket of a new record. Callable from any lane."""
        self.control.recorded(record)
        if self.uplink is not None:
            self.uplink.notify()

    def _make_uplink(self, way: Way) -> Uplink | None:
        station = self._station
        broker = station.config.broker
        if broker is None:
            return None
        adapter = Minshan(station.config.station.id, broker.proof)
        return Uplink(
            Destination(PLATFORM, broker, adapter, way, station.budget),
            station.store,
            station.clock,
            station.epoch,
            boot=station.boot,
            on_command=self._command,
            on_anchor=station.inbox.offer,
            on_loss=self._lost,
        )

    def _command(self, command: Command) -> None:
        now = self._station.clock.now()
        self._station.budget.urgency.matters_until(now + LOOKED_S)  # somebody is looking at the station
        self._carry_out(command)  # created after the uplink, which passes on commands only once it runs

    def _post(self, result: Result) -> None:
        if self.uplink is not None:
            self.uplink.result(result)

    def _lost(self, body: dict[str, Any]) -> None:
        """Append a loss record, dated now, for what the uplink cannot send."""
        station = self._station
        now = station.clock.now()
        start, mark = station.recorder.snapshot.time_at(now)
        station.inbox.offer(Draft(Kind.LOSS, Stamp(station.boot, now), 0.0, start, mark, body))
