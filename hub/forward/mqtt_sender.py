"""One message a minute, over one connection that stays; a batch is what is in flight at once."""

from __future__ import annotations

from drivers.clock import Clock
from drivers.reason import Reason
from edge.config.forward import MqttJson
from edge.northbound import mqtt_json
from edge.northbound.verdict import PROVEN, Fate, Verdict
from edge.records.record import Record
from edge.wire.errors import LinkError
from edge.wire.link import Connect, Link
from edge.wire.session import Session
from hub.forward.batch import Batch

IN_FLIGHT = 20  # messages that wait for their acknowledgement at once
VERSION = 4  # MQTT 3.1.1 in CONNECT
SLICE_S = 1.0  # in which an idle connection's keep-alive is seen to


class MqttSender:
    """Publishes to one broker; `client_id` is used where the section names none."""

    def __init__(self, section: MqttJson, clock: Clock, connect: Connect, client_id: str) -> None:
        self._section, self._clock, self._connect = section, clock, connect
        self._session = Session(section.client_id or client_id, ())
        self._link: Link | None = None
        self.most, self.timeout_s = IN_FLIGHT, section.timeout_s

    def encode(self, station: str, record: Record) -> bytes:
        """Return a minute's message. Raise EncodeError."""
        return mqtt_json.encode(self._section, station, record)

    def send(self, batch: Batch) -> Verdict:
        """Publish a batch and wait for all acknowledgements."""
        until = self._clock.now() + self.timeout_s
        try:
            link = self._linked()
            mids = {
                link.publish(mqtt_json.topic(self._section, item.station), line)
                for item, line in zip(batch.items, batch.lines, strict=True)
            }
            while mids and self._clock.now() < until:
                link.wait(until)
                mids -= link.acks.keys()
                link.acks.clear()
                link.incoming.clear()
        except LinkError as trouble:
            self.close()
            return Verdict(Fate.FAILED, trouble.reason)
        if not mids:
            return PROVEN
        self.close()
        where = without_login(self._section.url)
        return Verdict(Fate.FAILED, Reason("forward_no_puback", "{where} does not acknowledge messages", where=where))

    def idle(self, until: float) -> None:
        """Wait, and keep the connection alive meanwhile."""
        while self._clock.now() < until:
            if self._link is None:
                self._clock.sleep_until(until)
                return
            try:
                self._link.wait(min(until, self._clock.now() + SLICE_S))
                self._link.incoming.clear()
            except LinkError:  # the next batch connects anew, and says what is wrong then
                self.close()

    def close(self) -> None:
        """Let the connection go."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _linked(self) -> Link:
        if self._link is None:
            self._link = self._connect(self._section.broker(), self._session, self._clock, VERSION)
        return self._link


def without_login(url: str) -> str:
    """Return a broker's address without its login."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
