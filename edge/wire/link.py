"""One connection to a broker, with paho behind it: connect, publish, take what came in.

A link is made anew for each connection, so that paho never holds a message from before (it would send them all
at once, whatever window the broker grants). It has no thread and asks no clock: `pump` waits in one `poll` of
at most the seconds that it is given, and deadlines are counted in such slices. All of it is real time, so whoever
lives in simulated time calls it within `Clock.outside`.
"""

from __future__ import annotations

import logging
import select
import socket
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes

from edge.config import address
from edge.config.sections import BrokerSection
from edge.wire import credentials, errors
from edge.wire.contract import LARGEST_PACKET
from edge.wire.errors import LinkTrouble, WrongProtocol
from edge.wire.inflow import NO_MQTT, Client, Inflow
from edge.wire.packets import overhead, properties
from edge.wire.session import RECEIVE_MAXIMUM, Granted, Incoming, Session

__all__ = ["CONNECT_DEADLINE", "NOBODY_LISTENS", "REFUSED", "Granted", "Incoming", "Link", "Session", "connect"]
log = logging.getLogger("minshan.uplink")
VERSIONS: dict[str, tuple[int, ...]] = {
    "auto": (mqtt.MQTTv5, mqtt.MQTTv311),
    "5": (mqtt.MQTTv5,),
    "3.1.1": (mqtt.MQTTv311,),
}
SLICE = 0.1  # s; how finely deadlines are counted
CONNECT_DEADLINE = 10.0  # s for the TCP and TLS handshakes, and again for the broker's answer
NOBODY_LISTENS = 0x10  # PUBACK "no matching subscribers" (MQTT 5, 3.4.2.1); 3.1.1 has nothing like it
REFUSED = 0x80  # codes from here on are failures
UNSUPPORTED_VERSION = 0x84  # CONNACK; paho gives a 3.1.1 code as the MQTT 5 code that says the same
LOGIN_CODES = (0x85, 0x86, 0x87, 0x8C)  # identifier, user or password, not authorized, bad authentication method
TAKEN_OVER = 0x8E  # DISCONNECT
MESSAGE_BYTES = 256  # what a message takes in memory beside its payload


def connect(
    broker: BrokerSection, session: Session, deadline: float = CONNECT_DEADLINE, known: int | None = None
) -> Link:
    """A link by the newest protocol that both sides speak and the section allows; LinkTrouble where none is.

    `known`: the version that worked last. Some brokers of 3.1.1 do not refuse MQTT 5 but never answer it, so that
    asking anew costs the whole deadline.
    """
    *newer, last = VERSIONS[broker.protocol] if known is None else (known,)
    for version in newer:
        try:
            return Link(broker, session, version, deadline)
        except WrongProtocol as trouble:
            log.debug("%s; trying 3.1.1", trouble)
    return Link(broker, session, last, deadline)


class Link:
    """A connection that stands when the constructor returns; `LinkTrouble` says why it does not, or breaks."""

    def __init__(
        self, broker: BrokerSection, session: Session, version: int = mqtt.MQTTv5, deadline: float = CONNECT_DEADLINE
    ) -> None:
        self.version = version
        self.granted = Granted()
        self.acks: dict[int, int] = {}  # mid -> reason code, for the owner to take
        self.incoming: list[Incoming] = []  # likewise
        self.bytes_sent = 0  # MQTT's own bytes of what was published, below TLS and TCP
        self._where = address.parse(broker.url)
        self._session = session
        self._connack: Any = None
        self._subscribed = False
        self._lost: str | None = None
        self._client = self._make(broker, deadline)
        try:
            self._open(broker, deadline)
        except LinkTrouble:
            self.drop()
            raise

    def fileno(self) -> int:
        """The socket's descriptor; LinkTrouble when the link is gone, as it may be after any write."""
        sock = self._client.socket()
        if sock is None:
            raise self._broken()
        return sock.fileno()

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Hand a message over at QoS 1; its mid comes back in `acks`. `expiry` (s) works in MQTT 5 alone."""
        extra = None
        if expiry is not None and self.version == mqtt.MQTTv5:
            extra = properties(PacketTypes.PUBLISH, MessageExpiryInterval=expiry)
        info = self._client.publish(topic, payload, 1, retain, extra)
        if info.rc not in (mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_AGAIN):
            raise self._broken()
        self.bytes_sent += overhead(topic, self.version) + len(payload)
        return info.mid

    def ack(self, message: Incoming) -> None:
        """Tell the broker that a message has been dealt with: only then does it forget it."""
        self._client.ack(message.mid, message.qos)

    def pump(self, seconds: float) -> bool:
        """Read and write what can be, waiting at most `seconds` for that; True where something was read."""
        sock: Any = self._client.socket()
        if sock is None:
            raise self._broken()
        poll = select.poll()
        poll.register(sock, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        events = 0 if _buffered(sock) else sum(event for _, event in poll.poll(seconds * 1000))
        readable = _buffered(sock) or bool(events & ~select.POLLOUT)
        if readable and not self._full():
            self._read(sock, poll)
        if self._client.want_write():
            self._client.loop_write()
        self._client.loop_misc()
        if self._client.socket() is None:
            raise self._broken()
        return readable

    @property
    def waiting(self) -> bool:
        """Whether something came that `fileno` does not show any more: take it, then `pump`."""
        sock = self._client.socket()
        return bool(self.incoming) or (sock is not None and _buffered(sock))

    def close(self) -> None:
        """Say good-bye, so that the broker does not publish the will."""
        self._client.disconnect()
        for _ in range(int(1 / SLICE)):
            if self._client.socket() is None:
                break
            try:
                self.pump(SLICE)
            except LinkTrouble:
                break
        self.drop()

    def drop(self) -> None:
        """Close the socket without a word."""
        sock: Any = self._client.socket()
        self._client.on_disconnect = None
        if sock is not None:
            sock.close()

    # -- connecting ----------------------------------------------------------------------------------------

    def _make(self, broker: BrokerSection, deadline: float) -> Client:
        newest = self.version == mqtt.MQTTv5
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._session.client_id,
            clean_session=None if newest else self._session.clean,
            protocol=MQTTProtocolVersion(self.version),
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = deadline
        client.max_inflight_messages = 0  # the window is the uplink's
        if self._session.will is not None:
            client.will_set(*self._session.will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        try:
            user, password = credentials.login(broker)
            if user is not None:
                client.username_pw_set(user, password)
            if self._where.tls:
                client.tls_set_context(credentials.context(broker))
        except (OSError, ValueError) as error:
            raise LinkTrouble(credentials.wrong_files(broker, error)) from None
        return client

    def _open(self, broker: BrokerSection, deadline: float) -> None:
        extra = None
        if self.version == mqtt.MQTTv5:
            extra = properties(
                PacketTypes.CONNECT,
                SessionExpiryInterval=self._session.expiry,
                ReceiveMaximum=self._session.receive,
                MaximumPacketSize=LARGEST_PACKET,
            )
        newest: Any = {} if extra is None else {"clean_start": self._session.clean}
        try:
            self._client.connect(self._where.host, self._where.port, broker.keepalive_s, **newest, properties=extra)
        except OSError as error:
            raise errors.of_connecting(self._where, error) from None
        sock: Any = self._client.socket()
        if sock is None:  # closed at once, as a broker does that refuses our certificate
            self._lost = self._lost or f"the connection to {self._where.shown} broke"
            raise self._closed_early(broker)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._await_connack(broker, deadline)
        self._client.subscribe([(topic, 1) for topic in self._session.topics])
        self._await("_subscribed", deadline, "does not answer a subscription")

    def _await_connack(self, broker: BrokerSection, deadline: float) -> None:
        try:
            self._await("_connack", deadline, "takes the connection but does not speak MQTT")
        except LinkTrouble:
            if self._connack is None or self._connack < REFUSED:
                raise self._closed_early(broker) from None
        code = self._connack
        if code == UNSUPPORTED_VERSION:
            raise WrongProtocol(f"{self._where.shown} does not speak MQTT {'5' if self.version == 5 else '3.1.1'}")
        if code.value in LOGIN_CODES:
            sentence = f"{self._where.shown} refuses the login ({code}): are user and password right?"
            raise LinkTrouble(sentence, login=True)
        if code.is_failure:
            raise LinkTrouble(f"{self._where.shown} refuses the connection: {code}")

    def _closed_early(self, broker: BrokerSection) -> LinkTrouble:
        """Closed without an answer: our certificate, or an MQTT 5 that the broker does not even parse."""
        if self._lost is None:
            return WrongProtocol(f"{self._where.shown} takes the connection but does not answer: is it a broker?")
        if broker.cert_file is not None and (out := errors.of_certificate_file(broker.cert_file)):
            return LinkTrouble(out, login=True)
        return WrongProtocol(f"{self._where.shown} closes the connection without an answer")

    def _await(self, what: str, deadline: float, otherwise: str) -> None:
        for _ in range(max(1, round(deadline / SLICE))):
            if getattr(self, what):
                return
            self.pump(SLICE)
        if not getattr(self, what):
            raise LinkTrouble(f"{self._where.shown} {otherwise}")

    # -- paho's callbacks ----------------------------------------------------------------------------------

    def _on_connect(self, client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        self._connack = code
        granted = self.granted
        granted.session_present = bool(flags.session_present)
        granted.receive_maximum = max(1, getattr(properties, "ReceiveMaximum", RECEIVE_MAXIMUM))
        granted.packet_bytes = getattr(properties, "MaximumPacketSize", None)

    def _on_disconnect(self, client: Any, userdata: Any, flags: Any, code: Any, properties: Any) -> None:
        if flags.is_disconnect_packet_from_server and code == TAKEN_OVER:
            self._lost = f"another client has connected as {self._session.client_id}: are there two with one name?"
        elif flags.is_disconnect_packet_from_server:
            self._lost = f"{self._where.shown} ended the connection: {code}"
        else:
            self._lost = f"the connection to {self._where.shown} broke"

    def _on_subscribe(self, client: Any, userdata: Any, mid: int, codes: Any, properties: Any) -> None:
        self._subscribed = True
        pairs = zip(self._session.topics, codes, strict=False)
        self.granted.refused = [topic for topic, code in pairs if code.value >= REFUSED]

    def _on_message(self, client: Any, userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.incoming.append(Incoming(message.topic, bytes(message.payload), message.mid, message.qos, message.retain))

    def _on_publish(self, client: Any, userdata: Any, mid: int, code: Any, properties: Any) -> None:
        self.acks[mid] = code.value

    def _read(self, sock: Any, poll: select.poll) -> None:
        """Read what is there; loop_read alone takes a packet at a time where nothing of ours is in flight."""
        for _ in range(1000):
            try:
                unread = self._client.loop_read() == mqtt.MQTT_ERR_PROTOCOL
            except Exception as error:  # noqa: BLE001  # paho raises whatever a malformed packet leads it to
                raise self._garbled(f"{NO_MQTT} ({error})") from None
            if unread and self._connack is not None:
                raise self._garbled(NO_MQTT)
            if self._client.socket() is None or self._full():
                return
            if not _buffered(sock) and not any(event & select.POLLIN for _, event in poll.poll(0)):
                return

    def _full(self) -> bool:
        """True where the owner has to take what came before more is read: no broker may fill the memory."""
        flow: Inflow | None = self._client.inflow
        if flow is not None and flow.oversize:
            over, flow.oversize = flow.oversize, []
            self.incoming += over
        held = sum(len(message.payload) + MESSAGE_BYTES for message in self.incoming)
        return held > (self._session.receive + 1) * LARGEST_PACKET

    def _broken(self) -> LinkTrouble:
        flow = self._client.inflow
        if flow is not None and flow.wrong is not None:
            return self._garbled(flow.wrong)
        return LinkTrouble(self._lost or f"the connection to {self._where.shown} broke")

    def _garbled(self, why: str) -> LinkTrouble:
        return LinkTrouble(f"the connection to {self._where.shown} is of no use: {why}", garbled=True)


def _buffered(sock: Any) -> bool:
    """True where bytes are held that `poll` does not see."""
    pending = getattr(sock, "pending", None)
    return pending is not None and pending() > 0
