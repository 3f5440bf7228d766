"""How a destination of each kind is reached."""

from __future__ import annotations

import re
from collections.abc import Callable

from drivers.clock import Clock
from edge.config.forward import Forward, HttpJson
from edge.forward.lane import ForwardSender
from edge.wire.link import Connect


def sender(
    section: Forward, holder: str, clock: Clock, utc: Callable[[], int | None], connect: Connect
) -> ForwardSender:
    """Return how a destination is reached. `holder`: who sends, among others that may; `connect`: to a broker."""
    if isinstance(section, HttpJson):
        from edge.forward.http_sender import HttpSender  # http.client, which most boxes need not

        return HttpSender(section, clock, utc)
    from edge.forward.mqtt_sender import MqttSender

    return MqttSender(section, clock, connect, client_id(section.name, holder))


def client_id(name: str, holder: str) -> str:
    """Return the name at a broker of a destination's that names none."""
    return re.sub(r"[^A-Za-z0-9-]", "-", f"minshan-{name}-{holder}")[:64]
