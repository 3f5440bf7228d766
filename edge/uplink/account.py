"""Count the traffic of a link in both directions by purpose, for the month's bill."""

from __future__ import annotations

from edge.budget.meter import Use
from edge.northbound.minshan import OutgoingBatch
from edge.records.record import Kind
from edge.uplink.destination import Destination
from edge.wire.contract import Topic
from edge.wire.link import Link
from edge.wire.packets import MQTT5, overhead
from edge.wire.session import Incoming


class MessageCounts:
    """Counts the messages of one destination over all its connections. Used by the uplink's lane only."""

    def __init__(self, destination: Destination) -> None:
        self._budget = destination.budget
        self._pings = 0  # of this connection, already counted

    def connected(self) -> None:
        """Count a new connection."""
        self._pings = 0
        self._budget.connected()

    def sent(self, message: OutgoingBatch, packet: int) -> None:
        """Count a published message; `packet` is the size of its packet in bytes."""
        self._budget.count(self._use(message), packet)

    def received(self, message: Incoming) -> None:
        """Count a message that arrived."""
        self._budget.count(Use.LINK, overhead(message.topic, MQTT5) + len(message.payload))

    def update(self, link: Link | None) -> None:
        """Count the keep-alive packets since the last call, and update the state of the month's budget."""
        if link is not None and link.pings > self._pings:
            self._budget.pinged(link.pings - self._pings)
            self._pings = link.pings
        self._budget.look()

    def _use(self, message: OutgoingBatch) -> Use:
        if message.chunk is not None:
            return Use.ASKED if message.asked else Use.SCHEDULED
        if message.channel is Topic.BACKFILL:
            return Use.BACKFILL
        if message.channel is not Topic.LIVE:
            return Use.LINK
        alert = any(record.kind == Kind.ALERT for record in message.records)
        return Use.URGENT if alert or self._budget.is_urgent() else Use.LIVE
