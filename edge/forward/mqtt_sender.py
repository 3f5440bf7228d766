"""One message per minute, over one permanent connection; a batch is what is in flight at once."""

from __future__ import annotations

from drivers.clock import Clock
from drivers.reason import Reason
from edge.budget import reckoning
from edge.config.forward import MqttJson
from edge.config.sections import BrokerSection
from edge.forward.batch import ForwardBatch
from edge.northbound import mqtt_json
from edge.northbound.verdict import PROVEN, DeliveryFate, DeliveryVerdict
from edge.records.record import Record
from edge.wire import errors
from edge.wire.certificates import CERTIFICATE
from edge.wire.errors import LinkError
from edge.wire.link import Connect, Link
from edge.wire.session import Session

IN_FLIGHT = 20  # messages that wait for their acknowledgement at once
BROKE = errors.broken("").code
VERSION = 4  # MQTT 3.1.1 in CONNECT
SLICE_S = 1.0  # in which an idle connection's keep-alive is seen to


class MqttSender:
    """Publishes to one broker; `client_id` is used where the section names none."""

    def __init__(self, section: MqttJson, clock: Clock, connect: Connect, client_id: str) -> None:
        self._section, self._clock, self._connect = section, clock, connect
        self._session = Session(section.client_id or client_id, ())
        self._link: Link | None = None
        self._tls = section.url.startswith("mqtts")
        self._pings = 0  # of this connection, counted already
        self.link_bytes = 0
        self.most, self.timeout_s = IN_FLIGHT, section.timeout_s

    def encode(self, station: str, record: Record) -> bytes:
        """Return a minute's message. Raise EncodeError."""
        return mqtt_json.encode(self._section, station, record)

    def send(self, batch: ForwardBatch) -> DeliveryVerdict:
        """Publish a batch and wait for all acknowledgements."""
        until = self._clock.now() + self.timeout_s
        try:
            link = self._linked()
            mids = set()
            for item, line in zip(batch.items, batch.lines, strict=True):
                before = link.bytes_sent
                mids.add(link.publish(mqtt_json.topic(self._section, item.station), line))
                self.link_bytes += reckoning.message(link.bytes_sent - before, self._tls)
            while mids and self._clock.now() < until:
                link.wait(until)
                mids -= link.acks.keys()
                link.acks.clear()
                link.incoming.clear()
        except LinkError as trouble:
            stood = self._link is not None
            self.close()
            told = self._cut_off(batch) if stood and trouble.reason.code == BROKE else trouble.reason
            return DeliveryVerdict(DeliveryFate.FAILED, told)
        if not mids:
            return PROVEN
        self.close()
        return DeliveryVerdict(
            DeliveryFate.FAILED,
            Reason(
                "forward_no_puback",
                "{where} does not acknowledge messages: may this login publish to {topic}?",
                where=without_login(self._section.url),
                topic=self._topic(batch),
            ),
        )

    def _cut_off(self, batch: ForwardBatch) -> Reason:
        """Return that a broker hung up on us, which MQTT 3.1.1 has no words for, and what it may mean by that."""
        return Reason(
            "forward_cut_off",
            "{where} ended the connection before it acknowledged: may this login publish to {topic}, and does no other "
            "client use the name {client}?",
            where=without_login(self._section.url),
            topic=self._topic(batch),
            client=self._session.client_id,
        )

    def _topic(self, batch: ForwardBatch) -> str:
        return mqtt_json.topic(self._section, batch.items[0].station)

    def idle(self, until: float) -> None:
        """Wait, and keep the connection alive meanwhile."""
        while self._clock.now() < until:
            if self._link is None:
                self._clock.sleep_until(until)
                return
            try:
                self._link.wait(min(until, self._clock.now() + SLICE_S))
                self._link.incoming.clear()
                self._count_pings(self._link)
            except LinkError:  # the next batch connects anew, and says what is wrong then
                self.close()

    def close(self) -> None:
        """Let the connection go."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _linked(self) -> Link:
        if self._link is None:
            self._pings = 0
            try:
                self._link = self._connect(broker_of(self._section), self._session, self._clock, VERSION)
            except LinkError as error:
                met = error.login or error.reason.code in CERTIFICATE
                self.link_bytes += reckoning.CONNECTING if met else reckoning.PLAIN
                raise
            self.link_bytes += reckoning.CONNECTING
        return self._link

    def _count_pings(self, link: Link) -> None:
        self.link_bytes += (link.pings - self._pings) * reckoning.ping(self._tls)
        self._pings = link.pings


def broker_of(section: MqttJson) -> BrokerSection:
    """Return a destination's broker as a link wants it."""
    login = {"username": section.username, "password_file": section.password_file}
    files = {"ca_file": section.ca_file, "cert_file": section.cert_file, "key_file": section.key_file}
    return BrokerSection.model_validate({"url": section.url, "protocol": "3.1.1", **login, **files})


def without_login(url: str) -> str:
    """Return a broker's address without its login."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
