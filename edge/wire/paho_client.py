"""paho's client, configured for one connection, and its callbacks."""

from __future__ import annotations

from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties

from drivers.reason import Reason
from edge.config.address import Address
from edge.config.sections import BrokerSection
from edge.wire import credentials
from edge.wire.contract import LARGEST_PACKET
from edge.wire.errors import LinkError, broken
from edge.wire.inflow import InflowClient
from edge.wire.link import REFUSED
from edge.wire.mqtt_codes import meaning
from edge.wire.session import RECEIVE_MAXIMUM, Granted, Incoming, Session

MESSAGE_BYTES = 256  # memory that a message takes beside its payload
TAKEN_OVER = 0x8E  # DISCONNECT


class PahoCallbacks:
    """The callbacks of paho's client: they keep what the broker sent on one connection."""

    def __init__(self, where: str, session: Session) -> None:
        self.granted = Granted()
        self.acks: dict[int, int] = {}  # mid -> reason code, for the owner to take
        self.incoming: list[Incoming] = []  # likewise
        self.connack: Any = None
        self.subscribed = False
        self.lost: Reason | None = None  # why the connection ended
        self.session = session
        self._where = where

    def on_connect(self, client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        """Handle a CONNACK."""
        self.connack = code
        self.granted.session_present = bool(flags.session_present)
        self.granted.receive_maximum = max(1, getattr(properties, "ReceiveMaximum", RECEIVE_MAXIMUM))
        self.granted.packet_bytes = getattr(properties, "MaximumPacketSize", None)
        self.granted.expiry = getattr(properties, "SessionExpiryInterval", None)
        self.granted.topic_aliases = getattr(properties, "TopicAliasMaximum", 0)

    def on_disconnect(self, client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        """Handle the connection's end."""
        if flags.is_disconnect_packet_from_server and code == TAKEN_OVER:
            self.lost = Reason(
                "taken_over",
                "another client has connected as {client}: are there two clients with the same name?",
                client=self.session.client_id,
            )
        elif flags.is_disconnect_packet_from_server:
            self.lost = Reason(
                "broker_ended", "{where} ended the connection: {why}", where=self._where, why=meaning(code.value)
            )
        else:
            self.lost = broken(self._where)

    def on_subscribe(self, client: Any, userdata: Any, mid: int, codes: Any, properties: Any) -> None:
        """Handle a SUBACK."""
        self.subscribed = True
        pairs = zip(self.session.topics, codes, strict=False)
        self.granted.refused = [topic for topic, code in pairs if code.value >= REFUSED]

    def room(self) -> int:
        """Return the bytes that may be read before the owner collects messages: no broker may fill the memory."""
        return (self.session.receive + 1) * LARGEST_PACKET - sum(map(bytes_of, self.incoming))

    def on_message(self, client: Any, userdata: Any, message: mqtt.MQTTMessage) -> None:
        """Handle a message."""
        self.incoming.append(Incoming(message.topic, bytes(message.payload), message.mid, message.qos, message.retain))

    def on_publish(self, client: Any, userdata: Any, mid: int, code: Any, properties: Any) -> None:
        """Handle an acknowledgement."""
        self.acks[mid] = code.value


def bytes_of(message: Incoming) -> int:
    """Return the bytes of memory that a message takes."""
    return len(message.payload) + MESSAGE_BYTES


def client_of(
    broker: BrokerSection, where: Address, callbacks: PahoCallbacks, version: int, deadline: float
) -> InflowClient:
    """Return a client, not connected yet, that calls `callbacks`. Raise LinkError for login or certificate files."""
    session = callbacks.session
    client = InflowClient(
        CallbackAPIVersion.VERSION2,
        client_id=session.client_id,
        clean_session=None if version == mqtt.MQTTv5 else session.clean,
        protocol=MQTTProtocolVersion(version),
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = deadline
    client.oversize = callbacks.incoming
    client.max_inflight_messages = 0  # the window is the uplink's
    if session.will is not None:
        client.will_set(*session.will, qos=1, retain=True)
    client.on_connect = callbacks.on_connect
    client.on_disconnect = callbacks.on_disconnect
    client.on_subscribe = callbacks.on_subscribe
    client.on_message = callbacks.on_message
    client.on_publish = callbacks.on_publish
    try:
        user, password = credentials.login(broker)
        if user is not None:
            client.username_pw_set(user, password)
        if where.tls:
            client.tls_set_context(credentials.context(broker))
    except (OSError, ValueError) as error:
        raise LinkError(credentials.wrong_files(broker, error)) from None
    return client


def properties(packet: int, **values: int) -> Any:
    """Return a packet's properties in paho's form."""
    properties = Properties(packet)  # type: ignore[no-untyped-call]  # paho leaves this one untyped
    for name, value in values.items():
        setattr(properties, name, value)
    return properties
