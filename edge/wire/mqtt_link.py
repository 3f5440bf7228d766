"""One connection to a broker through paho: connect, publish, wait, take what came in.

Each connection gets a new link, so that paho never holds messages of an earlier one (it would send them all at once,
whatever window the broker grants). It has no thread, and waits through the clock that it is given; only the handshakes
of TCP and TLS block within paho, with a deadline.
"""

from __future__ import annotations

import logging
import select
import socket
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes

from drivers.clock import Clock, Stopped
from drivers.reason import Reason
from edge.clock.clock import SystemClock
from edge.config import address
from edge.config.sections import BrokerSection
from edge.wire import errors, handshake
from edge.wire.certificates import of_certificate_file
from edge.wire.contract import LARGEST_PACKET
from edge.wire.errors import LinkError, ProtocolError
from edge.wire.inflow import NO_MQTT, Inflow
from edge.wire.link import REFUSED
from edge.wire.mqtt_codes import meaning, unheard
from edge.wire.packets import ALIAS, overhead
from edge.wire.paho_client import PahoCallbacks, bytes_of, client_of, properties
from edge.wire.session import Incoming, Session

log = logging.getLogger("minshan.uplink")
VERSIONS: dict[str, tuple[int, ...]] = {
    "auto": (mqtt.MQTTv5, mqtt.MQTTv311),
    "5": (mqtt.MQTTv5,),
    "3.1.1": (mqtt.MQTTv311,),
}
CONNECT_DEADLINE = 10.0  # s for the TCP and TLS handshakes, and again for the broker's answer
UNSUPPORTED_VERSION = 0x84  # CONNACK; paho maps 3.1.1 codes to those of MQTT 5
LOGIN_CODES = (0x85, 0x86, 0x87, 0x8C)  # identifier, user or password, not authorized, bad authentication method
GOOD_BYE_S = 1.0  # that an orderly disconnect may take


def connect(
    broker: BrokerSection,
    session: Session,
    clock: Clock | None = None,
    known: int | None = None,
    deadline: float = CONNECT_DEADLINE,
) -> MqttLink:
    """Connect with the newest protocol that both sides support and the section allows. Raise LinkError, Stopped.

    `clock`: the clock for its waits; None: the system's, for callers outside a lane.
    `known`: the version that worked last. Some 3.1.1 brokers never answer MQTT 5 instead of refusing it, so that
    another attempt costs the whole deadline.
    """
    clock = SystemClock() if clock is None else clock
    *newer, last = VERSIONS[broker.protocol] if known is None else (known,)
    for version in newer:
        try:
            return MqttLink(broker, session, clock, version, deadline)
        except ProtocolError as trouble:
            log.debug("%s; trying 3.1.1", trouble)
    return MqttLink(broker, session, clock, last, deadline)


class MqttLink:
    """A `Link` that is connected when the constructor returns. Raise LinkError, Stopped."""

    def __init__(
        self, broker: BrokerSection, session: Session, clock: Clock, version: int, deadline: float = CONNECT_DEADLINE
    ) -> None:
        self.version = version
        self.bytes_sent = 0  # MQTT's own bytes of what was published, below TLS and TCP
        self._where = address.parse(broker.url)
        self._session = session
        self._clock = clock
        self._callbacks = PahoCallbacks(self._where.url, session)
        received = self._callbacks
        self.granted, self.acks, self.incoming = received.granted, received.acks, received.incoming
        self._aliases: dict[str, int] = {}
        self._client = client_of(broker, self._where, received, version, deadline)
        try:
            self._open(broker, deadline)
        except (LinkError, Stopped):
            self.drop()
            raise

    def fileno(self) -> int:
        """Return the socket's descriptor. Raise LinkError if the link is gone, as it may be after any write."""
        sock = self._client.socket()
        if sock is None:
            raise self._broken()
        return sock.fileno()

    @property
    def pings(self) -> int:
        """How many PINGREQs were sent."""
        flow: Inflow | None = self._client.inflow
        return 0 if flow is None else flow.pings

    def publish(self, topic: str, payload: bytes, retain: bool = False, expiry: int | None = None) -> int:
        """Publish at QoS 1; return the mid, which comes back in `acks`. `expiry`: s, MQTT 5 only. Raise LinkError."""
        known = topic in self._aliases
        alias = self._alias(topic)
        told: dict[str, int] = {} if alias is None else {"TopicAlias": alias}
        if expiry is not None and self.version == mqtt.MQTTv5:
            told["MessageExpiryInterval"] = expiry
        named = "" if known else topic
        extra = properties(PacketTypes.PUBLISH, **told) if told else None
        info = self._client.publish(named, payload, 1, retain, extra)
        if info.rc not in (mqtt.MQTT_ERR_SUCCESS, mqtt.MQTT_ERR_AGAIN):
            raise self._broken()
        self.bytes_sent += overhead(named, self.version) + (0 if alias is None else ALIAS) + len(payload)
        return info.mid

    def _alias(self, topic: str) -> int | None:
        """Return a topic's alias, assigned at its first message; None if the broker accepts no more aliases."""
        if topic not in self._aliases and len(self._aliases) < self.granted.topic_aliases:
            self._aliases[topic] = len(self._aliases) + 1
        return self._aliases.get(topic)

    def ack(self, message: Incoming) -> None:
        """Acknowledge a message that has been handled: until then the broker keeps it."""
        self._client.ack(message.mid, message.qos)

    def wait(self, until: float, wake: int | None = None) -> bool:
        """Wait until something arrives, `wake` is readable or the instant `until`; then read and write what is ready.

        Return whether something was read. Raise LinkError, Stopped.
        """
        return self.wait_by(self._clock, until, wake)

    def wait_by(self, clock: Clock, until: float, wake: int | None = None) -> bool:
        """Wait through another clock."""
        sock: Any = self._client.socket()
        if sock is None:
            raise self._broken()
        if not _buffered(sock):
            with select.epoll(2) as both:
                both.register(sock, select.EPOLLIN | (select.EPOLLOUT if self._client.want_write() else 0))
                if wake is not None:
                    both.register(wake, select.EPOLLIN)
                clock.wait_readable(both.fileno(), until)
        return self._exchange(sock)

    def _exchange(self, sock: Any) -> bool:
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        readable = _buffered(sock) or bool(poll.poll(0))
        if readable and (room := self._callbacks.room()) > 0:
            self._read(sock, poll, room)
        if self._client.want_write():
            self._client.loop_write()
        self._client.loop_misc()
        if self._client.socket() is None:
            raise self._broken()
        return readable

    def close(self) -> None:
        """Disconnect in order, so that the broker does not publish the will; takes `GOOD_BYE_S` at most."""
        self._client.disconnect()
        self._clock = SystemClock()  # the lane's own may be stopped, and raise instead of waiting
        until = self._clock.now() + GOOD_BYE_S
        try:
            while self._client.socket() is not None and self._clock.now() < until:
                self.wait(until)
        except LinkError:
            log.debug("the connection ended at the DISCONNECT")
        self.drop()

    def drop(self) -> None:
        """Close the socket without a DISCONNECT."""
        sock: Any = self._client.socket()
        self._client.on_disconnect = None
        if sock is not None:
            sock.close()

    # -- connecting ----------------------------------------------------------------------------------------

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
            raise handshake.of_connecting(broker, self._where, error) from None
        sock: Any = self._client.socket()
        if sock is None:  # closed at once, as by a broker that refuses our certificate
            self._callbacks.lost = self._callbacks.lost or errors.broken(self._where.url)
            raise self._closed_early(broker)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._await_connack(broker, deadline)
        if not self._session.topics:
            return
        where = self._where.url
        self._client.subscribe([(topic, 1) for topic in self._session.topics])
        self._await("subscribed", deadline, Reason("no_suback", "{where} does not answer a subscription", where=where))

    def _await_connack(self, broker: BrokerSection, deadline: float) -> None:
        where = self._where.url
        try:
            self._await("connack", deadline, Reason("not_even_mqtt", "{where} does not speak MQTT", where=where))
        except LinkError:
            if self._callbacks.connack is None or self._callbacks.connack < REFUSED:
                raise self._closed_early(broker) from None
        code = self._callbacks.connack
        if code == UNSUPPORTED_VERSION:
            version = "5" if self.version == mqtt.MQTTv5 else "3.1.1"
            raise ProtocolError(
                Reason("other_mqtt", "{where} does not speak MQTT {version}", where=where, version=version)
            )
        if code.value in LOGIN_CODES:
            raise LinkError(
                Reason(
                    "broker_refuses_login",
                    "{where} refuses the login ({why}): are user and password right?",
                    where=where,
                    why=meaning(code.value),
                ),
                login=True,
            )
        if code.is_failure:
            refused = Reason(
                "broker_refuses", "{where} refuses the connection: {why}", where=where, why=meaning(code.value)
            )
            raise LinkError(refused)

    def _closed_early(self, broker: BrokerSection) -> LinkError:
        """Return why it was closed without an answer: our certificate, or MQTT 5, which the broker cannot parse."""
        where = self._where.url
        if self._callbacks.lost is None:
            return ProtocolError(
                Reason(
                    "takes_and_is_silent",
                    "{where} accepts the connection but does not answer: is it a broker?",
                    where=where,
                )
            )
        if broker.cert_file is not None and (out := of_certificate_file(broker.cert_file)):
            return LinkError(out, login=True)
        closed = Reason("closes_unanswered", "{where} closes the connection without an answer", where=where)
        return ProtocolError(handshake.closed_early(broker, self._where) or closed)

    def _await(self, what: str, deadline: float, otherwise: Reason) -> None:
        """Wait for an answer. Mosquitto may send all queued messages of a kept session before the SUBACK."""
        received, until = 0, self._clock.now() + deadline
        while not getattr(self._callbacks, what):
            if received < len(self.incoming):
                if self._callbacks.connack is not None and self._callbacks.room() <= 0:
                    return  # the session was resumed, as its messages show; the SUBACK comes after them
                received, until = len(self.incoming), self._clock.now() + deadline
            if self._clock.now() >= until:
                raise LinkError(otherwise)
            self.wait(until)

    def _read(self, sock: Any, poll: select.poll, room: int) -> None:
        """Read up to `room` bytes; loop_read reads one packet at a time if nothing of ours is in flight."""
        for _ in range(1000):
            known = len(self.incoming)
            try:
                unread = self._client.loop_read() == mqtt.MQTT_ERR_PROTOCOL
            except Exception as error:  # noqa: BLE001  # paho raises anything at a malformed packet
                raise self._garbled(NO_MQTT.having(error=f"{type(error).__name__}: {error}")) from None
            if unread and self._callbacks.connack is not None:
                raise self._garbled(NO_MQTT)
            room -= sum(map(bytes_of, self.incoming[known:]))
            if self._client.socket() is None or room <= 0:
                return
            if not _buffered(sock) and not any(event & select.POLLIN for _, event in poll.poll(0)):
                return

    def _broken(self) -> LinkError:
        flow = self._client.inflow
        if flow is not None and flow.wrong is not None:
            return self._garbled(flow.wrong)
        where = self._where.url
        if refused := next((code for code in self.acks.values() if code >= REFUSED), 0):
            return LinkError(unheard(where, refused))  # Mosquitto 2.0 may end the connection over that
        return LinkError(self._callbacks.lost or errors.broken(where))

    def _garbled(self, why: Reason) -> LinkError:
        where = self._where.url
        useless = Reason("connection_useless", "the connection to {where} is unusable: {why}", where=where, why=why)
        return LinkError(useless, garbled=True)


def _buffered(sock: Any) -> bool:
    """Return whether there are buffered bytes that `poll` does not see."""
    pending = getattr(sock, "pending", None)
    return pending is not None and pending() > 0
