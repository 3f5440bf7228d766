"""The bytes that MQTT adds to a payload."""

from __future__ import annotations

MQTT5, MQTT311 = 5, 4  # as CONNECT names them (MQTT 5, 3.1.2.2; 3.1.1, 3.1.2.2)
EXPIRY = 5  # bytes of the property Message Expiry Interval


def overhead(topic: str, version: int) -> int:
    """Return the bytes of a QoS 1 PUBLISH without its payload: fixed header (1 + up to 3), topic, mid, properties."""
    return 4 + 2 + len(topic.encode()) + 2 + (1 if version == MQTT5 else 0)


ALIAS = 3  # bytes of the property Topic Alias


def payload_room(packet_bytes: int, topic: str, version: int) -> int:
    """Return the largest payload on this topic, in bytes, if a packet may have `packet_bytes`."""
    return max(0, packet_bytes - overhead(topic, version) - EXPIRY)
