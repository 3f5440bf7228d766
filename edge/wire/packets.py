"""What MQTT adds to a payload, and a packet's properties in paho's form."""

from __future__ import annotations

from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties

MQTT5, MQTT311 = int(mqtt.MQTTv5), int(mqtt.MQTTv311)
EXPIRY = 5  # bytes of the property Message Expiry Interval


def overhead(topic: str, version: int) -> int:
    """Bytes of a PUBLISH packet at QoS 1 beside its payload: headers of 1 + up to 3, topic, mid, properties."""
    return 4 + 2 + len(topic.encode()) + 2 + (1 if version == mqtt.MQTTv5 else 0)


ALIAS = 3  # bytes of the property Topic Alias


def properties(packet: int, **values: int) -> Any:
    properties = Properties(packet)  # type: ignore[no-untyped-call]  # paho leaves this one untyped
    for name, value in values.items():
        setattr(properties, name, value)
    return properties


def payload_room(packet_bytes: int, topic: str, version: int) -> int:
    """Bytes that a payload on this topic may have where a packet may have `packet_bytes`."""
    return max(0, packet_bytes - overhead(topic, version) - EXPIRY)
