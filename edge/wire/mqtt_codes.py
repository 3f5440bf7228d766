"""The meaning of a broker's reason codes (MQTT 5, 2.4; paho maps those of 3.1.1 to the corresponding ones)."""

from __future__ import annotations

from drivers.reason import Reason
from edge.wire.link import NOBODY_LISTENS

_CODES = {
    0x80: Reason("mqtt_unspecified", "unspecified error"),
    0x81: Reason("mqtt_malformed", "malformed packet"),
    0x82: Reason("mqtt_protocol_error", "protocol error"),
    0x83: Reason("mqtt_implementation", "an error of its own"),
    0x84: Reason("mqtt_version", "unsupported protocol version"),
    0x85: Reason("mqtt_client_id", "client identifier not valid"),
    0x86: Reason("mqtt_bad_login", "bad user name or password"),
    0x87: Reason("mqtt_not_authorized", "not authorized"),
    0x88: Reason("mqtt_server_unavailable", "server unavailable"),
    0x89: Reason("mqtt_server_busy", "server busy"),
    0x8A: Reason("mqtt_banned", "banned"),
    0x8B: Reason("mqtt_shutting_down", "server shutting down"),
    0x8C: Reason("mqtt_login_method", "bad authentication method"),
    0x8D: Reason("mqtt_keep_alive", "keep alive timeout"),
    0x8E: Reason("mqtt_taken_over", "session taken over"),
    0x93: Reason("mqtt_receive_maximum", "receive maximum exceeded"),
    0x95: Reason("mqtt_packet_too_large", "packet too large"),
    0x96: Reason("mqtt_message_rate", "message rate too high"),
    0x97: Reason("mqtt_quota", "quota exceeded"),
    0x98: Reason("mqtt_administrative", "administrative action"),
    0x99: Reason("mqtt_payload_format", "payload format invalid"),
    0x9C: Reason("mqtt_other_server", "use another server"),
    0x9D: Reason("mqtt_server_moved", "server moved"),
    0x9F: Reason("mqtt_connection_rate", "connection rate exceeded"),
}


def meaning(code: int) -> Reason:
    """Return the meaning of a reason code that ends a connection; for any other code, its number."""
    return _CODES.get(code) or Reason("mqtt_code", "code {number}", number=f"{code:#04x}")


def unheard(where: str, code: int) -> Reason:
    """Return the meaning of an acknowledgement of a message that reached nobody: no subscriber, or refused."""
    if code == NOBODY_LISTENS:
        return Reason(
            "nobody_listens",
            "nobody at {where} listens to this station: everything is kept and sent again",
            where=where,
        )
    return Reason(
        "broker_refuses_messages",
        "{where} refuses what this station sends ({why}): may it publish there?",
        where=where,
        why=meaning(code),
    )
