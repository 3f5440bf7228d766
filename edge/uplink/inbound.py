"""Handle the platform's messages and make our answers: everything on the topics except records and pictures."""

from __future__ import annotations

from collections.abc import Callable

from drivers.clock import Clock
from drivers.reason import UNFORESEEN
from edge.clock.anchors import Anchor
from edge.northbound.minshan import OutgoingBatch
from edge.store.store import Store
from edge.uplink.chunks import Chunks
from edge.uplink.command_results import KEPT, Results, failed, fitting
from edge.uplink.destination import Destination
from edge.uplink.receipts import Receipts
from edge.uplink.record_encoder import RecordEncoder
from edge.uplink.roll_calls import RollCalls
from edge.wire.contract import ROLLCALL, Command, HelloAnswer, Receipt, Result, Topic, decode, topic
from edge.wire.session import Incoming

MOST = 1024 * 1024  # bytes of a message, decompressed: five times the platform's largest, an answer to a hello


class InboundHandler:
    """Handles the platform's messages; `answered` is whether it has answered a hello on this connection."""

    def __init__(
        self,
        destination: Destination,
        store: Store,
        clock: Clock,
        receipts: Receipts,
        chunks: Chunks,
        encoder: RecordEncoder,
        on_command: Callable[[Command], object],
        on_anchor: Callable[[Anchor], object],
    ) -> None:
        self.answered = False
        self._station = station = destination.adapter.station
        self._dest = destination.name
        self.results = Results(station, store.notes, clock.inbox(KEPT))
        self._store, self._clock, self._receipts, self._chunks = store, clock, receipts, chunks
        self._encoder, self._rolls = encoder, RollCalls()
        self._on_command, self._on_anchor = on_command, on_anchor
        self._handlers = {
            topic(station, Topic.ANSWER): self._answer,
            topic(station, Topic.RECEIPT): self._receipt,
            topic(station, Topic.COMMAND): self._command,
            ROLLCALL: self._rollcall,
        }
        self._in_flight: dict[str, Result] = {}  # results handed over and not acknowledged

    def begin(self) -> None:
        """Reset the state of the previous connection."""
        self.answered = False
        self._in_flight.clear()

    def receive(self, message: Incoming) -> bool:
        """Handle a message; True if something in the store became unsent again. Raise PayloadError if it is invalid."""
        handler = self._handlers.get(message.topic)
        return handler is not None and handler(message)

    def due(self, most: int | None) -> list[OutgoingBatch]:
        """Return requested tables, a hello if one is due, and pending results; each of `most` bytes if possible."""
        if self._receipts.pictures_doubted:
            self._receipts.pictures_doubted = False
            self._chunks.probe_all()
        messages = self._encoder.tables()
        if self._receipts.is_hello_due():
            hello = self._receipts.hello(self._store.outbox.count_unsent(self._dest), most)
            messages += [] if hello is None else [OutgoingBatch(Topic.HELLO, hello)]
        fresh = [r for r in self.results.waiting() if self._in_flight.get(r.id) != r]
        self._in_flight.update({r.id: r for r in fresh})
        for result in fresh:
            if "picture" in result.data:
                self._chunks.hasten(str(result.data["picture"]))
            if result.state != "accepted":
                self._chunks.awaits_no_longer(result.id)
        return messages + [OutgoingBatch(Topic.RESULT, fitting(r, most), result=r) for r in fresh]

    def delivered(self, message: OutgoingBatch) -> None:
        """Mark this message's result as delivered to the broker."""
        if message.result is not None:
            self.results.delivered(message.result)
            self._in_flight.pop(message.result.id, None)

    def _answer(self, message: Incoming) -> bool:
        answer = decode(message.payload, HelloAnswer, MOST)
        self.answered = True
        reopened = self._receipts.answered(answer, self._on_anchor)
        if (answer.ledger or "") == self._receipts.pin.ledger:
            self._encoder.set_platform_version(answer.reads)
        if self._receipts.lacking.nothing_arrives:
            self._encoder.distrust()
        return reopened

    def _receipt(self, message: Incoming) -> bool:
        receipt = decode(message.payload, Receipt, MOST)
        believed = self._receipts.received(receipt)
        self._encoder.received(receipt, believed)
        return self._chunks.received(receipt, believed)

    def _rollcall(self, message: Incoming) -> bool:
        is_new = self._rolls.hear(self._clock.now())
        self._receipts.greet(is_new, self._rolls.due)
        if is_new:
            self._chunks.probe_all()
        return False

    def _command(self, message: Incoming) -> bool:
        command = decode(message.payload, Command, MOST)
        if not self.results.admit(command, self._utc(), message.retained):
            return False
        if command.name == "picture":
            self._chunks.awaits(command.id)
        done = False
        try:
            self._on_command(command)
            done = True
        finally:
            if not done:
                self.results.put(failed(command.id, self._station, UNFORESEEN))
        return False

    def _utc(self) -> int | None:
        """Return the current time (microseconds since 1970) from the last record's; None while it is unknown."""
        last = self._store.last()
        if last is None or last.start is None:
            return None
        return last.start + round((self._clock.now() - last.stamp.boottime) * 1e6)
