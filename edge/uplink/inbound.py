"""The platform's messages and our answers to them: everything on the topics except records and pictures."""

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

MOST = 1024 * 1024  # bytes of a message, decompressed: the platform's largest, an answer, are a fifth of that


class InboundHandler:
    """Takes in what the platform says; `answered` is whether it has answered on this connection."""

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
        self._telling: dict[str, Result] = {}

    def begin(self) -> None:
        """Begin a new connection."""
        self.answered = False
        self._telling.clear()

    def receive(self, message: Incoming) -> bool:
        """Take a message in; True where something in the store became unsent again. PayloadError: not understood."""
        handler = self._handlers.get(message.topic)
        return handler is not None and handler(message)

    def due(self, most: int | None) -> list[OutgoingBatch]:
        """Return wanted tables, a hello where one is due, and results; each of `most` bytes as far as that can be."""
        if self._receipts.pictures_doubted:
            self._receipts.pictures_doubted = False
            self._chunks.ask_anew()
        messages = self._encoder.tables()
        if self._receipts.is_hello_due():
            hello = self._receipts.hello(self._store.outbox.count_unsent(self._dest), most)
            messages += [] if hello is None else [OutgoingBatch(Topic.HELLO, hello)]
        fresh = [r for r in self.results.waiting() if self._telling.get(r.id) != r]
        self._telling.update({r.id: r for r in fresh})
        for result in fresh:
            if "picture" in result.data:
                self._chunks.hasten(str(result.data["picture"]))
            if result.state != "accepted":
                self._chunks.awaits_no_longer(result.id)
        return messages + [OutgoingBatch(Topic.RESULT, fitting(r, most), result=r) for r in fresh]

    def delivered(self, message: OutgoingBatch) -> None:
        """Take in that the broker has this message."""
        if message.result is not None:
            self.results.delivered(message.result)
            self._telling.pop(message.result.id, None)

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
            self._chunks.ask_anew()
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
        """Return the present, microseconds since 1970, from the last record's time; None while nobody knows it."""
        last = self._store.last()
        if last is None or last.start is None:
            return None
        return last.start + round((self._clock.now() - last.stamp.boottime) * 1e6)
