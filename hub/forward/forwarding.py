"""All destinations of a hub: a lane each, with a connection of its own to the database."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from functools import partial

from drivers.clock import Clock
from edge.config.forward import Forward, HttpJson
from edge.lanes import Lanes
from edge.wire import mqtt_link
from edge.wire.retry import Retry
from hub.config import HubConfig
from hub.database.engine import opened
from hub.forward.http_sender import HttpSender
from hub.forward.lane import ForwardLane, Sender
from hub.forward.mqtt_sender import MqttSender
from hub.forward.queue import Queue

LAST_S = 2.0  # s for which a lane that is told to end is waited for: a request that hangs ends with the process


def started(config: HubConfig, clock: Clock, utc: Callable[[], int]) -> Lanes:
    """Return the running lanes of all destinations; the database's tables are there."""
    lanes = Lanes(clock)
    for section in config.forward:
        lanes.start(f"forward {section.name}", partial(_run, config, section, clock, utc))
    return lanes


def _run(config: HubConfig, section: Forward, clock: Clock, utc: Callable[[], int]) -> None:
    lane(config, section, clock, utc).run()


def lane(config: HubConfig, section: Forward, clock: Clock, utc: Callable[[], int]) -> ForwardLane:
    """Return the lane of one destination. Raise SinkError."""
    holder = config.hub.name or socket.gethostname()
    queue = Queue(opened(config.database.url, config.password, make=False), section.name, utc)
    queue.stations = section.stations
    queue.events = isinstance(section, HttpJson) and section.events
    return ForwardLane(queue, sender(section, holder, clock, utc), holder, clock, utc, Retry(section.retry_max_s))


def sender(section: Forward, holder: str, clock: Clock, utc: Callable[[], int]) -> Sender:
    """Return how a destination is reached."""
    if isinstance(section, HttpJson):
        return HttpSender(section, clock, utc)
    client_id = re.sub(r"[^A-Za-z0-9-]", "-", f"minshan-{section.name}-{holder}")[:64]
    return MqttSender(section, clock, mqtt_link.connect, client_id)
