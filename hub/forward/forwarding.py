"""All destinations of a hub: a lane each, with its own connection to the database."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from drivers.clock import Clock
from edge.config.forward import Forward, HttpJson
from edge.forward.lane import ForwardLane, Pace
from edge.forward.senders import sender
from edge.lanes import Lanes
from edge.wire import mqtt_link
from edge.wire.retry import Retry
from hub.config import HubConfig
from hub.database.engine import opened
from hub.forward.queue import DatabaseQueue

LAST_S = 2.0  # s to wait for a stopped lane: a hanging request ends with the process


def start_lanes(config: HubConfig, clock: Clock, utc: Callable[[], int]) -> Lanes:
    """Start the lanes of all destinations. Return them; the database must be migrated."""
    lanes = Lanes(clock)
    for section in config.forward:
        lanes.start(f"forward {section.name}", partial(_run, config, section, clock, utc))
    return lanes


def _run(config: HubConfig, section: Forward, clock: Clock, utc: Callable[[], int]) -> None:
    lane(config, section, clock, utc).run()


def lane(config: HubConfig, section: Forward, clock: Clock, utc: Callable[[], int]) -> ForwardLane:
    """Return the lane of one destination. Raise SinkError."""
    queue = DatabaseQueue(opened(config.database.url, config.password, make=False), section.name, utc)
    return lane_of(queue, section, config.holder, clock, utc)


def lane_of(
    queue: DatabaseQueue, section: Forward, holder: str, clock: Clock, utc: Callable[[], int], seed: int | None = None
) -> ForwardLane:
    """Return the lane of a destination's queue for the hub of that name; `seed` fixes its pauses."""
    queue.stations = section.stations
    queue.events = isinstance(section, HttpJson) and section.events
    lease = queue.lease(holder, clock, section.timeout_s)
    pace = Pace(every_s=lambda: section.every_min * 60.0, is_ours=lease.claim)
    way = sender(section, holder, clock, utc, mqtt_link.connect)
    return ForwardLane(queue, way, clock, Retry(section.retry_max_s, seed), pace)
