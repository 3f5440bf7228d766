"""The platform's messages and our answers to them: what is on the topics beside records and pictures."""

from __future__ import annotations

from collections.abc import Callable

from drivers.clock import Clock
from edge.anchors import Anchor
from edge.store.store import Store
from edge.uplink.batch import Outgoing
from edge.uplink.contract import (
    ROLLCALL,
    Answer,
    Channel,
    Command,
    Receipt,
    Result,
    decode,
    encode,
    topic,
)
from edge.uplink.link import Incoming
from edge.uplink.pieces import Pieces
from edge.uplink.receipts import Receipts
from edge.uplink.results import Results


class Desk:
    """Takes in what the platform says; `answered` is whether it has answered on this connection."""

    def __init__(
        self,
        station: str,
        store: Store,
        clock: Clock,
        receipts: Receipts,
        pieces: Pieces,
        on_command: Callable[[Command], object],
        on_anchor: Callable[[Anchor], object],
    ) -> None:
        self.answered = False
        self.results = Results(station)
        self._store, self._clock, self._receipts, self._pieces = store, clock, receipts, pieces
        self._on_command, self._on_anchor = on_command, on_anchor
        self._handlers = {
            topic(station, Channel.ANSWER): self._answer,
            topic(station, Channel.RECEIPT): self._receipt,
            topic(station, Channel.COMMAND): self._command,
            ROLLCALL: self._rollcall,
        }
        self._telling: dict[str, Result] = {}

    def begin(self) -> None:
        """A new connection."""
        self.answered = False
        self._telling.clear()

    def receive(self, message: Incoming) -> bool:
        """Take a message in; True where something in the store became unsent again. BadPayload: not understood."""
        handler = self._handlers.get(message.topic)
        return handler is not None and handler(message.payload)

    def hello(self, unsent: int) -> Outgoing:
        """The hello to be sent now."""
        return Outgoing(Channel.HELLO, encode(self._receipts.hello(unsent)))

    def new_results(self) -> list[Outgoing]:
        """The results that wait and are not on their way."""
        fresh = [r for r in self.results.waiting() if self._telling.get(r.id) != r]
        self._telling.update({r.id: r for r in fresh})
        return [Outgoing(Channel.RESULT, encode(r), result=r) for r in fresh]

    def told(self, message: Outgoing) -> None:
        """The broker has this message."""
        if message.result is not None:
            self.results.told(message.result)
            self._telling.pop(message.result.id, None)

    def _answer(self, payload: bytes) -> bool:
        answer = decode(payload, Answer)
        self.answered = True
        return self._receipts.answered(answer, self._on_anchor)

    def _receipt(self, payload: bytes) -> bool:
        receipt = decode(payload, Receipt)
        self._receipts.received(receipt)
        return self._pieces.received(receipt)

    def _rollcall(self, payload: bytes) -> bool:
        self._receipts.greet()
        return False

    def _command(self, payload: bytes) -> bool:
        command = decode(payload, Command)
        if self.results.take(command, self._utc()):
            self._on_command(command)
        return False

    def _utc(self) -> int | None:
        """The present, microseconds since 1970, from the last record's time; None while nobody knows it."""
        last = self._store.last()
        if last is None or last.start is None:
            return None
        return last.start + round((self._clock.now() - last.stamp.boottime) * 1e6)
